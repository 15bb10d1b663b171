//! Scenario tests of bulk changes of documents, requests and users. Each change follows the rules
//! of the single operation.

mod documents;
mod last_admin;
mod users;

use serde_json::{Value, json};
use taskhub_tests::{Answer, App, PASSWORD, Tenant, User};

async fn send(app: &App, by: &User, noun: &str, operations: Value) -> Answer {
    app.post(&format!("/{noun}/bulk")).by(by).json(&json!({ "operations": operations })).send().await
}

/// The status, the code and the pointer to the first change that failed.
fn refused(answer: &Answer) -> (u16, &str, &str) {
    (answer.status, answer.code(), answer.pointer())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn new(t: &Tenant, name: &str, role: &str) -> Value {
    let body = json!({ "email": format!("{name}@{}.example", t.slug), "username": name, "password": PASSWORD, "role": role });
    json!({ "action": "create", "body": body })
}
