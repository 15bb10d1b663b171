//! Attachments of tasks.

use super::{Entry, FILE, Slot, file};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_task_attachments", &["tasks:read", "attachments:read"])
        .path(&[Slot::Task])
        .query_ids(&[("uploaded_by", Slot::Assignee)])
        .children("task_id"),
    Entry::scoped("create_task_attachment", &["tasks:read", "attachments:write"])
        .path(&[Slot::Task])
        .query(&[("name", "plan.bin")])
        .bytes(FILE, file)
        .changes(&["attachment", "file", "tenant"]),
    Entry::scoped("get_task_attachment", &["tasks:read", "attachments:read"])
        .path(&[Slot::Task, Slot::Attachment]),
    Entry::scoped("get_task_attachment_content", &["tasks:read", "attachments:read"])
        .path(&[Slot::Task, Slot::Attachment]),
    Entry::scoped("delete_task_attachment", &["tasks:read", "attachments:write"])
        .path(&[Slot::Task, Slot::Attachment])
        .changes(&["attachment", "file", "tenant"]),
    Entry::history("list_task_attachment_history", &["tasks:read", "attachments:read", "history:read"])
        .path(&[Slot::Task, Slot::Attachment]),
];
