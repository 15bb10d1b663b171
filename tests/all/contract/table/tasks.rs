//! Tasks and the trash.

use serde_json::{Value, json};

use super::{DUE, Entry, Fixture, START, Slot, bulk};

const FILTERS: &[(&str, Slot)] = &[
    ("project", Slot::Project),
    ("parent", Slot::ParentTask),
    ("label", Slot::Label),
    ("owner", Slot::Assignee),
    ("assignee", Slot::Assignee),
];
const IDS: &[(&str, Slot)] = &[
    ("/project_id", Slot::Project),
    ("/parent_id", Slot::ParentTask),
    ("/assignee_id", Slot::Assignee),
    ("/label_ids/0", Slot::Label),
];
const CHANGES: &[&str] = &["alarm", "notification", "search_text", "task", "task_label", "tenant"];
/// A recurring task needs a due date, and the settings of a recurrence need a rule. A subtask is in
/// the project of its parent task.
const CROSS_FIELD: &[(&str, &str)] =
    &[("required", "/due_at"), ("required", "/recurrence"), ("invalid_value", "/project_id")];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_tasks", &["tasks:read"]).query_ids(FILTERS),
    Entry::scoped("create_task", &["tasks:write"])
        .body(task, IDS)
        .cross_field(CROSS_FIELD)
        .variants(&[
            ("in a project", &[("/project_id", Some(Slot::Project)), ("/assignee_id", None)]),
            ("a team's", &[("/project_id", Some(Slot::TeamProject)), ("/assignee_id", None)]),
            ("personal", &[("/project_id", None)]),
        ])
        .changes(CHANGES),
    Entry::scoped("list_tasks_by_status", &["tasks:read"]).query(&[("status", "todo")]).query_ids(FILTERS),
    Entry::scoped("get_task", &["tasks:read"]).path(&[Slot::Task]),
    Entry::scoped("replace_task", &["tasks:write"])
        .path(&[Slot::Task])
        .body(task, IDS)
        .cross_field(CROSS_FIELD)
        .changes(CHANGES),
    Entry::scoped("update_task", &["tasks:write"])
        .path(&[Slot::Task])
        .body(task, IDS)
        .cross_field(CROSS_FIELD)
        .changes(CHANGES),
    Entry::scoped("delete_task", &["tasks:write"]).path(&[Slot::Task]).changes(&["task"]),
    Entry::scoped("complete_task", &["tasks:write"])
        .path(&[Slot::Task])
        .query(&[("force", "false")])
        .changes(&["notification", "task"]),
    // Reopening an open task is a no-op.
    Entry::scoped("reopen_task", &["tasks:write"]).path(&[Slot::Task]),
    Entry::scoped("move_task", &["tasks:write"])
        .path(&[Slot::Task])
        .body(task_move, &[("/project_id", Slot::Project), ("/beside_id", Slot::ParentTask)])
        .cross_field(&[("required", "")])
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
        .changes(CHANGES),
    Entry::scoped("list_project_tasks", &["projects:read", "tasks:read"])
        .path(&[Slot::Project])
        .query_ids(FILTERS)
        .filtered_children("project_id", "project", Slot::EmptyProject),
    Entry::scoped("get_dashboard", &["tasks:read"]),
    Entry::history("list_task_history", &["tasks:read", "history:read"]).path(&[Slot::Task]),
    Entry::scoped("list_deleted_tasks", &["tasks:read"]).query_ids(FILTERS),
    Entry::scoped("get_deleted_task", &["tasks:read"]).path(&[Slot::DeletedTask]),
    Entry::scoped("restore_task", &["tasks:write"])
        .path(&[Slot::DeletedTask])
        .absent_at_first()
        .changes(&["task"]),
    Entry::scoped("purge_task", &["tasks:write"])
        .path(&[Slot::DeletedTask])
        .changes(&["search_text", "task"]),
    Entry::history("list_deleted_task_history", &["tasks:read", "history:read"]).path(&[Slot::DeletedTask]),
];

fn task(fixture: &Fixture) -> Value {
    json!({
        "title": "Write the notes", "description": "All of them.", "project_id": fixture.id(Slot::Project),
        "parent_id": fixture.id(Slot::ParentTask), "assignee_id": fixture.id(Slot::Assignee),
        "label_ids": [fixture.id(Slot::Label)], "status": "in_progress", "priority": "high", "start_at": START,
        "due_at": DUE, "estimate_minutes": 30, "recurrence": "FREQ=WEEKLY;BYDAY=MO",
    })
}

fn task_move(fixture: &Fixture) -> Value {
    let (project, beside) = (fixture.id(Slot::Project), fixture.id(Slot::ParentTask));
    json!({ "project_id": project, "beside_id": beside, "side": "before" })
}

fn task_changes(fixture: &Fixture) -> Value {
    bulk(fixture, Slot::Task, &task(fixture))
}
