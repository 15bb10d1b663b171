//! A child row is not found below another parent, whether of the same tenant or of another one.
//!
//! Every path that continues after a parameter has an entry in [`BEHIND`]: as a property of the
//! row, or as its child rows. A new path without an entry fails the test.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{
    fixture::{Fixture, Slot},
    request::{Position, Request, essence},
    table::{entry, operations},
};

every_database!(
    every_nested_path_has_an_entry,
    child_is_found_only_below_its_parent,
    list_of_children_contains_only_those_of_the_parent,
    row_cannot_be_moved_to_a_parent_of_another_tenant,
);

/// The subject of a path that continues after a parameter.
enum Behind {
    /// A property of the row itself.
    Itself,
    /// The list of child rows, which refer to the parent by this field. `filter` is the parameter
    /// that selects the parent, if there is one.
    Children { field: &'static str, filter: Option<&'static str> },
}

/// All operations with such paths.
const BEHIND: &[(&str, Behind)] = &[
    ("list_task_history", Behind::Itself),
    ("list_project_history", Behind::Itself),
    ("list_document_history", Behind::Itself),
    ("list_team_history", Behind::Itself),
    ("list_client_history", Behind::Itself),
    ("list_request_history", Behind::Itself),
    ("list_request_type_history", Behind::Itself),
    ("list_label_history", Behind::Itself),
    ("list_deleted_task_history", Behind::Itself),
    ("list_task_dependency_history", Behind::Itself),
    ("list_comment_history", Behind::Itself),
    ("list_watcher_history", Behind::Itself),
    ("list_reminder_history", Behind::Itself),
    ("list_task_attachment_history", Behind::Itself),
    ("list_time_entry_history", Behind::Itself),
    ("list_team_member_history", Behind::Itself),
    ("list_milestone_history", Behind::Itself),
    ("list_user_changes", Behind::Itself),
    ("list_invitation_history", Behind::Itself),
    ("list_service_account_history", Behind::Itself),
    ("complete_task", Behind::Itself),
    ("reopen_task", Behind::Itself),
    ("restore_task", Behind::Itself),
    ("move_task", Behind::Itself),
    ("list_task_dependencies", Behind::Children { field: "task_id", filter: None }),
    ("create_task_dependency", Behind::Itself),
    ("get_task_dependency", Behind::Itself),
    ("delete_task_dependency", Behind::Itself),
    ("list_comments", Behind::Children { field: "task_id", filter: None }),
    ("create_comment", Behind::Itself),
    ("get_comment", Behind::Itself),
    ("replace_comment", Behind::Itself),
    ("update_comment", Behind::Itself),
    ("delete_comment", Behind::Itself),
    ("list_comment_versions", Behind::Itself),
    ("list_watchers", Behind::Children { field: "task_id", filter: None }),
    ("create_watcher", Behind::Itself),
    ("get_watcher", Behind::Itself),
    ("delete_watcher", Behind::Itself),
    ("list_reminders", Behind::Children { field: "task_id", filter: None }),
    ("create_reminder", Behind::Itself),
    ("get_reminder", Behind::Itself),
    ("replace_reminder", Behind::Itself),
    ("update_reminder", Behind::Itself),
    ("delete_reminder", Behind::Itself),
    ("read_notification", Behind::Itself),
    ("list_task_time_entries", Behind::Children { field: "task_id", filter: Some("task") }),
    ("create_time_entry", Behind::Itself),
    ("get_time_entry", Behind::Itself),
    ("replace_time_entry", Behind::Itself),
    ("update_time_entry", Behind::Itself),
    ("delete_time_entry", Behind::Itself),
    ("start_timer", Behind::Itself),
    ("stop_timer", Behind::Itself),
    ("deactivate_user", Behind::Itself),
    ("reactivate_user", Behind::Itself),
    ("list_user_history", Behind::Itself),
    ("rotate_service_account", Behind::Itself),
    ("resend_invitation", Behind::Itself),
    ("update_project_status", Behind::Itself),
    ("get_project_statistics", Behind::Itself),
    ("list_user_sessions", Behind::Itself),
    ("delete_second_factor", Behind::Itself),
    ("list_team_members", Behind::Children { field: "team_id", filter: None }),
    ("create_team_member", Behind::Itself),
    ("get_team_member", Behind::Itself),
    ("replace_team_member", Behind::Itself),
    ("update_team_member", Behind::Itself),
    ("delete_team_member", Behind::Itself),
    ("list_task_attachments", Behind::Children { field: "task_id", filter: None }),
    ("create_task_attachment", Behind::Itself),
    ("get_task_attachment", Behind::Itself),
    ("get_task_attachment_content", Behind::Itself),
    ("delete_task_attachment", Behind::Itself),
    ("get_document_content", Behind::Itself),
    ("replace_document_content", Behind::Itself),
    ("list_document_versions", Behind::Children { field: "document_id", filter: None }),
    ("get_document_version", Behind::Itself),
    ("get_document_version_content", Behind::Itself),
    ("get_document_version_diff", Behind::Itself),
    ("restore_document_version", Behind::Itself),
    ("update_request_status", Behind::Itself),
    ("list_client_requests", Behind::Children { field: "client_id", filter: Some("client") }),
    ("list_milestones", Behind::Children { field: "project_id", filter: None }),
    ("create_milestone", Behind::Itself),
    ("get_milestone", Behind::Itself),
    ("replace_milestone", Behind::Itself),
    ("update_milestone", Behind::Itself),
    ("delete_milestone", Behind::Itself),
    ("list_project_tasks", Behind::Children { field: "project_id", filter: Some("project") }),
    ("get_user_picture", Behind::Itself),
];

