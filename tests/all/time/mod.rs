//! Scenario tests of time entries and timers.

mod access;
mod entry;
mod removed;
mod tasks;
mod timer;
mod totals;

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_domain::Timestamp;
use taskhub_tests::{App, User};

/// Creates a row. Returns its id and path.
async fn make(app: &App, by: &User, path: &str, body: Value) -> (Value, String) {
    let made = app.post(path).by(by).json(&body).send().await.expect(201);
    (made.body["id"].clone(), made.header("location").to_owned())
}

/// Creates a task, in a project if one is given. Returns its id and path.
async fn task(app: &App, by: &User, project: Option<&Value>) -> (Value, String) {
    make(app, by, "/tasks", json!({ "title": "Draw it", "project_id": project })).await
}

fn ago(app: &App, minutes: u64) -> Timestamp {
    app.clock.now().minus(Duration::from_mins(minutes))
}

/// Creates a time entry on the task that began `since` minutes ago. Returns its path.
async fn work(app: &App, by: &User, task: &str, since: u64, minutes: u64) -> String {
    let body = json!({ "started_at": ago(app, since), "minutes": minutes });
    make(app, by, &format!("{task}/time-entries"), body).await.1
}
