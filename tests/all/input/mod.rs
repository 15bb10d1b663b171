//! Scenario tests of the rules for every body: enum values are strings, names are visible text, and
//! time zones and locales exist.

mod errors;
mod names;
mod values;

use serde_json::json;
use taskhub_tests::{App, Tenant};

async fn project(app: &App, t: &Tenant) -> String {
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    format!("/projects/{}", project["id"].as_str().unwrap())
}
