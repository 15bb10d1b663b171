//! Service accounts.

use serde_json::{Value, json};

use super::{Entry, Fixture, START, Slot, fresh};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_service_accounts", &["service-accounts:read"]),
    Entry::scoped("create_service_account", &["service-accounts:write"])
        .body(service_account, &[])
        .by_role()
        .changes(&["service_account"]),
    Entry::scoped("get_service_account", &["service-accounts:read"]).path(&[Slot::ServiceAccount]),
    Entry::scoped("replace_service_account", &["service-accounts:write"])
        .path(&[Slot::ServiceAccount])
        .body(service_account, &[])
        .changes(&["revocation", "service_account"]),
    Entry::scoped("update_service_account", &["service-accounts:write"])
        .path(&[Slot::ServiceAccount])
        .body(service_account, &[])
        .changes(&["revocation", "service_account"]),
    Entry::scoped("delete_service_account", &["service-accounts:write"])
        .path(&[Slot::ServiceAccount])
        .changes(&["revocation", "service_account"]),
    Entry::scoped("rotate_service_account", &["service-accounts:write"])
        .path(&[Slot::ServiceAccount])
        .body(rotation, &[])
        .changes(&["service_account"]),
    Entry::history("list_service_account_history", &["service-accounts:read", "history:read"])
        .path(&[Slot::ServiceAccount]),
];

fn service_account(_: &Fixture) -> Value {
    // A scope that every caller in the tests has.
    json!({ "name": fresh(), "scopes": ["service-accounts:write"], "expires_at": START, "is_active": true })
}

fn rotation(_: &Fixture) -> Value {
    json!({ "overlap_seconds": 60 })
}
