//! Projects.

use serde_json::{Value, json};

use super::{DUE, Entry, Fixture, START, Slot};

const IDS: &[(&str, Slot)] = &[("/manager_id", Slot::Assignee), ("/team_id", Slot::Team)];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_projects", &["projects:read"])
        .query_ids(&[("manager", Slot::Assignee), ("team", Slot::Team)]),
    Entry::scoped("create_project", &["projects:write"])
        .body(project, IDS)
        .variants(&[("shared", &[("/team_id", None)]), ("a team's", &[])])
        .changes(&["project", "search_text"]),
    Entry::scoped("get_projects_statistics", &["projects:read", "tasks:read"]),
    Entry::scoped("get_project", &["projects:read"]).path(&[Slot::Project]),
    Entry::scoped("replace_project", &["projects:write"])
        .path(&[Slot::Project])
        .body(project, IDS)
        .changes(&["project", "search_text"]),
    Entry::scoped("update_project", &["projects:write"])
        .path(&[Slot::Project])
        .body(project, IDS)
        .changes(&["project", "search_text"]),
    Entry::scoped("delete_project", &["projects:write"])
        .path(&[Slot::EmptyProject])
        .changes(&["project", "search_text"]),
    Entry::scoped("update_project_status", &["projects:write"])
        .path(&[Slot::Project])
        .body(status, &[])
        .changes(&["project"]),
    Entry::scoped("get_project_statistics", &["projects:read", "tasks:read"]).path(&[Slot::Project]),
    Entry::history("list_project_history", &["projects:read", "history:read"]).path(&[Slot::Project]),
];

fn project(fixture: &Fixture) -> Value {
    json!({
        "name": "Relaunch", "description": "Of everything.", "scope": "All pages.", "objectives": "More visitors.",
        "manager_id": fixture.id(Slot::Assignee), "team_id": fixture.id(Slot::Team), "status": "active",
        "priority": "high", "start_at": START, "due_at": DUE,
    })
}

fn status(_: &Fixture) -> Value {
    json!({ "status": "on_hold" })
}