/// Another row of the same tenant that can replace a row of this kind.
fn sibling(slot: Slot) -> Slot {
    match slot {
        Slot::Project | Slot::EmptyProject => Slot::OtherProject,
        Slot::OtherProject => Slot::Project,
        Slot::Milestone => Slot::OtherMilestone,
        Slot::OtherMilestone => Slot::Milestone,
        Slot::Team => Slot::OtherTeam,
        Slot::OtherTeam => Slot::Team,
        Slot::TeamMember => Slot::OtherTeamMember,
        Slot::OtherTeamMember => Slot::TeamMember,
        Slot::TaskDependency => Slot::OtherTaskDependency,
        Slot::OtherTaskDependency => Slot::TaskDependency,
        Slot::Label => Slot::EmptyLabel,
        Slot::EmptyLabel => Slot::Label,
        Slot::ParentTask => Slot::OtherTask,
        Slot::OtherTask => Slot::ParentTask,
        Slot::Task => Slot::PersonalTask,
        Slot::Comment => Slot::OtherComment,
        Slot::OtherComment => Slot::Comment,
        Slot::Watcher => Slot::OtherWatcher,
        Slot::OtherWatcher => Slot::Watcher,
        Slot::Reminder => Slot::OtherReminder,
        Slot::OtherReminder => Slot::Reminder,
        Slot::PersonalTask => Slot::Task,
        Slot::TimeEntry => Slot::OtherTimeEntry,
        Slot::OtherTimeEntry => Slot::TimeEntry,
        Slot::Assignee => Slot::Spare,
        Slot::Lead | Slot::Spare | Slot::Member => Slot::Assignee,
        Slot::Attachment => Slot::OtherAttachment,
        Slot::OtherAttachment => Slot::Attachment,
        Slot::Document => Slot::OtherDocument,
        Slot::OtherDocument => Slot::Document,
        Slot::Version => Slot::OtherVersion,
        Slot::OtherVersion => Slot::Version,
        Slot::Client | Slot::EmptyClient => Slot::OtherClient,
        Slot::OtherClient => Slot::Client,
        Slot::RequestType => Slot::EmptyRequestType,
        Slot::EmptyRequestType => Slot::RequestType,
        Slot::AccessToken
        | Slot::Audit
        | Slot::DeletedTask
        | Slot::Inactive
        | Slot::Invitation
        | Slot::Notification
        | Slot::Pictured
        | Slot::Request
        | Slot::ServiceAccount
        | Slot::Session
        | Slot::TeamProject
        | Slot::TeamTask => slot,
    }
}

