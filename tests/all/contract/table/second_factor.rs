//! The second factor of the caller.

use serde_json::{Value, json};
use taskhub_tests::PASSWORD;

use super::{Entry, Fixture};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::session("get_totp", &["second-factor:read"]),
    Entry::session("create_totp", &["second-factor:write"]).body(password, &[]).changes(&["second_factor"]),
    Entry::session("confirm_totp", &["second-factor:write"])
        .by(|fixture| &fixture.enrolling.token)
        .body(code, &[])
        .changes(&["second_factor"]),
    Entry::session("replace_recovery_codes", &["second-factor:write"])
        .by(|fixture| &fixture.guarded.token)
        .body(both_factors, &[])
        .changes(&["second_factor"]),
    Entry::session("disable_totp", &["second-factor:write"])
        .by(|fixture| &fixture.guarded.token)
        .body(both_factors, &[])
        .changes(&["second_factor"]),
];

fn password(_: &Fixture) -> Value {
    json!({ "password": PASSWORD })
}

fn code(fixture: &Fixture) -> Value {
    json!({ "code": fixture.enrolling.code() })
}

fn both_factors(fixture: &Fixture) -> Value {
    json!({ "password": PASSWORD, "code": fixture.guarded.code() })
}
