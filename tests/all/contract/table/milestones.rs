//! Milestones of projects.

use serde_json::{Value, json};

use super::{DUE, Entry, Fixture, Slot};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_milestones", &["projects:read"]).path(&[Slot::Project]).children("project_id"),
    Entry::scoped("create_milestone", &["projects:read", "projects:write"])
        .path(&[Slot::Project])
        .body(milestone, &[])
        .changes(&["milestone"]),
    Entry::scoped("get_milestone", &["projects:read"]).path(&[Slot::Project, Slot::Milestone]),
    Entry::scoped("replace_milestone", &["projects:read", "projects:write"])
        .path(&[Slot::Project, Slot::Milestone])
        .body(milestone, &[])
        .changes(&["milestone"]),
    Entry::scoped("update_milestone", &["projects:read", "projects:write"])
        .path(&[Slot::Project, Slot::Milestone])
        .body(milestone, &[])
        .changes(&["milestone"]),
    Entry::scoped("delete_milestone", &["projects:read", "projects:write"])
        .path(&[Slot::Project, Slot::Milestone])
        .changes(&["milestone"]),
    Entry::history("list_milestone_history", &["projects:read", "history:read"])
        .path(&[Slot::Project, Slot::Milestone]),
];

fn milestone(_: &Fixture) -> Value {
    json!({ "name": "Beta", "description": "For friends.", "due_at": DUE, "reached": true })
}
