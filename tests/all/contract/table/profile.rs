//! The profile of the caller.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat};
use serde_json::{Value, json};
use taskhub_tests::PASSWORD;

use super::{ANOTHER_PASSWORD, Entry, Fixture};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::person("get_profile", &["users:read"]),
    Entry::person("replace_profile", &["users:write"])
        .body(profile, &[])
        .cross_field(&[("required", "/notification_preferences/quiet_")])
        .changes(&["user"]),
    Entry::person("update_profile", &["users:write"])
        .body(profile, &[])
        .cross_field(&[("required", "/notification_preferences/quiet_")])
        .changes(&["user"]),
    Entry::person("replace_picture", &["users:write"]).bytes("image/png", picture).changes(&["picture"]),
    Entry::person("delete_picture", &["users:write"]).changes(&["picture", "user"]),
    Entry::person("change_password", &["users:write"]).body(password_change, &[]).changes(&[
        "revocation",
        "session",
        "user",
    ]),
];

fn profile(_: &Fixture) -> Value {
    json!({
        "first_name": "Grace", "last_name": "Hopper", "phone": "+1 555 0100", "address": "1 Harbour Road",
        "date_of_birth": "1906-12-09", "time_zone": "America/New_York", "locale": "en-US",
        "notification_preferences": {
            "assignment": "mail", "mention": "mail", "comment": "inbox", "status": "none", "due_soon": "inbox",
            "overdue": "mail", "reminder": "mail", "quiet_from": "22:00", "quiet_until": "07:00",
        },
    })
}

/// A picture of one pixel with transparency.
fn picture(_: &Fixture) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::new_rgba8(1, 1).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn password_change(_: &Fixture) -> Value {
    json!({ "old_password": PASSWORD, "new_password": ANOTHER_PASSWORD })
}
