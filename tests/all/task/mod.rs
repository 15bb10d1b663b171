//! Scenario tests of tasks.

mod again;
mod basics;
mod bulk;
mod deleted;
mod dependencies;
mod history;
mod invalid;
mod labels;
mod order;
mod parts;
mod permissions;

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User};

/// A task with every field, in a project. Returns the task and its path.
async fn whole(app: &App, t: &Tenant) -> (Value, String) {
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let new = json!({
        "title": "Write it", "description": "In short.\nAnd well.", "project_id": project["id"], "assignee_id": t.other.id,
        "status": "in_progress", "priority": "high", "start_at": "2027-01-01T02:00:00+02:00", "due_at": "2027-01-02T00:00:00Z",
        "estimate_minutes": 90,
    });
    let made = app.post("/tasks").by(&t.member).json(&new).send().await.expect(201);
    let path = made.header("location").to_owned();
    assert_eq!(made.body["start_at"], "2027-01-01T00:00:00.000000Z");
    assert_eq!(made.body["description"], "In short.\nAnd well.");
    (made.body, path)
}

/// Creates a task and returns it.
async fn make(app: &App, by: &User, body: Value) -> Value {
    app.post("/tasks").by(by).json(&body).gives(201).await
}

/// The path of the task.
fn path(task: &Value) -> String {
    format!("/tasks/{}", task["id"].as_str().unwrap())
}

/// The id of a project without a team.
async fn project(app: &App, by: &User) -> Value {
    app.post("/projects").by(by).json(&json!({ "name": "Website" })).gives(201).await["id"].clone()
}
