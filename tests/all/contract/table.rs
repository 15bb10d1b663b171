//! The table of operations: a valid request for each, on the rows of a
//! [`Fixture`](super::fixture::Fixture).
//!
//! Invariant: the table and the OpenAPI document have the same operations, and the same positions
//! for ids of rows. A new operation needs an entry, or every contract test fails.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{
    bodies::{
        access_token, both_factors, code, comment, credentials, document, document_changes, file,
        introspection, invitation, label, link_request, milestone, new_team_member, new_user, password,
        password_change, password_reset, picture, profile, project, refresh, registration, reminder, request,
        request_changes, request_status, request_type, revocation, rotation, service_account, status, task,
        task_changes, task_dependency, task_move, team, team_member, tenant, time_entry, token, user,
        user_changes, users, verification, watcher, work_client,
    },
    fixture::{Fixture, Slot},
    operation::{self, Operation},
};

/// The credential that an operation requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// None.
    Public,
    /// A credential with these scopes, or an unrestricted one.
    Scope(&'static [&'static str]),
    /// The same, but not of a service account: the operation is about the calling user.
    Person(&'static [&'static str]),
    /// The same, and only in a session: a token without a session is refused.
    Session(&'static [&'static str]),
}

/// A content type, and bytes of it.
type RawBody = (&'static str, fn(&Fixture) -> Vec<u8>);

/// An operation.
pub(super) struct Entry {
    /// Its `operationId`.
    pub(super) id: &'static str,
    /// The rows of its path parameters.
    pub(super) path: &'static [Slot],
    /// The required parameters.
    pub(super) query: &'static [(&'static str, &'static str)],
    /// The parameters with ids of rows.
    pub(super) query_ids: &'static [(&'static str, Slot)],
    /// A body with every accepted field.
    pub(super) body: Option<fn(&Fixture) -> Value>,
    /// A content type and bytes, if it accepts bytes and no JSON.
    pub(super) octets: Option<RawBody>,
    /// The fields of the body with ids of rows, as JSON pointers.
    pub(super) body_ids: &'static [(&'static str, Slot)],
    /// The required credential.
    pub(super) reach: Reach,
    /// The token of the caller in a valid request.
    pub(super) by: fn(&Fixture) -> &str,
    /// The tables in which it changes rows of the tenant, apart from the audit and events.
    pub(super) changes: &'static [&'static str],
}

impl Entry {
    const fn new(id: &'static str, reach: Reach) -> Self {
        Self {
            id,
            path: &[],
            query: &[],
            query_ids: &[],
            body: None,
            octets: None,
            body_ids: &[],
            reach,
            by: admin,
            changes: &[],
        }
    }

    const fn public(id: &'static str) -> Self {
        Self::new(id, Reach::Public)
    }

    const fn scoped(id: &'static str, scopes: &'static [&'static str]) -> Self {
        Self::new(id, Reach::Scope(scopes))
    }

    const fn person(id: &'static str, scopes: &'static [&'static str]) -> Self {
        Self::new(id, Reach::Person(scopes))
    }

    const fn session(id: &'static str, scopes: &'static [&'static str]) -> Self {
        Self::new(id, Reach::Session(scopes))
    }

    const fn by(self, by: fn(&Fixture) -> &str) -> Self {
        Self { by, ..self }
    }

    const fn of(self, path: &'static [Slot]) -> Self {
        Self { path, ..self }
    }

    const fn query(self, query: &'static [(&'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }

    const fn query_ids(self, query_ids: &'static [(&'static str, Slot)]) -> Self {
        Self { query_ids, ..self }
    }

    const fn body(self, body: fn(&Fixture) -> Value, body_ids: &'static [(&'static str, Slot)]) -> Self {
        Self { body: Some(body), body_ids, ..self }
    }

    const fn octets(self, kind: &'static str, octets: fn(&Fixture) -> Vec<u8>) -> Self {
        Self { octets: Some((kind, octets)), ..self }
    }

    const fn changes(self, changes: &'static [&'static str]) -> Self {
        Self { changes, ..self }
    }

    /// Whether it changes anything.
    pub(super) const fn writes(&self) -> bool {
        !self.changes.is_empty()
    }
}

fn admin(fixture: &Fixture) -> &str {
    &fixture.admin
}

/// A user without a running timer.
fn member(fixture: &Fixture) -> &str {
    &fixture.people.member.token
}

/// A user with an unconfirmed second factor.
fn enrolling(fixture: &Fixture) -> &str {
    &fixture.enrolling.token
}

/// A user with a second factor.
fn guarded(fixture: &Fixture) -> &str {
    &fixture.guarded.token
}

const ACTOR: &[(&str, Slot)] = &[("actor", Slot::Assignee)];
const TASK_FILTERS: &[(&str, Slot)] = &[
    ("project", Slot::Project),
    ("parent", Slot::ParentTask),
    ("label", Slot::Label),
    ("owner", Slot::Assignee),
    ("assignee", Slot::Assignee),
];
const TASK_IDS: &[(&str, Slot)] = &[
    ("/project_id", Slot::Project),
    ("/parent_id", Slot::ParentTask),
    ("/assignee_id", Slot::Assignee),
    ("/label_ids/0", Slot::Label),
];
const TIME_FILTERS: &[(&str, Slot)] =
    &[("task", Slot::Task), ("project", Slot::Project), ("user", Slot::Member)];
