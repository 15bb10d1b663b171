//! The change feed, search, and the rights of the caller.

use super::{Entry, Slot};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("get_changes", &[]),
    Entry::scoped("stream_events", &[]),
    Entry::scoped("search_rows", &[])
        .query(&[("q", "all")])
        .query_ids(&[("project", Slot::Project), ("assignee", Slot::Assignee)]),
    Entry::scoped("get_permissions", &[])
        .query(&[("noun", "task")])
        .query_ids(&[("id", Slot::Task)])
        .unknown_id(404, "not_found"),
];
