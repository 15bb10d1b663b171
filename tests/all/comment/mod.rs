//! Scenario tests of comments and watchers.

mod basics;
mod mention;
mod watcher;

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User};

/// Creates a task as the user. Returns its path.
pub(crate) async fn task(app: &App, by: &User, body: Value) -> String {
    app.post("/tasks").by(by).json(&body).send().await.expect(201).header("location").to_owned()
}

/// Creates a comment. Returns its path.
pub(crate) async fn say(app: &App, by: &User, task: &str, body: &str) -> String {
    let made = app.post(&format!("{task}/comments")).by(by).json(&json!({ "body": body })).send().await;
    made.expect(201).header("location").to_owned()
}

/// The kinds of the user's notifications, oldest first.
pub(crate) async fn told(app: &App, user: &User) -> Vec<String> {
    let list = app.get("/notifications?sort=created_at").by(user).gives(200).await;
    let rows = list["results"].as_array().unwrap();
    rows.iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect()
}

/// Adds the other member to the team of the hidden project. Returns the path of the membership.
pub(crate) async fn let_in(app: &App, t: &Tenant) -> String {
    let teams = app.get("/teams?name=Design").by(&t.manager).gives(200).await;
    let members = format!("/teams/{}/members", teams["results"][0]["id"].as_str().unwrap());
    let made = app.post(&members).by(&t.manager).json(&json!({ "user_id": t.other.id })).send().await;
    made.expect(201).header("location").to_owned()
}

/// A project of a team whose only member is the member, managed by the manager. Returns its id.
pub(crate) async fn hidden_project(app: &App, t: &Tenant) -> Value {
    let team = app.post("/teams").by(&t.manager).json(&json!({ "name": "Design" })).gives(201).await;
    let members = format!("/teams/{}/members", team["id"].as_str().unwrap());
    let _ = app.post(&members).by(&t.manager).json(&json!({ "user_id": t.member.id })).gives(201).await;
    let body = json!({ "name": "Brand", "team_id": team["id"] });
    app.post("/projects").by(&t.manager).json(&body).gives(201).await["id"].clone()
}
