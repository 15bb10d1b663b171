//! Invitations.

use serde_json::{Value, json};

use super::{Entry, Fixture, Slot, fresh};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_invitations", &["invitations:read"]),
    Entry::scoped("create_invitation", &["invitations:write"])
        .body(invitation, &[])
        .changes(&["invitation", "tenant"]),
    Entry::scoped("get_invitation", &["invitations:read"]).path(&[Slot::Invitation]),
    Entry::scoped("delete_invitation", &["invitations:write"])
        .path(&[Slot::Invitation])
        .changes(&["invitation"]),
    Entry::scoped("resend_invitation", &["invitations:write"])
        .path(&[Slot::Invitation])
        .changes(&["invitation", "tenant"]),
    Entry::history("list_invitation_history", &["invitations:read", "history:read"])
        .path(&[Slot::Invitation]),
];

fn invitation(_: &Fixture) -> Value {
    json!({ "email": format!("{}@walks.example", fresh()), "role": "member" })
}
