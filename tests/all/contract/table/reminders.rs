//! Reminders of tasks.

use serde_json::{Value, json};

use super::{DUE, Entry, Fixture, OtherBody, Slot};

const OTHER_BODIES: &[OtherBody] = &[(&["/before_due_minutes"], reminder_before_due)];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_reminders", &["tasks:read", "reminders:read"])
        .path(&[Slot::Task])
        .children("task_id"),
    Entry::scoped("create_reminder", &["tasks:read", "reminders:write"])
        .path(&[Slot::Task])
        .body(reminder, &[])
        .other_bodies(OTHER_BODIES)
        .cross_field(&[("one_of_two", "")])
        .changes(&["alarm", "reminder", "task"]),
    Entry::scoped("get_reminder", &["tasks:read", "reminders:read"]).path(&[Slot::Task, Slot::Reminder]),
    Entry::scoped("replace_reminder", &["tasks:read", "reminders:write"])
        .path(&[Slot::Task, Slot::Reminder])
        .body(reminder, &[])
        .other_bodies(OTHER_BODIES)
        .cross_field(&[("one_of_two", "")])
        .changes(&["alarm", "reminder", "task"]),
    Entry::scoped("update_reminder", &["tasks:read", "reminders:write"])
        .path(&[Slot::Task, Slot::Reminder])
        .body(reminder, &[])
        .other_bodies(OTHER_BODIES)
        .cross_field(&[("one_of_two", "")])
        .changes(&["alarm", "reminder", "task"]),
    Entry::scoped("delete_reminder", &["tasks:read", "reminders:write"])
        .path(&[Slot::Task, Slot::Reminder])
        .changes(&["alarm", "reminder"]),
    Entry::history("list_reminder_history", &["tasks:read", "reminders:read", "history:read"])
        .path(&[Slot::Task, Slot::Reminder]),
];

fn reminder(_: &Fixture) -> Value {
    json!({ "remind_at": DUE, "before_due_minutes": null })
}

fn reminder_before_due(_: &Fixture) -> Value {
    json!({ "remind_at": null, "before_due_minutes": 30 })
}
