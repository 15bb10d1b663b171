//! Types of client requests.

use serde_json::{Value, json};

use super::{Entry, Fixture, Slot, fresh};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_request_types", &["request-types:read"]),
    Entry::scoped("create_request_type", &["request-types:write"])
        .body(request_type, &[])
        .by_role()
        .changes(&["request_type", "search_text"]),
    Entry::scoped("get_request_type", &["request-types:read"]).path(&[Slot::RequestType]),
    Entry::scoped("replace_request_type", &["request-types:write"])
        .path(&[Slot::RequestType])
        .body(request_type, &[])
        .changes(&["request_type", "search_text"]),
    Entry::scoped("update_request_type", &["request-types:write"])
        .path(&[Slot::RequestType])
        .body(request_type, &[])
        .changes(&["request_type", "search_text"]),
    Entry::scoped("delete_request_type", &["request-types:write"])
        .path(&[Slot::EmptyRequestType])
        .changes(&["request_type", "search_text"]),
    Entry::history("list_request_type_history", &["request-types:read", "history:read"])
        .path(&[Slot::RequestType]),
];

fn request_type(_: &Fixture) -> Value {
    json!({ "name": fresh(), "description": "What does not work." })
}
