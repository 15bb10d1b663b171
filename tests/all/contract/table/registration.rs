//! Registration, and the links in mails.

use serde_json::{Value, json};
use taskhub_tests::PASSWORD;

use super::{ANOTHER_PASSWORD, Entry, Fixture, fresh};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::public("register_account")
        .body(registration, &[])
        .other_bodies(&[(&["/tenant"], registration_in_tenant)])
        .cross_field(&[("required", "/organisation"), ("required", "/user/email")]),
    Entry::public("verify_email").body(verification, &[]).changes(&["link", "user"]),
    Entry::public("request_email_verification").body(link_request, &[]),
    Entry::public("request_password_reset").body(link_request, &[]),
    Entry::public("confirm_password_reset").body(password_reset, &[]).changes(&[
        "link",
        "revocation",
        "session",
        "user",
    ]),
];

fn registration(_: &Fixture) -> Value {
    let name = fresh();
    json!({
        "organisation": { "name": name, "slug": name },
        "user": {
            "email": format!("{name}@walks.example"), "username": "admin", "password": PASSWORD, "first_name": "Ada",
            "last_name": "Lovelace",
        },
        "tenant": null, "invitation": null,
    })
}

/// Of a user who joins an organisation.
fn registration_in_tenant(fixture: &Fixture) -> Value {
    let mut body = registration(fixture);
    body.as_object_mut().unwrap().remove("organisation");
    body
}

fn verification(fixture: &Fixture) -> Value {
    json!({ "token": fixture.verification })
}

/// Of an address without an account, because the mail would be sent after the response.
fn link_request(fixture: &Fixture) -> Value {
    json!({ "email": format!("{}@walks.example", fresh()), "tenant": fixture.people.slug })
}

fn password_reset(fixture: &Fixture) -> Value {
    json!({ "token": fixture.reset, "new_password": ANOTHER_PASSWORD })
}
