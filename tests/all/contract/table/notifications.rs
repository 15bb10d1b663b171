//! Notifications.

use super::{Entry, Slot};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_notifications", &["notifications:read"]).query_ids(&[("task", Slot::Task)]),
    Entry::scoped("count_unread_notifications", &["notifications:read"]),
    Entry::scoped("read_all_notifications", &["notifications:write"]).changes(&["notification"]),
    Entry::scoped("get_notification", &["notifications:read"]).path(&[Slot::Notification]),
    Entry::scoped("delete_notification", &["notifications:write"])
        .path(&[Slot::Notification])
        .changes(&["notification"]),
    Entry::scoped("read_notification", &["notifications:write"])
        .path(&[Slot::Notification])
        .changes(&["notification"]),
];
