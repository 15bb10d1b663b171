//! Dependencies between tasks.

use serde_json::{Value, json};

use super::{Entry, Fixture, Slot};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_task_dependencies", &["tasks:read"])
        .path(&[Slot::Task])
        .query_ids(&[("blocker", Slot::ParentTask)])
        .children("task_id"),
    Entry::scoped("create_task_dependency", &["tasks:read", "tasks:write"])
        .path(&[Slot::Task])
        .body(task_dependency, &[("/blocker_id", Slot::ParentTask)])
        .changes(&["task_dependency", "tenant"]),
    Entry::scoped("get_task_dependency", &["tasks:read"]).path(&[Slot::Task, Slot::TaskDependency]),
    Entry::scoped("delete_task_dependency", &["tasks:read", "tasks:write"])
        .path(&[Slot::Task, Slot::TaskDependency])
        .changes(&["task_dependency"]),
    Entry::history("list_task_dependency_history", &["tasks:read", "history:read"])
        .path(&[Slot::Task, Slot::TaskDependency]),
];

fn task_dependency(fixture: &Fixture) -> Value {
    json!({ "blocker_id": fixture.id(Slot::ParentTask) })
}