const TEAM_IDS: &[(&str, Slot)] = &[("/manager_id", Slot::Assignee)];
const PROJECT_IDS: &[(&str, Slot)] = &[("/manager_id", Slot::Assignee), ("/team_id", Slot::Team)];
const REQUEST_FILTERS: &[(&str, Slot)] =
    &[("client", Slot::Client), ("type", Slot::RequestType), ("assignee", Slot::Assignee)];
const REQUEST_IDS: &[(&str, Slot)] =
    &[("/client_id", Slot::Client), ("/type_id", Slot::RequestType), ("/assignee_id", Slot::Assignee)];
const DOCUMENT_IDS: &[(&str, Slot)] = &[("/project_id", Slot::Project)];

/// The content type of files.
pub(super) const FILE: &str = "application/octet-stream";

/// All operations.
pub(super) const TABLE: &[Entry] = &[
    Entry::scoped("list_tasks", &["tasks:read"]).query_ids(TASK_FILTERS),
    Entry::scoped("create_task", &["tasks:write"]).body(task, TASK_IDS).changes(&[
        "alarm",
        "notification",
        "search_text",
        "task",
        "task_label",
        "tenant",
    ]),
    Entry::scoped("list_tasks_by_status", &["tasks:read"])
        .query(&[("status", "todo")])
        .query_ids(TASK_FILTERS),
    Entry::scoped("get_task", &["tasks:read"]).of(&[Slot::Task]),
    Entry::scoped("replace_task", &["tasks:write"]).of(&[Slot::Task]).body(task, TASK_IDS).changes(&[
        "alarm",
        "notification",
        "search_text",
        "task",
        "task_label",
        "tenant",
    ]),
    Entry::scoped("update_task", &["tasks:write"]).of(&[Slot::Task]).body(task, TASK_IDS).changes(&[
        "alarm",
        "notification",
        "search_text",
        "task",
        "task_label",
        "tenant",
    ]),
    Entry::scoped("delete_task", &["tasks:write"]).of(&[Slot::Task]).changes(&["task"]),
    Entry::scoped("complete_task", &["tasks:write"])
        .of(&[Slot::Task])
        .query(&[("force", "false")])
        .changes(&["notification", "task"]),
    // Reopening an open task is a no-op.
    Entry::scoped("reopen_task", &["tasks:write"]).of(&[Slot::Task]).changes(&[]),
    Entry::scoped("move_task", &["tasks:write"])
        .of(&[Slot::Task])
        .body(task_move, &[("/project_id", Slot::Project), ("/beside_id", Slot::ParentTask)])
        .changes(&["project", "task"]),
    Entry::scoped("change_tasks", &["tasks:write"])
        .body(
            task_changes,
            &[
                ("/operations/0/id", Slot::Task),
                ("/operations/0/body/project_id", Slot::Project),
                ("/operations/0/body/parent_id", Slot::ParentTask),
                ("/operations/0/body/assignee_id", Slot::Assignee),
                ("/operations/0/body/label_ids/0", Slot::Label),
            ],
        )
        .changes(&["alarm", "notification", "search_text", "task", "task_label", "tenant"]),
    Entry::scoped("list_deleted_tasks", &["tasks:read"]).query_ids(TASK_FILTERS),
    Entry::scoped("get_deleted_task", &["tasks:read"]).of(&[Slot::DeletedTask]),
    Entry::scoped("restore_task", &["tasks:write"]).of(&[Slot::DeletedTask]).changes(&["task"]),
    Entry::scoped("purge_task", &["tasks:write"]).of(&[Slot::DeletedTask]).changes(&["search_text", "task"]),
    Entry::scoped("list_task_dependencies", &["tasks:read"])
        .of(&[Slot::Task])
        .query_ids(&[("blocker", Slot::ParentTask)]),
    Entry::scoped("create_task_dependency", &["tasks:read", "tasks:write"])
        .of(&[Slot::Task])
        .body(task_dependency, &[("/blocker_id", Slot::ParentTask)])
        .changes(&["task_dependency", "tenant"]),
    Entry::scoped("get_task_dependency", &["tasks:read"]).of(&[Slot::Task, Slot::TaskDependency]),
    Entry::scoped("delete_task_dependency", &["tasks:read", "tasks:write"])
        .of(&[Slot::Task, Slot::TaskDependency])
        .changes(&["task_dependency"]),
    Entry::scoped("list_labels", &["labels:read"]),
    Entry::scoped("create_label", &["labels:write"]).body(label, &[]).changes(&["label"]),
    Entry::scoped("get_label", &["labels:read"]).of(&[Slot::Label]),
    Entry::scoped("replace_label", &["labels:write"]).of(&[Slot::Label]).body(label, &[]).changes(&["label"]),
    Entry::scoped("update_label", &["labels:write"]).of(&[Slot::Label]).body(label, &[]).changes(&["label"]),
    Entry::scoped("delete_label", &["labels:write"]).of(&[Slot::EmptyLabel]).changes(&["label"]),
    Entry::scoped("list_comments", &["tasks:read", "comments:read"])
        .of(&[Slot::Task])
        .query_ids(&[("author", Slot::Assignee)]),
    Entry::scoped("create_comment", &["tasks:read", "comments:write"])
        .of(&[Slot::Task])
        .body(comment, &[])
        .changes(&["comment", "notification", "search_text"]),
    Entry::scoped("get_comment", &["tasks:read", "comments:read"]).of(&[Slot::Task, Slot::Comment]),
    Entry::scoped("replace_comment", &["tasks:read", "comments:write"])
        .of(&[Slot::Task, Slot::Comment])
        .body(comment, &[])
        .changes(&["comment", "comment_version", "notification", "search_text"]),
    Entry::scoped("update_comment", &["tasks:read", "comments:write"])
        .of(&[Slot::Task, Slot::Comment])
        .body(comment, &[])
        .changes(&["comment", "comment_version", "notification", "search_text"]),
    Entry::scoped("delete_comment", &["tasks:read", "comments:write"])
        .of(&[Slot::Task, Slot::Comment])
        .changes(&["comment", "search_text"]),
    Entry::scoped("list_comment_versions", &["tasks:read", "comments:read"]).of(&[Slot::Task, Slot::Comment]),
    Entry::scoped("list_watchers", &["tasks:read"]).of(&[Slot::Task]).query_ids(&[("user", Slot::Assignee)]),
    Entry::scoped("create_watcher", &["tasks:read", "tasks:write"])
        .of(&[Slot::Task])
        .body(watcher, &[("/user_id", Slot::Assignee)])
        .changes(&["watcher"]),
    Entry::scoped("get_watcher", &["tasks:read"]).of(&[Slot::Task, Slot::Watcher]),
    Entry::scoped("delete_watcher", &["tasks:read", "tasks:write"])
        .of(&[Slot::Task, Slot::Watcher])
        .changes(&["watcher"]),
    Entry::scoped("list_reminders", &["tasks:read", "reminders:read"]).of(&[Slot::Task]),
    Entry::scoped("create_reminder", &["tasks:read", "reminders:write"])
        .of(&[Slot::Task])
        .body(reminder, &[])
        .changes(&["alarm", "reminder", "task"]),
    Entry::scoped("get_reminder", &["tasks:read", "reminders:read"]).of(&[Slot::Task, Slot::Reminder]),
    Entry::scoped("replace_reminder", &["tasks:read", "reminders:write"])
        .of(&[Slot::Task, Slot::Reminder])
        .body(reminder, &[])
        .changes(&["alarm", "reminder", "task"]),
    Entry::scoped("update_reminder", &["tasks:read", "reminders:write"])
        .of(&[Slot::Task, Slot::Reminder])
        .body(reminder, &[])
        .changes(&["alarm", "reminder", "task"]),
    Entry::scoped("delete_reminder", &["tasks:read", "reminders:write"])
        .of(&[Slot::Task, Slot::Reminder])
        .changes(&["alarm", "reminder"]),
    Entry::scoped("list_notifications", &["notifications:read"]).query_ids(&[("task", Slot::Task)]),
    Entry::scoped("count_unread_notifications", &["notifications:read"]),
    Entry::scoped("read_all_notifications", &["notifications:write"]).changes(&["notification"]),
    Entry::scoped("get_notification", &["notifications:read"]).of(&[Slot::Notification]),
    Entry::scoped("delete_notification", &["notifications:write"])
        .of(&[Slot::Notification])
        .changes(&["notification"]),
    Entry::scoped("read_notification", &["notifications:write"])
        .of(&[Slot::Notification])
        .changes(&["notification"]),
    Entry::scoped("list_task_attachments", &["tasks:read", "attachments:read"])
        .of(&[Slot::Task])
        .query_ids(&[("uploaded_by", Slot::Assignee)]),
    Entry::scoped("create_task_attachment", &["tasks:read", "attachments:write"])
        .of(&[Slot::Task])
        .query(&[("name", "plan.bin")])
        .octets(FILE, file)
        .changes(&["attachment", "file", "tenant"]),
    Entry::scoped("get_task_attachment", &["tasks:read", "attachments:read"])
        .of(&[Slot::Task, Slot::Attachment]),
    Entry::scoped("get_task_attachment_content", &["tasks:read", "attachments:read"])
        .of(&[Slot::Task, Slot::Attachment]),
    Entry::scoped("delete_task_attachment", &["tasks:read", "attachments:write"])
        .of(&[Slot::Task, Slot::Attachment])
        .changes(&["attachment", "file", "tenant"]),
    Entry::scoped("list_task_time_entries", &["tasks:read", "time-entries:read"])
        .of(&[Slot::Task])
        .query_ids(TIME_FILTERS),
    Entry::scoped("create_time_entry", &["tasks:read", "time-entries:write"])
        .of(&[Slot::Task])
        .body(time_entry, &[])
        .changes(&["time_entry"]),
    Entry::scoped("get_time_entry", &["tasks:read", "time-entries:read"]).of(&[Slot::Task, Slot::TimeEntry]),
    Entry::scoped("replace_time_entry", &["tasks:read", "time-entries:write"])
        .of(&[Slot::Task, Slot::TimeEntry])
        .body(time_entry, &[])
        .changes(&["time_entry"]),
    Entry::scoped("update_time_entry", &["tasks:read", "time-entries:write"])
        .of(&[Slot::Task, Slot::TimeEntry])
        .body(time_entry, &[])
        .changes(&["time_entry"]),
    Entry::scoped("delete_time_entry", &["tasks:read", "time-entries:write"])
        .of(&[Slot::Task, Slot::TimeEntry])
        .changes(&["time_entry"]),
    Entry::scoped("get_time_entry_by_id", &["time-entries:read"]).of(&[Slot::TimeEntry]),
    Entry::scoped("replace_time_entry_by_id", &["time-entries:write"])
        .of(&[Slot::TimeEntry])
        .body(time_entry, &[])
        .changes(&["time_entry"]),
    Entry::scoped("update_time_entry_by_id", &["time-entries:write"])
        .of(&[Slot::TimeEntry])
        .body(time_entry, &[])
        .changes(&["time_entry"]),
    Entry::scoped("delete_time_entry_by_id", &["time-entries:write"])
        .of(&[Slot::TimeEntry])
        .changes(&["time_entry"]),
    Entry::person("start_timer", &["tasks:read", "time-entries:write"])
        .of(&[Slot::Task])
        .by(member)
        .changes(&["time_entry"]),
    Entry::person("stop_timer", &["tasks:read", "time-entries:write"])
        .of(&[Slot::TeamTask])
        .changes(&["time_entry"]),
    Entry::scoped("get_timer", &["time-entries:read"]),
    Entry::scoped("list_time_entries", &["time-entries:read"]).query_ids(TIME_FILTERS),
    Entry::scoped("get_time_totals", &["time-entries:read"]).query(&[("by", "task")]).query_ids(TIME_FILTERS),
    Entry::scoped("export_time_entries", &["time-entries:read"]).query_ids(TIME_FILTERS),
    Entry::scoped("get_individual_report", &["reports:read"]).query_ids(&[("user", Slot::Assignee)]),
    Entry::scoped("get_team_report", &["reports:read"]).query_ids(&[("team", Slot::Team)]),
    Entry::scoped("get_workload_report", &["reports:read"]),
    Entry::scoped("get_completion_report", &["reports:read"]).query_ids(&[("project", Slot::Project)]),
    Entry::scoped("get_time_by_project_report", &["reports:read"]),
    Entry::scoped("get_dashboard", &["tasks:read"]),
    Entry::scoped("list_task_history", &["tasks:read", "history:read"]).of(&[Slot::Task]).query_ids(ACTOR),
    Entry::scoped("list_project_history", &["projects:read", "history:read"])
        .of(&[Slot::Project])
        .query_ids(ACTOR),
    Entry::scoped("list_document_history", &["documents:read", "history:read"])
        .of(&[Slot::Document])
        .query_ids(ACTOR),
    Entry::scoped("list_team_history", &["teams:read", "history:read"]).of(&[Slot::Team]).query_ids(ACTOR),
    Entry::scoped("list_client_history", &["clients:read", "history:read"])
        .of(&[Slot::Client])
        .query_ids(ACTOR),
    Entry::scoped("list_request_history", &["requests:read", "history:read"])
        .of(&[Slot::Request])
        .query_ids(ACTOR),
    Entry::scoped("list_request_type_history", &["request-types:read", "history:read"])
        .of(&[Slot::RequestType])
        .query_ids(ACTOR),
    Entry::scoped("list_label_history", &["labels:read", "history:read"]).of(&[Slot::Label]).query_ids(ACTOR),
    Entry::scoped("list_deleted_task_history", &["tasks:read", "history:read"])
        .of(&[Slot::DeletedTask])
        .query_ids(ACTOR),
    Entry::scoped("list_task_dependency_history", &["tasks:read", "history:read"])
        .of(&[Slot::Task, Slot::TaskDependency])
        .query_ids(ACTOR),
    Entry::scoped("list_comment_history", &["tasks:read", "comments:read", "history:read"])
        .of(&[Slot::Task, Slot::Comment])
        .query_ids(ACTOR),
    Entry::scoped("list_watcher_history", &["tasks:read", "history:read"])
        .of(&[Slot::Task, Slot::Watcher])
        .query_ids(ACTOR),
    Entry::scoped("list_reminder_history", &["tasks:read", "reminders:read", "history:read"])
        .of(&[Slot::Task, Slot::Reminder])
        .query_ids(ACTOR),
    Entry::scoped("list_task_attachment_history", &["tasks:read", "attachments:read", "history:read"])
        .of(&[Slot::Task, Slot::Attachment])
        .query_ids(ACTOR),
    Entry::scoped("list_time_entry_history", &["tasks:read", "time-entries:read", "history:read"])
        .of(&[Slot::Task, Slot::TimeEntry])
        .query_ids(ACTOR),
    Entry::scoped("list_team_member_history", &["teams:read", "history:read"])
        .of(&[Slot::Team, Slot::TeamMember])
        .query_ids(ACTOR),
    Entry::scoped("list_milestone_history", &["projects:read", "history:read"])
        .of(&[Slot::Project, Slot::Milestone])
        .query_ids(ACTOR),
    Entry::scoped("list_user_changes", &["users:read", "history:read"]).of(&[Slot::Spare]).query_ids(ACTOR),
    Entry::scoped("list_tenant_history", &["tenant:read", "history:read"]).query_ids(ACTOR),
    Entry::scoped("list_invitation_history", &["invitations:read", "history:read"])
        .of(&[Slot::Invitation])
        .query_ids(ACTOR),
    Entry::scoped("list_service_account_history", &["service-accounts:read", "history:read"])
        .of(&[Slot::ServiceAccount])
        .query_ids(ACTOR),
    Entry::scoped("list_teams", &["teams:read"]).query_ids(&[("manager", Slot::Assignee)]),
    Entry::scoped("create_team", &["teams:write"]).body(team, TEAM_IDS).changes(&["search_text", "team"]),
    Entry::scoped("get_team", &["teams:read"]).of(&[Slot::Team]),
    Entry::scoped("replace_team", &["teams:write"])
        .of(&[Slot::Team])
        .body(team, TEAM_IDS)
        .changes(&["search_text", "team"]),
    Entry::scoped("update_team", &["teams:write"])
        .of(&[Slot::Team])
        .body(team, TEAM_IDS)
        .changes(&["search_text", "team"]),
    Entry::scoped("delete_team", &["teams:write"]).of(&[Slot::OtherTeam]).changes(&[
        "search_text",
        "team",
        "team_member",
    ]),
    Entry::scoped("list_team_members", &["teams:read"])
        .of(&[Slot::Team])
        .query_ids(&[("user", Slot::Member)]),
    Entry::scoped("create_team_member", &["teams:read", "teams:write"])
        .of(&[Slot::Team])
        .body(new_team_member, &[("/user_id", Slot::Assignee)])
        .changes(&["team_member"]),
    Entry::scoped("get_team_member", &["teams:read"]).of(&[Slot::Team, Slot::TeamMember]),
    Entry::scoped("replace_team_member", &["teams:read", "teams:write"])
        .of(&[Slot::Team, Slot::TeamMember])
        .body(team_member, &[("/user_id", Slot::Member)])
        .changes(&["team_member"]),
    Entry::scoped("update_team_member", &["teams:read", "teams:write"])
        .of(&[Slot::Team, Slot::TeamMember])
        .body(team_member, &[("/user_id", Slot::Member)])
        .changes(&["team_member"]),
    Entry::scoped("delete_team_member", &["teams:read", "teams:write"])
        .of(&[Slot::Team, Slot::TeamMember])
        .query_ids(&[("transfer_to", Slot::Lead)])
        .changes(&["team_member"]),
    Entry::scoped("list_projects", &["projects:read"])
        .query_ids(&[("manager", Slot::Assignee), ("team", Slot::Team)]),
    Entry::scoped("create_project", &["projects:write"])
        .body(project, PROJECT_IDS)
        .changes(&["project", "search_text"]),
    Entry::scoped("get_projects_statistics", &["projects:read", "tasks:read"]),
    Entry::scoped("get_project", &["projects:read"]).of(&[Slot::Project]),
    Entry::scoped("replace_project", &["projects:write"])
        .of(&[Slot::Project])
        .body(project, PROJECT_IDS)
        .changes(&["project", "search_text"]),
    Entry::scoped("update_project", &["projects:write"])
        .of(&[Slot::Project])
        .body(project, PROJECT_IDS)
        .changes(&["project", "search_text"]),
    Entry::scoped("delete_project", &["projects:write"])
        .of(&[Slot::EmptyProject])
        .changes(&["project", "search_text"]),
    Entry::scoped("update_project_status", &["projects:write"])
        .of(&[Slot::Project])
        .body(status, &[])
        .changes(&["project"]),
    Entry::scoped("list_project_tasks", &["projects:read", "tasks:read"])
        .of(&[Slot::Project])
        .query_ids(TASK_FILTERS),
    Entry::scoped("get_project_statistics", &["projects:read", "tasks:read"]).of(&[Slot::Project]),
    Entry::scoped("list_milestones", &["projects:read"]).of(&[Slot::Project]),
    Entry::scoped("create_milestone", &["projects:read", "projects:write"])
        .of(&[Slot::Project])
        .body(milestone, &[])
        .changes(&["milestone"]),
    Entry::scoped("get_milestone", &["projects:read"]).of(&[Slot::Project, Slot::Milestone]),
    Entry::scoped("replace_milestone", &["projects:read", "projects:write"])
        .of(&[Slot::Project, Slot::Milestone])
        .body(milestone, &[])
        .changes(&["milestone"]),
    Entry::scoped("update_milestone", &["projects:read", "projects:write"])
        .of(&[Slot::Project, Slot::Milestone])
        .body(milestone, &[])
        .changes(&["milestone"]),
    Entry::scoped("delete_milestone", &["projects:read", "projects:write"])
        .of(&[Slot::Project, Slot::Milestone])
        .changes(&["milestone"]),
    Entry::scoped("list_clients", &["clients:read"]),
    Entry::scoped("create_client", &["clients:write"])
        .body(work_client, &[])
        .changes(&["client", "search_text"]),
    Entry::scoped("get_client", &["clients:read"]).of(&[Slot::Client]),
    Entry::scoped("replace_client", &["clients:write"])
        .of(&[Slot::Client])
        .body(work_client, &[])
        .changes(&["client", "search_text"]),
    Entry::scoped("update_client", &["clients:write"])
        .of(&[Slot::Client])
        .body(work_client, &[])
        .changes(&["client", "search_text"]),
    Entry::scoped("delete_client", &["clients:write"])
        .of(&[Slot::EmptyClient])
        .changes(&["client", "search_text"]),
    Entry::scoped("list_client_requests", &["clients:read", "requests:read"])
        .of(&[Slot::Client])
        .query_ids(REQUEST_FILTERS),
    Entry::scoped("list_request_types", &["request-types:read"]),
    Entry::scoped("create_request_type", &["request-types:write"])
        .body(request_type, &[])
        .changes(&["request_type", "search_text"]),
    Entry::scoped("get_request_type", &["request-types:read"]).of(&[Slot::RequestType]),
    Entry::scoped("replace_request_type", &["request-types:write"])
        .of(&[Slot::RequestType])
        .body(request_type, &[])
        .changes(&["request_type", "search_text"]),
    Entry::scoped("update_request_type", &["request-types:write"])
        .of(&[Slot::RequestType])
        .body(request_type, &[])
        .changes(&["request_type", "search_text"]),
    Entry::scoped("delete_request_type", &["request-types:write"])
        .of(&[Slot::EmptyRequestType])
        .changes(&["request_type", "search_text"]),
    Entry::scoped("list_requests", &["requests:read"]).query_ids(REQUEST_FILTERS),
    Entry::scoped("create_request", &["requests:write"]).body(request, REQUEST_IDS).changes(&[
        "client_request",
        "notification",
        "search_text",
    ]),
    Entry::scoped("get_requests_dashboard", &["clients:read", "request-types:read", "requests:read"]),
    Entry::scoped("change_requests", &["requests:write"])
        .body(
            request_changes,
            &[
                ("/operations/0/id", Slot::Request),
                ("/operations/0/body/client_id", Slot::Client),
                ("/operations/0/body/type_id", Slot::RequestType),
                ("/operations/0/body/assignee_id", Slot::Assignee),
            ],
        )
        .changes(&["client_request", "search_text"]),
    Entry::scoped("get_request", &["requests:read"]).of(&[Slot::Request]),
    Entry::scoped("replace_request", &["requests:write"])
        .of(&[Slot::Request])
        .body(request, REQUEST_IDS)
        .changes(&["client_request", "search_text"]),
    Entry::scoped("update_request", &["requests:write"])
        .of(&[Slot::Request])
        .body(request, REQUEST_IDS)
        .changes(&["client_request", "search_text"]),
    Entry::scoped("delete_request", &["requests:write"])
        .of(&[Slot::Request])
        .changes(&["client_request", "search_text"]),
    Entry::scoped("update_request_status", &["requests:write"])
        .of(&[Slot::Request])
        .body(request_status, &[])
        .changes(&["client_request"]),
    Entry::scoped("list_documents", &["documents:read"])
        .query_ids(&[("project", Slot::Project), ("author", Slot::Assignee)]),
    Entry::scoped("create_document", &["documents:write"]).body(document, DOCUMENT_IDS).changes(&[
        "document",
        "document_version",
        "search_text",
    ]),
    Entry::scoped("change_documents", &["documents:write"])
        .body(
            document_changes,
            &[("/operations/0/id", Slot::Document), ("/operations/0/body/project_id", Slot::Project)],
        )
        .changes(&["document", "document_version", "search_text"]),
    Entry::scoped("get_document", &["documents:read"]).of(&[Slot::Document]),
    Entry::scoped("replace_document", &["documents:write"])
        .of(&[Slot::Document])
        .body(document, DOCUMENT_IDS)
        .changes(&["document", "document_version", "search_text"]),
    Entry::scoped("update_document", &["documents:write"])
        .of(&[Slot::Document])
        .body(document, DOCUMENT_IDS)
        .changes(&["document", "document_version", "search_text"]),
    Entry::scoped("delete_document", &["documents:write"]).of(&[Slot::Document]).changes(&[
        "document",
        "document_version",
        "search_text",
    ]),
    Entry::scoped("get_document_content", &["documents:read"]).of(&[Slot::Document]),
    Entry::scoped("replace_document_content", &["documents:write"])
        .of(&[Slot::Document])
        .octets(FILE, file)
        .changes(&["document", "document_version", "file", "tenant"]),
    Entry::scoped("list_document_versions", &["documents:read"])
        .of(&[Slot::Document])
        .query_ids(&[("saved_by", Slot::Assignee)]),
    Entry::scoped("get_document_version", &["documents:read"]).of(&[Slot::Document, Slot::Version]),
    Entry::scoped("get_document_version_content", &["documents:read"]).of(&[Slot::Document, Slot::Version]),
    Entry::scoped("get_document_version_diff", &["documents:read"])
        .of(&[Slot::Document, Slot::Version])
        .query_ids(&[("against", Slot::Version)]),
    Entry::scoped("restore_document_version", &["documents:read", "documents:write"])
        .of(&[Slot::OtherDocument, Slot::OtherVersion])
        .changes(&["document", "document_version", "search_text"]),
    Entry::scoped("get_changes", &[]),
    Entry::scoped("stream_events", &[]),
    Entry::scoped("search_rows", &[])
        .query(&[("q", "all")])
        .query_ids(&[("project", Slot::Project), ("assignee", Slot::Assignee)]),
    Entry::scoped("list_users", &["users:read"]),
    Entry::scoped("create_user", &["users:write"]).body(new_user, &[]).changes(&["link", "user"]),
    Entry::scoped("change_users", &["users:write"])
        .body(user_changes, &[("/operations/0/id", Slot::Spare)])
        .changes(&["link", "revocation", "tenant", "user"]),
    Entry::scoped("count_active_users", &["users:read"]),
    Entry::scoped("get_user", &["users:read"]).of(&[Slot::Spare]),
    Entry::scoped("replace_user", &["users:write"])
        .of(&[Slot::Spare])
        .body(user, &[])
        .changes(&["link", "tenant", "user"]),
    Entry::scoped("update_user", &["users:write"])
        .of(&[Slot::Spare])
        .body(user, &[])
        .changes(&["link", "tenant", "user"]),
    Entry::scoped("delete_user", &["users:write"])
        .of(&[Slot::Spare])
        .query_ids(&[("transfer_to", Slot::Assignee)])
        .changes(&["former_user", "link", "revocation", "second_factor", "tenant", "user"]),
    Entry::scoped("deactivate_user", &["users:write"]).of(&[Slot::Spare]).changes(&[
        "revocation",
        "tenant",
        "user",
    ]),
    Entry::scoped("reactivate_user", &["users:write"]).of(&[Slot::Inactive]).changes(&["tenant", "user"]),
    Entry::scoped("import_users", &["users:write"]).octets("text/csv", users).changes(&["link", "user"]),
    Entry::scoped("export_users", &["users:read"]),
    Entry::scoped("list_user_history", &["users:read"]).of(&[Slot::Spare]).query_ids(&[("row", Slot::Task)]),
    Entry::scoped("get_user_picture", &["users:read"]).of(&[Slot::Pictured]),
    Entry::scoped("list_user_sessions", &["users:read", "sessions:read"]).of(&[Slot::Spare]),
    Entry::session("delete_second_factor", &["second-factor:write"])
        .of(&[Slot::Spare])
        .changes(&["revocation", "second_factor"]),
    Entry::scoped("list_invitations", &["invitations:read"]),
    Entry::scoped("create_invitation", &["invitations:write"])
        .body(invitation, &[])
        .changes(&["invitation", "tenant"]),
    Entry::scoped("get_invitation", &["invitations:read"]).of(&[Slot::Invitation]),
    Entry::scoped("delete_invitation", &["invitations:write"])
        .of(&[Slot::Invitation])
        .changes(&["invitation"]),
    Entry::scoped("resend_invitation", &["invitations:write"])
        .of(&[Slot::Invitation])
        .changes(&["invitation", "tenant"]),
    Entry::scoped("get_tenant", &["tenant:read"]),
    Entry::scoped("replace_tenant", &["tenant:write"]).body(tenant, &[]).changes(&["tenant"]),
    Entry::scoped("update_tenant", &["tenant:write"]).body(tenant, &[]).changes(&["tenant"]),
    Entry::scoped("list_audit", &["audit:read"]).query_ids(&[("row", Slot::Task), ("actor", Slot::Assignee)]),
    Entry::scoped("get_audit_entry", &["audit:read"]).of(&[Slot::Audit]),
    Entry::scoped("list_service_accounts", &["service-accounts:read"]),
    Entry::scoped("create_service_account", &["service-accounts:write"])
        .body(service_account, &[])
        .changes(&["service_account"]),
    Entry::scoped("get_service_account", &["service-accounts:read"]).of(&[Slot::ServiceAccount]),
    Entry::scoped("replace_service_account", &["service-accounts:write"])
        .of(&[Slot::ServiceAccount])
        .body(service_account, &[])
        .changes(&["revocation", "service_account"]),
    Entry::scoped("update_service_account", &["service-accounts:write"])
        .of(&[Slot::ServiceAccount])
        .body(service_account, &[])
        .changes(&["revocation", "service_account"]),
    Entry::scoped("delete_service_account", &["service-accounts:write"])
        .of(&[Slot::ServiceAccount])
        .changes(&["revocation", "service_account"]),
    Entry::scoped("rotate_service_account", &["service-accounts:write"])
        .of(&[Slot::ServiceAccount])
        .body(rotation, &[])
        .changes(&["service_account"]),
    Entry::scoped("list_access_tokens", &["access-tokens:read"]).query_ids(&[("user", Slot::Assignee)]),
    Entry::person("create_access_token", &["access-tokens:write"])
        .body(access_token, &[])
        .changes(&["access_token", "tenant"]),
    Entry::scoped("get_access_token", &["access-tokens:read"]).of(&[Slot::AccessToken]),
    Entry::scoped("delete_access_token", &["access-tokens:write"])
        .of(&[Slot::AccessToken])
        .changes(&["access_token", "revocation"]),
    Entry::public("register_account").body(registration, &[]),
    Entry::public("verify_email").body(verification, &[]).changes(&["link", "user"]),
    Entry::public("request_email_verification").body(link_request, &[]),
    Entry::public("request_password_reset").body(link_request, &[]),
    Entry::public("confirm_password_reset").body(password_reset, &[]).changes(&[
        "link",
        "revocation",
        "session",
        "user",
    ]),
    Entry::public("create_token").body(credentials, &[]).changes(&["session", "user"]),
    Entry::public("refresh_token").body(refresh, &[]).changes(&["session"]),
    Entry::public("verify_token").body(token, &[]),
    Entry::public("revoke_token").body(revocation, &[]).changes(&["access_token", "revocation"]),
    Entry::public("introspect_token").body(introspection, &[]),
    Entry::session("end_session", &["sessions:write"]).changes(&["revocation", "session"]),
    Entry::person("list_sessions", &["sessions:read"]),
    Entry::scoped("delete_session", &["sessions:write"])
        .of(&[Slot::Session])
        .changes(&["revocation", "session"]),
    Entry::session("end_other_sessions", &["sessions:write"]).changes(&["revocation", "session"]),
    Entry::session("get_totp", &["second-factor:read"]),
    Entry::session("create_totp", &["second-factor:write"]).body(password, &[]).changes(&["second_factor"]),
    Entry::session("confirm_totp", &["second-factor:write"])
        .by(enrolling)
        .body(code, &[])
        .changes(&["second_factor"]),
    Entry::session("replace_recovery_codes", &["second-factor:write"])
        .by(guarded)
        .body(both_factors, &[])
        .changes(&["second_factor"]),
    Entry::session("disable_totp", &["second-factor:write"])
        .by(guarded)
        .body(both_factors, &[])
        .changes(&["second_factor"]),
    Entry::person("get_profile", &["users:read"]),
    Entry::person("replace_profile", &["users:write"]).body(profile, &[]).changes(&["user"]),
    Entry::person("update_profile", &["users:write"]).body(profile, &[]).changes(&["user"]),
    Entry::person("replace_picture", &["users:write"]).octets("image/png", picture).changes(&["picture"]),
    Entry::person("delete_picture", &["users:write"]).changes(&["picture", "user"]),
    Entry::person("change_password", &["users:write"]).body(password_change, &[]).changes(&[
        "revocation",
        "session",
        "user",
    ]),
    Entry::scoped("get_permissions", &[]).query(&[("noun", "task")]).query_ids(&[("id", Slot::Task)]),
    Entry::public("get_liveness"),
    Entry::public("get_readiness"),
    Entry::public("get_jwks"),
    Entry::public("get_authorization_server"),
];

