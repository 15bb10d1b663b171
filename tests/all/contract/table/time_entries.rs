//! Time entries and timers.

use serde_json::{Value, json};

use super::{Entry, Fixture, Slot};

const FILTERS: &[(&str, Slot)] = &[("task", Slot::Task), ("project", Slot::Project), ("user", Slot::Member)];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_task_time_entries", &["tasks:read", "time-entries:read"])
        .path(&[Slot::Task])
        .query_ids(FILTERS)
        .filtered_children("task_id", "task", Slot::PersonalTask),
    Entry::scoped("create_time_entry", &["tasks:read", "time-entries:write"])
        .path(&[Slot::Task])
        .body(time_entry, &[])
        .cross_field(&[("required", "")])
        .changes(&["time_entry"]),
    Entry::scoped("get_time_entry", &["tasks:read", "time-entries:read"])
        .path(&[Slot::Task, Slot::TimeEntry]),
    Entry::scoped("replace_time_entry", &["tasks:read", "time-entries:write"])
        .path(&[Slot::Task, Slot::TimeEntry])
        .body(time_entry, &[])
        .cross_field(&[("required", "")])
        .changes(&["time_entry"]),
    Entry::scoped("update_time_entry", &["tasks:read", "time-entries:write"])
        .path(&[Slot::Task, Slot::TimeEntry])
        .body(time_entry, &[])
        .cross_field(&[("required", "")])
        .changes(&["time_entry"]),
    Entry::scoped("delete_time_entry", &["tasks:read", "time-entries:write"])
        .path(&[Slot::Task, Slot::TimeEntry])
        .changes(&["time_entry"]),
    Entry::history("list_time_entry_history", &["tasks:read", "time-entries:read", "history:read"])
        .path(&[Slot::Task, Slot::TimeEntry]),
    Entry::scoped("get_time_entry_by_id", &["time-entries:read"]).path(&[Slot::TimeEntry]),
    Entry::scoped("replace_time_entry_by_id", &["time-entries:write"])
        .path(&[Slot::TimeEntry])
        .body(time_entry, &[])
        .cross_field(&[("required", "")])
        .changes(&["time_entry"]),
    Entry::scoped("update_time_entry_by_id", &["time-entries:write"])
        .path(&[Slot::TimeEntry])
        .body(time_entry, &[])
        .cross_field(&[("required", "")])
        .changes(&["time_entry"]),
    Entry::scoped("delete_time_entry_by_id", &["time-entries:write"])
        .path(&[Slot::TimeEntry])
        .changes(&["time_entry"]),
    Entry::person("start_timer", &["tasks:read", "time-entries:write"])
        .path(&[Slot::Task])
        .by(|fixture| &fixture.people.member.token)
        .changes(&["time_entry"]),
    Entry::person("stop_timer", &["tasks:read", "time-entries:write"])
        .path(&[Slot::TeamTask])
        .changes(&["time_entry"]),
    Entry::scoped("get_timer", &["time-entries:read"]),
    Entry::scoped("list_time_entries", &["time-entries:read"]).query_ids(FILTERS),
    Entry::scoped("get_time_totals", &["time-entries:read"]).query(&[("by", "task")]).query_ids(FILTERS),
    Entry::scoped("export_time_entries", &["time-entries:read"]).query_ids(FILTERS),
];

fn time_entry(_: &Fixture) -> Value {
    json!({ "started_at": "2026-01-30T09:00:00Z", "ended_at": null, "minutes": 90, "note": "Second draft" })
}
