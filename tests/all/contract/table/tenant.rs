//! The organisation and its audit log.

use serde_json::{Value, json};

use super::{Entry, Fixture, List, Slot};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("get_tenant", &["tenant:read"]),
    Entry::scoped("replace_tenant", &["tenant:write"]).body(tenant, &[]).changes(&["tenant"]),
    Entry::scoped("update_tenant", &["tenant:write"]).body(tenant, &[]).changes(&["tenant"]),
    Entry::history("list_tenant_history", &["tenant:read", "history:read"]),
    Entry::scoped("list_audit", &["audit:read"])
        .query_ids(&[("row", Slot::Task), ("actor", Slot::Assignee)])
        .list(List::Records),
    Entry::scoped("get_audit_entry", &["audit:read"]).path(&[Slot::Audit]),
];

fn tenant(_: &Fixture) -> Value {
    json!({
        "name": "Acme", "time_zone": "Europe/Berlin", "locale": "de", "require_if_match": false, "registration": "open",
        "email_domains": ["walks.example"], "require_verified_email": false,
    })
}
