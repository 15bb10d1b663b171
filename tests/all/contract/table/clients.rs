//! Clients.

use serde_json::{Value, json};

use super::{Entry, Fixture, Slot, fresh};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_clients", &["clients:read"]),
    Entry::scoped("create_client", &["clients:write"])
        .body(work_client, &[])
        .by_role()
        .changes(&["client", "search_text"]),
    Entry::scoped("get_client", &["clients:read"]).path(&[Slot::Client]),
    Entry::scoped("replace_client", &["clients:write"])
        .path(&[Slot::Client])
        .body(work_client, &[])
        .changes(&["client", "search_text"]),
    Entry::scoped("update_client", &["clients:write"])
        .path(&[Slot::Client])
        .body(work_client, &[])
        .changes(&["client", "search_text"]),
    Entry::scoped("delete_client", &["clients:write"])
        .path(&[Slot::EmptyClient])
        .changes(&["client", "search_text"]),
    Entry::history("list_client_history", &["clients:read", "history:read"]).path(&[Slot::Client]),
];

fn work_client(_: &Fixture) -> Value {
    json!({
        "name": fresh(), "email": "hello@bakery.example", "phone": "+49 40 123456", "address": "1 Harbour Road",
        "notes": "Closed on Mondays.",
    })
}
