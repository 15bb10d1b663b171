//! Tokens of users and clients.

use serde_json::{Value, json};
use taskhub_tests::PASSWORD;

use super::{Entry, Fixture, Slot};

/// A client names both its id and its secret.
const CLIENT: &[(&str, &str)] = &[("required", "/client_")];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::public("create_token")
        .body(credentials, &[])
        .other_bodies(&[
            (&["/username"], credentials_by_username),
            (&["/client_id", "/client_secret", "/scope"], client_credentials),
        ])
        .cross_field(&[("required", ""), ("other_grant", ""), ("invalid_scope", "")])
        .changes(&["session", "user"]),
    Entry::public("refresh_token").body(refresh, &[]).changes(&["session"]),
    Entry::public("verify_token").body(token, &[]),
    Entry::public("revoke_token")
        .body(revocation, &[])
        .cross_field(CLIENT)
        .changes(&["access_token", "revocation"]),
    Entry::public("introspect_token").body(introspection, &[]).cross_field(CLIENT),
];

fn credentials(fixture: &Fixture) -> Value {
    let people = &fixture.people;
    json!({
        "grant_type": "password", "email": people.admin.email, "password": PASSWORD, "tenant": people.slug,
        "code": null,
    })
}

fn credentials_by_username(fixture: &Fixture) -> Value {
    let slug = &fixture.people.slug;
    json!({ "grant_type": "password", "username": "admin", "password": PASSWORD, "tenant": slug, "code": null })
}

fn client_credentials(fixture: &Fixture) -> Value {
    client(fixture, &json!({ "grant_type": "client_credentials", "scope": "service-accounts:write" }))
}

fn refresh(fixture: &Fixture) -> Value {
    json!({ "refresh_token": fixture.refresh })
}

fn token(fixture: &Fixture) -> Value {
    json!({ "token": fixture.admin })
}

fn revocation(fixture: &Fixture) -> Value {
    client(fixture, &json!({ "token": fixture.personal, "token_type_hint": "access_token" }))
}

fn introspection(fixture: &Fixture) -> Value {
    client(fixture, &json!({ "token": fixture.admin, "token_type_hint": "access_token" }))
}

/// The credentials of a client as a body, with more fields.
fn client(fixture: &Fixture, more: &Value) -> Value {
    let mut body =
        json!({ "client_id": fixture.id(Slot::ServiceAccount), "client_secret": fixture.client_secret });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}