/// The entry of an operation.
pub(super) fn entry(id: &str) -> &'static Entry {
    TABLE.iter().find(|entry| entry.id == id).unwrap_or_else(|| panic!("{id} is not in the table"))
}

/// The operations of the document, after comparing them with the table.
pub(super) fn operations(document: &Value) -> Vec<Operation<'_>> {
    let operations = operation::all(document);
    let told: BTreeSet<_> = operations.iter().map(|operation| operation.id).collect();
    let known: BTreeSet<_> = TABLE.iter().map(|entry| entry.id).collect();
    assert_eq!(told.difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new(), "not in the table");
    assert_eq!(known.difference(&told).collect::<Vec<_>>(), Vec::<&&str>::new(), "not in the document");
    assert_eq!(known.len(), TABLE.len(), "an entry stands twice");
    operations.iter().for_each(agree);
    operations
}

/// Fails unless the entry has exactly the id positions of the document.
fn agree(operation: &Operation<'_>) {
    let id = operation.id;
    let entry = entry(id);
    assert_eq!(entry.path.len(), operation.path_parameters().len(), "{id}: the path");
    assert_eq!(entry.reach == Reach::Public, !operation.is_secured(), "{id}: the security");
    assert_eq!(entry.body.is_some(), operation.body().is_some(), "{id}: the body");
    let octets = operation.octets();
    assert_eq!(entry.octets.is_some(), !octets.is_empty(), "{id}: the octets");
    assert!(entry.octets.is_none_or(|(kind, _)| octets.contains(&kind)), "{id}: the content type");
    let ids = |parameter: &&&Value| {
        parameter["description"].as_str().unwrap_or_default().starts_with("Ids")
            || parameter["schema"]["format"] == "uuid"
    };
    let parameters = operation.parameters("query");
    let told: BTreeSet<_> = parameters.iter().filter(ids).map(|it| it["name"].as_str().unwrap()).collect();
    let known: BTreeSet<_> = entry.query_ids.iter().map(|(name, _)| *name).collect();
    assert_eq!(known, told, "{id}: the parameters that carry ids");
    let mut fields = BTreeMap::new();
    if let Some(schema) = operation.body() {
        leaves(operation, schema, "", &mut fields);
    }
    let told: BTreeSet<_> =
        fields.iter().filter(|(_, it)| it["format"] == "uuid").map(|(pointer, _)| pointer.as_str()).collect();
    let known: BTreeSet<_> = entry.body_ids.iter().map(|(pointer, _)| *pointer).collect();
    assert_eq!(known, told, "{id}: the fields that carry ids");
}

/// The fields of a body by pointer, including those of nested objects, and of the first item of a
/// list of objects or ids.
pub(super) fn leaves<'a>(
    operation: &Operation<'a>,
    schema: &'a Value,
    at: &str,
    found: &mut BTreeMap<String, &'a Value>,
) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        let some = property["oneOf"].as_array().and_then(|all| all.iter().find(|it| it["type"] != "null"));
        let inner = operation.resolve(some.unwrap_or(property));
        if inner["properties"].is_object() {
            leaves(operation, inner, &at, found);
        }
        let item = operation.resolve(&inner["items"]);
        // Of several shapes the one with the most fields.
        let shapes = item["oneOf"].as_array().into_iter().flatten().map(|shape| operation.resolve(shape));
        let item =
            shapes.max_by_key(|shape| shape["properties"].as_object().map_or(0, Map::len)).unwrap_or(item);
        if item["properties"].is_object() {
            leaves(operation, item, &format!("{at}/0"), found);
        } else if item["format"] == "uuid" {
            found.insert(format!("{at}/0"), item);
        }
        found.insert(at, property);
    }
}
