//! Bodies for the table: valid, with every field that the operation accepts.

use image::{DynamicImage, ImageFormat};
use serde_json::{Value, json};
use taskhub_tests::PASSWORD;

use super::fixture::{Fixture, Slot, fresh};

/// A password other than the common one.
pub(super) const ANOTHER_PASSWORD: &str = "nine-quiet-lanterns";

const START: &str = "2027-01-01T00:00:00Z";
const DUE: &str = "2027-02-01T00:00:00Z";

pub(super) fn task(fixture: &Fixture) -> Value {
    json!({
        "title": "Write the notes", "description": "All of them.", "project_id": fixture.id(Slot::Project),
        "assignee_id": fixture.id(Slot::Assignee), "status": "in_progress", "priority": "high", "start_at": START,
        "due_at": DUE, "estimate_minutes": 30, "parent_id": fixture.id(Slot::ParentTask), "label_ids": [fixture.id(Slot::Label)],
        "recurrence": "FREQ=WEEKLY;BYDAY=MO",
    })
}

pub(super) fn task_move(fixture: &Fixture) -> Value {
    json!({ "project_id": fixture.id(Slot::Project), "beside_id": fixture.id(Slot::ParentTask), "side": "before" })
}

pub(super) fn task_dependency(fixture: &Fixture) -> Value {
    json!({ "blocker_id": fixture.id(Slot::ParentTask) })
}

pub(super) fn task_changes(fixture: &Fixture) -> Value {
    changes(fixture, Slot::Task, &task(fixture))
}

pub(super) fn document_changes(fixture: &Fixture) -> Value {
    changes(fixture, Slot::Document, &document(fixture))
}

pub(super) fn request_changes(fixture: &Fixture) -> Value {
    changes(fixture, Slot::Request, &request(fixture))
}

pub(super) fn user_changes(fixture: &Fixture) -> Value {
    let mut changes = changes(fixture, Slot::Spare, &json!({ "first_name": "Grace", "role": "manager" }));
    changes["operations"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "action": "create", "body": new_user(fixture) }));
    changes
}

/// A bulk request with one operation.
fn changes(fixture: &Fixture, slot: Slot, body: &Value) -> Value {
    json!({ "operations": [{ "action": "update", "id": fixture.id(slot), "version": 1, "body": body }] })
}

pub(super) fn label(_: &Fixture) -> Value {
    json!({ "name": fresh(), "color": "#d73a4a" })
}

/// Mentions the member, who has not been mentioned in the comment before.
pub(super) fn comment(_: &Fixture) -> Value {
    json!({ "body": format!("Done, @member: {}.", fresh()) })
}

pub(super) fn watcher(fixture: &Fixture) -> Value {
    json!({ "user_id": fixture.id(Slot::Assignee) })
}

pub(super) fn reminder(_: &Fixture) -> Value {
    json!({ "remind_at": DUE, "before_due_minutes": null })
}

pub(super) fn time_entry(_: &Fixture) -> Value {
    json!({ "started_at": "2026-01-30T09:00:00Z", "ended_at": null, "minutes": 90, "note": "Second draft" })
}

pub(super) fn project(fixture: &Fixture) -> Value {
    json!({
        "name": "Relaunch", "description": "Of everything.", "scope": "All pages.", "objectives": "More visitors.", "manager_id": fixture.id(Slot::Assignee), "team_id": fixture.id(Slot::Team), "status": "active",
        "priority": "high", "start_at": START, "due_at": DUE,
    })
}

pub(super) fn milestone(_: &Fixture) -> Value {
    json!({ "name": "Beta", "description": "For friends.", "due_at": DUE, "reached": true })
}

pub(super) fn team(fixture: &Fixture) -> Value {
    json!({
        "name": fresh(), "description": "All who draw.", "goals": "One look for everything.",
        "manager_id": fixture.id(Slot::Assignee),
    })
}

pub(super) fn new_team_member(fixture: &Fixture) -> Value {
    json!({ "user_id": fixture.id(Slot::Assignee), "role": "Illustrator" })
}

pub(super) fn team_member(fixture: &Fixture) -> Value {
    json!({ "user_id": fixture.id(Slot::Member), "role": "Illustrator" })
}

pub(super) fn status(_: &Fixture) -> Value {
    json!({ "status": "on_hold" })
}

pub(super) fn work_client(_: &Fixture) -> Value {
    json!({
        "name": fresh(), "email": "hello@bakery.example", "phone": "+49 40 123456", "address": "1 Harbour Road",
        "notes": "Closed on Mondays.",
    })
}

pub(super) fn request_type(_: &Fixture) -> Value {
    json!({ "name": fresh(), "description": "What does not work." })
}

