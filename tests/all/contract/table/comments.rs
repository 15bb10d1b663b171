//! Comments on tasks.

use serde_json::{Value, json};

use super::{Entry, Fixture, List, Slot, fresh};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_comments", &["tasks:read", "comments:read"])
        .path(&[Slot::Task])
        .query_ids(&[("author", Slot::Assignee)])
        .children("task_id"),
    Entry::scoped("create_comment", &["tasks:read", "comments:write"])
        .path(&[Slot::Task])
        .body(comment, &[])
        .changes(&["comment", "notification", "search_text"]),
    Entry::scoped("get_comment", &["tasks:read", "comments:read"]).path(&[Slot::Task, Slot::Comment]),
    Entry::scoped("replace_comment", &["tasks:read", "comments:write"])
        .path(&[Slot::Task, Slot::Comment])
        .body(comment, &[])
        .changes(&["comment", "comment_version", "notification", "search_text"]),
    Entry::scoped("update_comment", &["tasks:read", "comments:write"])
        .path(&[Slot::Task, Slot::Comment])
        .body(comment, &[])
        .changes(&["comment", "comment_version", "notification", "search_text"]),
    Entry::scoped("delete_comment", &["tasks:read", "comments:write"])
        .path(&[Slot::Task, Slot::Comment])
        .changes(&["comment", "search_text"]),
    Entry::scoped("list_comment_versions", &["tasks:read", "comments:read"])
        .path(&[Slot::Task, Slot::Comment])
        .list(List::Rows),
    Entry::history("list_comment_history", &["tasks:read", "comments:read", "history:read"])
        .path(&[Slot::Task, Slot::Comment]),
];

/// Mentions the member, who has not been mentioned in the comment before.
fn comment(_: &Fixture) -> Value {
    json!({ "body": format!("Done, @member: {}.", fresh()) })
}
