//! Users.

use serde_json::{Value, json};
use taskhub_tests::PASSWORD;

use super::{Entry, Fixture, List, Slot, bulk, fresh};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_users", &["users:read"]),
    Entry::scoped("create_user", &["users:write"]).body(new_user, &[]).by_role().changes(&["link", "user"]),
    Entry::scoped("change_users", &["users:write"])
        .body(user_changes, &[("/operations/0/id", Slot::Spare)])
        .changes(&["link", "revocation", "tenant", "user"]),
    Entry::scoped("count_active_users", &["users:read"]),
    Entry::scoped("get_user", &["users:read"]).path(&[Slot::Spare]),
    Entry::scoped("replace_user", &["users:write"])
        .path(&[Slot::Spare])
        .body(user, &[])
        .changes(&["link", "tenant", "user"]),
    Entry::scoped("update_user", &["users:write"])
        .path(&[Slot::Spare])
        .body(user, &[])
        .changes(&["link", "tenant", "user"]),
    Entry::scoped("delete_user", &["users:write"])
        .path(&[Slot::Spare])
        .query_ids(&[("transfer_to", Slot::Assignee)])
        .unknown_id(400, "invalid_parameter")
        .changes(&["former_user", "link", "revocation", "second_factor", "tenant", "user"]),
    Entry::scoped("deactivate_user", &["users:write"]).path(&[Slot::Spare]).changes(&[
        "revocation",
        "tenant",
        "user",
    ]),
    Entry::scoped("reactivate_user", &["users:write"]).path(&[Slot::Inactive]).changes(&["tenant", "user"]),
    Entry::scoped("import_users", &["users:write"])
        .bytes("text/csv", users)
        .by_role()
        .changes(&["link", "user"]),
    Entry::scoped("export_users", &["users:read"]),
    Entry::scoped("get_user_picture", &["users:read"]).path(&[Slot::Pictured]).absent_at_first(),
    Entry::scoped("list_user_sessions", &["users:read", "sessions:read"])
        .path(&[Slot::Spare])
        .list(List::Rows),
    Entry::session("delete_second_factor", &["second-factor:write"])
        .path(&[Slot::Spare])
        .absent_at_first()
        .changes(&["revocation", "second_factor"]),
    Entry::scoped("list_user_history", &["users:read"])
        .path(&[Slot::Spare])
        .query_ids(&[("row", Slot::Task)])
        .list(List::Records),
    Entry::history("list_user_changes", &["users:read", "history:read"]).path(&[Slot::Spare]),
];

fn new_user(_: &Fixture) -> Value {
    let name = fresh();
    json!({
        "email": format!("{name}@walks.example"), "username": name, "password": PASSWORD, "first_name": "Grace",
        "last_name": "Hopper", "role": "member",
    })
}

fn user(_: &Fixture) -> Value {
    let name = fresh();
    json!({
        "email": format!("{name}@walks.example"), "username": name, "first_name": "Grace",
        "last_name": "Hopper", "phone": "+1 555 0100", "address": "1 Harbour Road",
        "date_of_birth": "1906-12-09", "time_zone": "America/New_York", "locale": "en-US", "role": "member",
        "is_active": true,
    })
}

fn user_changes(fixture: &Fixture) -> Value {
    let mut changes = bulk(fixture, Slot::Spare, &json!({ "first_name": "Grace", "role": "manager" }));
    changes["operations"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "action": "create", "body": new_user(fixture) }));
    changes
}

fn users(_: &Fixture) -> Vec<u8> {
    let name = fresh();
    format!("email,username,first_name,last_name,role\r\n{name}@walks.example,{name},Grace,Hopper,member\r\n")
        .into_bytes()
}
