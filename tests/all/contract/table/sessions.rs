//! Sessions of the caller.

use super::{Entry, Slot};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::person("list_sessions", &["sessions:read"]),
    Entry::scoped("delete_session", &["sessions:write"])
        .path(&[Slot::Session])
        .changes(&["revocation", "session"]),
    Entry::session("end_session", &["sessions:write"]).ends_session().changes(&["revocation", "session"]),
    Entry::session("end_other_sessions", &["sessions:write"]).changes(&["revocation", "session"]),
];
