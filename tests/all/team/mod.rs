//! Scenario tests of teams.

mod basics;
mod members;
mod visible;

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User};

/// Creates a team with a manager. Returns its id and path.
async fn team(app: &App, t: &Tenant, name: &str, manager: &User) -> (Value, String) {
    let body = json!({ "name": name, "manager_id": manager.id });
    let made = app.post("/teams").by(&t.admin).json(&body).send().await.expect(201);
    (made.body["id"].clone(), made.header("location").to_owned())
}

/// Adds a user to a team. Returns the path of the membership.
async fn join(app: &App, by: &User, team: &str, user: &User) -> String {
    let made = app.post(&format!("{team}/members")).by(by).json(&json!({ "user_id": user.id })).send().await;
    made.expect(201).header("location").to_owned()
}

/// Creates a row. Returns its id and path.
async fn make(app: &App, by: &User, path: &str, body: Value) -> (Value, String) {
    let made = app.post(path).by(by).json(&body).send().await.expect(201);
    (made.body["id"].clone(), made.header("location").to_owned())
}
