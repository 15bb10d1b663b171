//! Personal access tokens.

use serde_json::{Value, json};

use super::{Entry, Fixture, Slot};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_access_tokens", &["access-tokens:read"]).query_ids(&[("user", Slot::Assignee)]),
    Entry::person("create_access_token", &["access-tokens:write"])
        .body(access_token, &[])
        .changes(&["access_token", "tenant"]),
    Entry::scoped("get_access_token", &["access-tokens:read"]).path(&[Slot::AccessToken]),
    Entry::scoped("delete_access_token", &["access-tokens:write"])
        .path(&[Slot::AccessToken])
        .changes(&["access_token", "revocation"]),
];

fn access_token(fixture: &Fixture) -> Value {
    json!({ "name": "nightly report", "scopes": ["tasks:read"], "expires_at": fixture.soon })
}