async fn every_nested_path_has_an_entry(app: &App) {
    let operations = operations(&app.document);
    let goes_on = |path: &str| path.split('}').nth(1).is_some_and(|rest| !rest.is_empty());
    let told: BTreeSet<_> = operations.iter().filter(|it| goes_on(it.path)).map(|it| it.id).collect();
    let known: BTreeSet<_> = BEHIND.iter().map(|(id, _)| *id).collect();
    assert_eq!(told, known, "the document has other nested paths than the table of what lies behind them");
}

/// Every combination of a parent with a child of another one gets the response for unknown ids.
async fn child_is_found_only_below_its_parent(app: &App) {
    let (ours, theirs) = (Fixture::new(app).await, Fixture::new(app).await);
    for operation in operations(&app.document).into_iter().filter(|it| it.path_parameters().len() > 1) {
        let request = Request::valid(operation, &ours);
        let expected =
            request.with_path(&app.clock.now().token_id().to_string()).by(app, &ours.admin).await.expect(404);
        for (number, slot) in entry(operation.id).path.iter().enumerate() {
            for other in [ours.id(sibling(*slot)), theirs.id(*slot)] {
                let told = request.at(Position::Path(number), other).by(app, &ours.admin).await;
                assert_eq!(essence(&told), essence(&expected), "{} with {other}", operation.id);
            }
        }
    }
}

/// The list of a parent contains exactly its child rows, and no filter adds others.
async fn list_of_children_contains_only_those_of_the_parent(app: &App) {
    let (ours, theirs) = (Fixture::new(app).await, Fixture::new(app).await);
    let operations = operations(&app.document);
    for (id, behind) in BEHIND {
        let Behind::Children { field, filter } = behind else { continue };
        let operation = *operations.iter().find(|it| it.id == *id).unwrap();
        let request = Request::valid(operation, &ours);
        let parents = async |request: &Request<'_>| -> Vec<Value> {
            let answer = request.by(app, &ours.admin).await.expect(200);
            let rows = answer.body["results"].as_array().unwrap().iter();
            let mut parents: Vec<_> = rows.map(|row| row[field].clone()).collect();
            parents.dedup();
            parents
        };
        let (slot, own) = (request.entry.path[0], &request.path[0]);
        assert_eq!(parents(&request).await, [json!(own)], "{id}");
        let Some(filter) = filter else { continue };
        assert_eq!(parents(&request.with_query(filter, own)).await, [json!(own)], "{id}");
        for other in [ours.id(sibling(slot)), theirs.id(slot), "none"] {
            assert!(parents(&request.with_query(filter, other)).await.is_empty(), "{id}, {filter}={other}");
            let both = format!("{other},{own}");
            assert_eq!(parents(&request.with_query(filter, &both)).await, [json!(own)], "{id}");
        }
        let empty = match slot {
            Slot::Client => Slot::EmptyClient,
            Slot::Task => Slot::PersonalTask,
            _ => Slot::EmptyProject,
        };
        let empty = request.at(Position::Path(0), ours.id(empty));
        assert!(parents(&empty).await.is_empty(), "{id}");
    }
}

/// A row can be moved to another parent of its tenant, but not to a parent of another tenant.
async fn row_cannot_be_moved_to_a_parent_of_another_tenant(app: &App) {
    let (ours, theirs) = (Fixture::new(app).await, Fixture::new(app).await);
    let operations = operations(&app.document);
    let moves = operations.iter().filter(|it| it.method == "PATCH" && !entry(it.id).path.is_empty());
    for operation in moves {
        let request = Request::valid(*operation, &ours);
        let get = operations.iter().find(|it| it.method == "GET" && it.path == operation.path).copied();
        let Some(get) = get.map(|operation| Request::valid(operation, &ours)) else { continue };
        let seen = async || get.by(app, &ours.admin).await.expect(200).body;
        for (pointer, slot) in request.entry.body_ids {
            let mut change = request.clone();
            change.body = Some(json!({}));
            let before = seen().await;
            let foreign = change.with_field(pointer, json!(theirs.id(*slot)));
            let _ = foreign.by(app, &ours.admin).await.expect(422);
            assert_eq!(seen().await, before, "{} {pointer}", operation.id);
            let other = ours.id(sibling(*slot));
            let answer = change.with_field(pointer, json!(other)).by(app, &ours.admin).await.expect(200);
            assert_eq!(answer.body.pointer(pointer), Some(&json!(other)), "{} {pointer}", operation.id);
        }
    }
}
