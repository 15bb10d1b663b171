//! Client requests.

use serde_json::{Value, json};

use super::{Entry, Fixture, Slot, bulk};

const FILTERS: &[(&str, Slot)] =
    &[("client", Slot::Client), ("type", Slot::RequestType), ("assignee", Slot::Assignee)];
const IDS: &[(&str, Slot)] =
    &[("/client_id", Slot::Client), ("/type_id", Slot::RequestType), ("/assignee_id", Slot::Assignee)];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_requests", &["requests:read"]).query_ids(FILTERS),
    Entry::scoped("create_request", &["requests:write"]).body(request, IDS).changes(&[
        "client_request",
        "notification",
        "search_text",
    ]),
    Entry::scoped("get_request", &["requests:read"]).path(&[Slot::Request]),
    Entry::scoped("replace_request", &["requests:write"])
        .path(&[Slot::Request])
        .body(request, IDS)
        .changes(&["client_request", "search_text"]),
    Entry::scoped("update_request", &["requests:write"])
        .path(&[Slot::Request])
        .body(request, IDS)
        .changes(&["client_request", "search_text"]),
    Entry::scoped("delete_request", &["requests:write"])
        .path(&[Slot::Request])
        .changes(&["client_request", "search_text"]),
    Entry::scoped("update_request_status", &["requests:write"])
        .path(&[Slot::Request])
        .body(request_status, &[])
        .changes(&["client_request"]),
    Entry::scoped("change_requests", &["requests:write"])
        .body(
            request_changes,
            &[
                ("/operations/0/id", Slot::Request),
                ("/operations/0/body/client_id", Slot::Client),
                ("/operations/0/body/type_id", Slot::RequestType),
                ("/operations/0/body/assignee_id", Slot::Assignee),
            ],
        )
        .changes(&["client_request", "search_text"]),
    Entry::scoped("list_client_requests", &["clients:read", "requests:read"])
        .path(&[Slot::Client])
        .query_ids(FILTERS)
        .filtered_children("client_id", "client", Slot::EmptyClient),
    Entry::scoped("get_requests_dashboard", &["clients:read", "request-types:read", "requests:read"]),
    Entry::history("list_request_history", &["requests:read", "history:read"]).path(&[Slot::Request]),
];

fn request(fixture: &Fixture) -> Value {
    json!({
        "client_id": fixture.id(Slot::Client), "type_id": fixture.id(Slot::RequestType), "title": "The oven is cold",
        "description": "Since Monday.", "assignee_id": fixture.id(Slot::Assignee),
    })
}

fn request_status(_: &Fixture) -> Value {
    json!({ "status": "in_progress" })
}

fn request_changes(fixture: &Fixture) -> Value {
    bulk(fixture, Slot::Request, &request(fixture))
}
