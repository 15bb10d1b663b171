//! Watchers of tasks.

use serde_json::{Value, json};

use super::{Entry, Fixture, Slot};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_watchers", &["tasks:read"])
        .path(&[Slot::Task])
        .query_ids(&[("user", Slot::Assignee)])
        .children("task_id"),
    Entry::scoped("create_watcher", &["tasks:read", "tasks:write"])
        .path(&[Slot::Task])
        .body(watcher, &[("/user_id", Slot::Assignee)])
        .changes(&["watcher"]),
    Entry::scoped("get_watcher", &["tasks:read"]).path(&[Slot::Task, Slot::Watcher]),
    Entry::scoped("delete_watcher", &["tasks:read", "tasks:write"])
        .path(&[Slot::Task, Slot::Watcher])
        .changes(&["watcher"]),
    Entry::history("list_watcher_history", &["tasks:read", "history:read"])
        .path(&[Slot::Task, Slot::Watcher]),
];

fn watcher(fixture: &Fixture) -> Value {
    json!({ "user_id": fixture.id(Slot::Assignee) })
}
