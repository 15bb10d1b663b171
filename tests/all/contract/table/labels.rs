//! Labels.

use serde_json::{Value, json};

use super::{Entry, Fixture, Slot, fresh};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_labels", &["labels:read"]),
    Entry::scoped("create_label", &["labels:write"]).body(label, &[]).changes(&["label"]),
    Entry::scoped("get_label", &["labels:read"]).path(&[Slot::Label]),
    Entry::scoped("replace_label", &["labels:write"])
        .path(&[Slot::Label])
        .body(label, &[])
        .changes(&["label"]),
    Entry::scoped("update_label", &["labels:write"])
        .path(&[Slot::Label])
        .body(label, &[])
        .changes(&["label"]),
    Entry::scoped("delete_label", &["labels:write"]).path(&[Slot::EmptyLabel]).changes(&["label"]),
    Entry::history("list_label_history", &["labels:read", "history:read"]).path(&[Slot::Label]),
];

fn label(_: &Fixture) -> Value {
    json!({ "name": fresh(), "color": "#d73a4a" })
}
