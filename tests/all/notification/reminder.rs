//! Reminders: when they fire, and deleting them.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{HOUR, after, ask, pass, tenant};
use crate::comment::{task, told};

every_database!(
    reminder_is_created_fired_and_deleted,
    reminder_follows_the_due_date,
    overdue_reminder_fires_at_once,
    reminder_fires_in_an_archived_project,
);

async fn reminder_is_created_fired_and_deleted(app: &App) {
    let mut t = tenant(app).await;
    let task = task(app, &t.member, json!({ "title": "Write it" })).await;
    let at = after(app, Duration::from_mins(5));
    let path = ask(app, &t.member, &task, json!({ "remind_at": at })).await;
    let row = app.get(&path).by(&t.member).gives(200).await;
    assert_eq!((&row["remind_at"], &row["before_due_minutes"]), (&json!(at), &Value::Null));
    assert_eq!((&row["fired_at"], &row["user_id"]), (&Value::Null, &json!(t.member.id)));
    pass(app, &mut t, Duration::from_mins(5) - Duration::from_micros(1)).await;
    assert!(told(app, &t.member).await.is_empty());
    pass(app, &mut t, Duration::from_micros(1)).await;
    assert_eq!(told(app, &t.member).await, ["reminder"]);
    let line = app.get("/notifications").by(&t.member).gives(200).await["results"][0].clone();
    assert_eq!(line["text"], "Reminder: “Write it”.");
    assert_eq!((&line["noun"], &line["actor_id"]), (&json!("task"), &Value::Null));
    let fired = app.get(&path).by(&t.member).gives(200).await;
    assert_eq!((&fired["fired_at"], &fired["version"]), (&json!(at), &json!(2)));
    // A reminder with a new time fires again.
    let again = after(app, Duration::from_mins(1));
    let set = app.patch(&path).by(&t.member).json(&json!({ "remind_at": again })).gives(200).await;
    assert_eq!(set["fired_at"], Value::Null);
    pass(app, &mut t, Duration::from_mins(1)).await;
    assert_eq!(told(app, &t.member).await, ["reminder", "reminder"]);
    // A deleted reminder does not fire.
    let path = ask(app, &t.member, &task, json!({ "remind_at": after(app, Duration::from_mins(1)) })).await;
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    pass(app, &mut t, Duration::from_mins(1)).await;
    assert_eq!(told(app, &t.member).await, ["reminder", "reminder"]);
}

async fn reminder_follows_the_due_date(app: &App) {
    let mut t = tenant(app).await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let task = task(app, &t.other, json!({ "title": "Write it", "project_id": project["id"] })).await;
    // A reminder does not fire while the task has no due date.
    let _ = ask(app, &t.member, &task, json!({ "before_due_minutes": 10 })).await;
    let due = |minutes| json!({ "due_at": after(app, Duration::from_mins(minutes)) });
    let _ = app.patch(&task).by(&t.other).json(&due(15)).gives(200).await;
    let _ = app.patch(&task).by(&t.other).json(&due(40)).gives(200).await;
    pass(app, &mut t, Duration::from_mins(6)).await;
    assert!(told(app, &t.member).await.is_empty());
    pass(app, &mut t, Duration::from_mins(24)).await;
    assert_eq!(told(app, &t.member).await, ["reminder"]);
    // A fired reminder does not fire again when the due date changes.
    let _ = app.patch(&task).by(&t.other).json(&due(30)).gives(200).await;
    pass(app, &mut t, Duration::from_mins(25)).await;
    assert_eq!(told(app, &t.member).await, ["reminder"]);
}

async fn reminder_fires_in_an_archived_project(app: &App) {
    let mut t = tenant(app).await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Old" })).gives(201).await;
    let task = task(app, &t.member, json!({ "title": "Write it", "project_id": project["id"] })).await;
    let path = ask(app, &t.member, &task, json!({ "remind_at": after(app, HOUR) })).await;
    let status = format!("/projects/{}/status", project["id"].as_str().unwrap());
    let _ = app.patch(&status).by(&t.manager).json(&json!({ "status": "archived" })).gives(200).await;
    pass(app, &mut t, HOUR).await;
    assert_eq!(told(app, &t.member).await, ["reminder"]);
    assert_eq!(app.get(&path).by(&t.member).gives(200).await["version"], 2);
}

async fn overdue_reminder_fires_at_once(app: &App) {
    let mut t = tenant(app).await;
    let task = task(app, &t.member, json!({ "title": "Write it", "due_at": after(app, HOUR * 5) })).await;
    let _ = ask(app, &t.member, &task, json!({ "before_due_minutes": 120 })).await;
    let due = |minutes| json!({ "due_at": after(app, Duration::from_mins(minutes)) });
    let _ = app.patch(&task).by(&t.member).json(&due(60)).gives(200).await;
    pass(app, &mut t, Duration::from_mins(1)).await;
    assert_eq!(told(app, &t.member).await, ["reminder"]);
}
