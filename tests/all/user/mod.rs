//! Scenario tests of users and profiles.

mod administration;
mod basics;
mod date_of_birth;
mod files;
mod handover;
mod making;
mod permissions;
mod profile;
mod role;
mod search;

use serde_json::{Value, json};
use taskhub_tests::PASSWORD;

fn new(t: &taskhub_tests::Tenant, name: &str) -> Value {
    json!({ "email": format!("{name}@{}.example", t.slug), "username": name, "password": PASSWORD })
}
