//! Scenario tests of recorded changes: every deletion is recorded, every row has a history, and the
//! history keeps the permissions of its place.

mod cascade;
mod cascade_feed;
mod cascade_team;
mod deleted;
mod history;
mod history_user;
mod in_use;
mod moved_project;
mod moved_task;

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User};

use crate::comment::{say, task};

async fn make(app: &App, by: &User, path: &str, body: Value) -> (Value, String) {
    let made = app.post(path).by(by).json(&body).send().await.expect(201);
    let path = made.header("location").to_owned();
    (made.body, path)
}

async fn cursor(app: &App, by: &User) -> String {
    app.get("/changes").by(by).gives(200).await["next"].as_str().unwrap().to_owned()
}

/// The changes since the cursor.
async fn told(app: &App, by: &User, cursor: &str) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), cursor.to_owned());
    loop {
        let page = app.get(&format!("/changes?page_size=200&since={cursor}")).by(by).gives(200).await;
        for line in page["results"].as_array().unwrap() {
            all.push(format!("{}.{}", line["noun"].as_str().unwrap(), line["action"].as_str().unwrap()));
        }
        page["next"].as_str().unwrap().clone_into(&mut cursor);
        if page["more"] == false {
            return all;
        }
    }
}

/// The deletions of a resource type in the audit, each with the old values.
async fn removals(app: &App, t: &Tenant, noun: &str) -> Vec<Value> {
    let lines = app.get(&format!("/audit?noun={noun}&action=delete&sort=at")).by(&t.admin).gives(200).await;
    lines["results"].as_array().unwrap().iter().map(|line| line["old_values"].clone()).collect()
}

/// A time entry of one hour.
fn hour(app: &App) -> Value {
    let ago = |minutes| app.clock.now().minus(Duration::from_mins(minutes)).to_string();
    json!({ "started_at": ago(61), "ended_at": ago(1) })
}

/// A task with one row of every type below it. Returns its path and theirs, each with a user who
/// can read the row.
async fn full<'a>(app: &App, t: &'a Tenant) -> (String, Vec<(String, &'a User)>) {
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let new = |title: &str| json!({ "title": title, "project_id": project["id"] });
    let whole = task(app, &t.member, new("Whole")).await;
    let (first, last) = (task(app, &t.member, new("First")).await, task(app, &t.member, new("Last")).await);
    let on = |path: &str| json!({ "blocker_id": path.rsplit('/').next().unwrap() });
    let at = |what: &str| format!("{whole}/{what}");
    let hour = hour(app);
    let file = app.post(&at("attachments?name=plan.bin")).by(&t.member);
    let file = file.body("application/octet-stream", "octets".to_owned()).send().await.expect(201);
    let soon = json!({ "before_due_minutes": 5 });
    let inside = vec![
        (say(app, &t.other, &whole, "Is it done?").await, &t.member),
        (make(app, &t.member, &at("time-entries"), hour).await.1, &t.member),
        (make(app, &t.member, &at("watchers"), json!({})).await.1, &t.member),
        (make(app, &t.member, &at("reminders"), soon).await.1, &t.member),
        (make(app, &t.member, &at("dependencies"), on(&first)).await.1, &t.member),
        (file.header("location").to_owned(), &t.member),
        (make(app, &t.member, &format!("{last}/dependencies"), on(&whole)).await.1, &t.member),
    ];
    (whole, inside)
}

/// The numbers of the versions, oldest first.
async fn numbers(app: &App, by: &User, list: &str) -> Vec<i64> {
    let list = app.get(&format!("{list}?sort=number")).by(by).gives(200).await;
    list["results"].as_array().unwrap().iter().map(|it| it["number"].as_i64().unwrap()).collect()
}

/// A project of a team with the member, and an open project of the manager.
async fn places(app: &App, t: &Tenant) -> (Value, Value) {
    let hidden = crate::comment::hidden_project(app, t).await;
    let open = app.post("/projects").by(&t.manager).json(&json!({ "name": "Open" })).gives(201).await;
    (hidden, open["id"].clone())
}
