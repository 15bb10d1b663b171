//! Scenario tests of conditional requests: entity tags, `If-None-Match` and `If-Match`.

mod if_match;
mod if_none_match;

use serde_json::json;
use taskhub_tests::{App, Tenant};

async fn task(app: &App, t: &Tenant) -> String {
    let made = app.post("/tasks").by(&t.member).json(&json!({ "title": "Before" })).gives(201).await;
    format!("/tasks/{}", made["id"].as_str().unwrap())
}
