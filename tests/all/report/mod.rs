//! Scenario tests of reports and of the dashboard.

mod counts;
mod dashboard;
mod export;
mod individual;
mod managed;
mod team;

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, User};

/// Creates a row. Returns its id.
async fn make(app: &App, by: &User, path: &str, body: Value) -> Value {
    app.post(path).by(by).json(&body).gives(201).await["id"].clone()
}

/// Creates a task of the project for the assignee. Returns its path.
async fn task(app: &App, by: &User, project: &Value, assignee: &User, more: Value) -> String {
    let mut body = json!({ "title": "Draw it", "project_id": project, "assignee_id": assignee.id });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let id = make(app, by, "/tasks", body).await;
    format!("/tasks/{}", id.as_str().unwrap())
}

/// The rows of a report.
async fn lines(app: &App, by: &User, report: &str) -> Vec<Value> {
    let report = app.get(&format!("/reports/{report}")).by(by).gives(200).await;
    assert_eq!(report["truncated"], false);
    report["results"].as_array().unwrap().clone()
}

/// Some fields of a row.
fn told<const N: usize>(line: &Value, names: [&str; N]) -> Value {
    Value::Array(names.map(|name| line[name].clone()).to_vec())
}

async fn work(app: &App, by: &User, task: &str, minutes: u64) {
    let start = app.clock.now().minus(Duration::from_mins(minutes));
    let body = json!({ "started_at": start, "minutes": minutes });
    let _ = app.post(&format!("{task}/time-entries")).by(by).json(&body).gives(201).await;
}
