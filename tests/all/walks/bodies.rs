//! Bodies for the table: valid, and with every field that their operations take.

use serde_json::{Value, json};
use taskhub_tests::PASSWORD;

use super::fixture::{Fixture, Slot, fresh};

/// A password that is not the one of everybody.
pub(super) const ANOTHER_PASSWORD: &str = "nine-quiet-lanterns";

const START: &str = "2027-01-01T00:00:00Z";
const DUE: &str = "2027-02-01T00:00:00Z";

pub(super) fn task(fixture: &Fixture) -> Value {
    json!({
        "title": "Write the notes", "description": "All of them.", "project_id": fixture.id(Slot::Project),
        "assignee_id": fixture.id(Slot::Assignee), "status": "in_progress", "priority": "high", "start_at": START,
        "due_at": DUE, "estimate_minutes": 30,
    })
}

pub(super) fn project(fixture: &Fixture) -> Value {
    json!({
        "name": "Relaunch", "description": "Of everything.", "manager_id": fixture.id(Slot::Assignee), "status": "active",
        "priority": "high", "start_at": START, "due_at": DUE,
    })
}

pub(super) fn status(_: &Fixture) -> Value {
    json!({ "status": "on_hold" })
}

pub(super) fn document(fixture: &Fixture) -> Value {
    json!({ "title": "Decisions", "project_id": fixture.id(Slot::Project), "content": "None." })
}

pub(super) fn new_user(_: &Fixture) -> Value {
    let name = fresh();
    json!({
        "email": format!("{name}@walks.example"), "username": name, "password": PASSWORD, "first_name": "Grace",
        "last_name": "Hopper", "role": "member",
    })
}

pub(super) fn user(_: &Fixture) -> Value {
    let name = fresh();
    json!({
        "email": format!("{name}@walks.example"), "username": name, "first_name": "Grace", "last_name": "Hopper",
        "phone": "+1 555 0100", "address": "1 Harbour Road", "date_of_birth": "1906-12-09", "time_zone": "America/New_York",
        "locale": "en-US", "role": "member", "is_active": true,
    })
}

pub(super) fn profile(_: &Fixture) -> Value {
    json!({
        "first_name": "Grace", "last_name": "Hopper", "phone": "+1 555 0100", "address": "1 Harbour Road",
        "date_of_birth": "1906-12-09", "time_zone": "America/New_York", "locale": "en-US",
    })
}

pub(super) fn tenant(_: &Fixture) -> Value {
    json!({ "name": "Acme", "time_zone": "Europe/Berlin", "locale": "de", "require_if_match": false })
}

pub(super) fn registration(_: &Fixture) -> Value {
    let name = fresh();
    json!({
        "organisation": { "name": name, "slug": name },
        "admin": {
            "email": format!("{name}@walks.example"), "username": "admin", "password": PASSWORD, "first_name": "Ada",
            "last_name": "Lovelace",
        },
        "invitation": null,
    })
}

pub(super) fn credentials(fixture: &Fixture) -> Value {
    let people = &fixture.people;
    json!({
        "grant_type": "password", "email": people.admin.email, "password": PASSWORD, "tenant": people.slug,
    })
}

pub(super) fn refresh(fixture: &Fixture) -> Value {
    json!({ "refresh_token": fixture.refresh })
}

pub(super) fn token(fixture: &Fixture) -> Value {
    json!({ "token": fixture.admin })
}

pub(super) fn password_change(_: &Fixture) -> Value {
    json!({ "old_password": PASSWORD, "new_password": ANOTHER_PASSWORD })
}