pub(super) fn request(fixture: &Fixture) -> Value {
    json!({
        "client_id": fixture.id(Slot::Client), "type_id": fixture.id(Slot::RequestType), "title": "The oven is cold",
        "description": "Since Monday.", "assignee_id": fixture.id(Slot::Assignee),
    })
}

pub(super) fn request_status(_: &Fixture) -> Value {
    json!({ "status": "in_progress" })
}

pub(super) fn document(fixture: &Fixture) -> Value {
    json!({ "title": "Decisions", "project_id": fixture.id(Slot::Project), "content": "None." })
}

/// A file of arbitrary bytes.
pub(super) fn file(_: &Fixture) -> Vec<u8> {
    fresh().into_bytes()
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

pub(super) fn users(_: &Fixture) -> Vec<u8> {
    let name = fresh();
    format!("email,username,first_name,last_name,role\r\n{name}@walks.example,{name},Grace,Hopper,member\r\n")
        .into_bytes()
}

pub(super) fn profile(_: &Fixture) -> Value {
    json!({
        "first_name": "Grace", "last_name": "Hopper", "phone": "+1 555 0100", "address": "1 Harbour Road",
        "date_of_birth": "1906-12-09", "time_zone": "America/New_York", "locale": "en-US",
        "notification_preferences": {
            "assignment": "mail", "mention": "mail", "comment": "inbox", "status": "none", "due_soon": "inbox", "overdue": "mail",
            "reminder": "mail", "quiet_from": "22:00", "quiet_until": "07:00",
        },
    })
}

pub(super) fn tenant(_: &Fixture) -> Value {
    json!({
        "name": "Acme", "time_zone": "Europe/Berlin", "locale": "de", "require_if_match": false, "registration": "open",
        "email_domains": ["walks.example"], "require_verified_email": false,
    })
}

pub(super) fn registration(_: &Fixture) -> Value {
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

pub(super) fn invitation(_: &Fixture) -> Value {
    json!({ "email": format!("{}@walks.example", fresh()), "role": "member" })
}

pub(super) fn verification(fixture: &Fixture) -> Value {
    json!({ "token": fixture.verification })
}

/// Of an address without an account, because the mail would be sent after the response.
pub(super) fn link_request(fixture: &Fixture) -> Value {
    json!({ "email": format!("{}@walks.example", fresh()), "tenant": fixture.people.slug })
}

pub(super) fn password_reset(fixture: &Fixture) -> Value {
    json!({ "token": fixture.reset, "new_password": ANOTHER_PASSWORD })
}

pub(super) fn credentials(fixture: &Fixture) -> Value {
    let people = &fixture.people;
    json!({
        "grant_type": "password", "email": people.admin.email, "password": PASSWORD, "tenant": people.slug, "code": null,
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

/// A picture of one pixel with transparency.
pub(super) fn picture(_: &Fixture) -> Vec<u8> {
    let mut octets = std::io::Cursor::new(Vec::new());
    DynamicImage::new_rgba8(1, 1).write_to(&mut octets, ImageFormat::Png).unwrap();
    octets.into_inner()
}

/// Another picture.
pub(super) fn other_picture() -> Vec<u8> {
    let mut octets = std::io::Cursor::new(Vec::new());
    DynamicImage::new_rgb8(3, 2).write_to(&mut octets, ImageFormat::Jpeg).unwrap();
    octets.into_inner()
}

pub(super) fn password(_: &Fixture) -> Value {
    json!({ "password": PASSWORD })
}

pub(super) fn code(fixture: &Fixture) -> Value {
    json!({ "code": fixture.enrolling.code() })
}

pub(super) fn both_factors(fixture: &Fixture) -> Value {
    json!({ "password": PASSWORD, "code": fixture.guarded.code() })
}

pub(super) fn service_account(_: &Fixture) -> Value {
    // A scope that every caller in the tests has.
    json!({ "name": fresh(), "scopes": ["service-accounts:write"], "expires_at": START, "is_active": true })
}

pub(super) fn rotation(_: &Fixture) -> Value {
    json!({ "overlap_seconds": 60 })
}

pub(super) fn access_token(fixture: &Fixture) -> Value {
    json!({ "name": "nightly report", "scopes": ["tasks:read"], "expires_at": fixture.soon })
}

/// The credentials of a client as a body, with more fields.
pub(super) fn client(fixture: &Fixture, more: &Value) -> Value {
    let mut body =
        json!({ "client_id": fixture.id(Slot::ServiceAccount), "client_secret": fixture.client_secret });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

pub(super) fn revocation(fixture: &Fixture) -> Value {
    client(fixture, &json!({ "token": fixture.personal, "token_type_hint": "access_token" }))
}

pub(super) fn introspection(fixture: &Fixture) -> Value {
    client(fixture, &json!({ "token": fixture.admin, "token_type_hint": "access_token" }))
}
