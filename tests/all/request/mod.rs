//! Scenario tests of clients and their requests.

mod access;
mod assignee;
mod status;

use serde_json::{Value, json};
use taskhub_tests::{App, User};

/// Creates a row with a name. Returns its id and path.
async fn named(app: &App, by: &User, path: &str, name: &str) -> (Value, String) {
    let made = app.post(path).by(by).json(&json!({ "name": name })).send().await.expect(201);
    (made.body["id"].clone(), made.header("location").to_owned())
}

/// Creates a request. Returns its path.
async fn ask(app: &App, by: &User, client: &Value, kind: &Value, title: &str) -> String {
    let body = json!({ "client_id": client, "type_id": kind, "title": title });
    app.post("/requests").by(by).json(&body).send().await.expect(201).header("location").to_owned()
}

fn to(status: &str) -> Value {
    json!({ "status": status })
}
