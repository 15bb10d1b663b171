//! Completing a recurring task creates the next one, with its subtasks, watchers and reminders.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use crate::task::{make, path};

every_database!(completing_a_weekly_task_creates_the_next, next_task_keeps_subtasks_watchers_and_reminders);

async fn completing_a_weekly_task_creates_the_next(app: &App) {
    let t = app.tenant().await;
    let label = app.post("/labels").by(&t.admin).json(&json!({ "name": "House" })).gives(201).await;
    let body = json!({
        "title": "Water the plants", "start_at": "2026-11-01T09:00:00Z", "due_at": "2026-11-02T09:00:00Z",
        "recurrence": "FREQ=WEEKLY;COUNT=3", "label_ids": [label["id"]], "assignee_id": t.other.id,
    });
    let task = make(app, &t.member, body).await;
    let done = app.post(&format!("{}/complete", path(&task))).by(&t.other).gives(200).await;
    // The rule moves to the next task, so completing this one again creates no other.
    assert_eq!((&done["status"], &done["recurrence"]), (&json!("done"), &json!(null)));
    let _ = app.post(&format!("{}/reopen", path(&task))).by(&t.other).gives(200).await;
    let _ = app.patch(&path(&task)).by(&t.other).json(&json!({ "status": "done" })).gives(200).await;
    let open = app.get("/tasks?status=todo").by(&t.member).gives(200).await;
    let [next] = open["results"].as_array().unwrap().as_slice() else { panic!("{open}") };
    for (field, value) in [
        ("title", json!("Water the plants")),
        ("start_at", json!("2026-11-08T09:00:00.000000Z")),
        ("due_at", json!("2026-11-09T09:00:00.000000Z")),
        ("recurrence", json!("FREQ=WEEKLY;COUNT=2")),
        ("label_ids", json!([label["id"]])),
        ("owner_id", json!(t.member.id)),
        ("assignee_id", json!(t.other.id)),
        ("version", json!(1)),
    ] {
        assert_eq!(next[field], value, "{field}");
    }
    let _ = app.patch(&path(next)).by(&t.other).json(&json!({ "status": "done" })).gives(200).await;
    let open = app.get("/tasks?status=todo").by(&t.member).gives(200).await;
    let last = &open["results"][0];
    assert_eq!((&open["count"], &last["due_at"]), (&json!(1), &json!("2026-11-16T09:00:00.000000Z")));
    let _ = app.post(&format!("{}/complete", path(last))).by(&t.other).gives(200).await;
    assert_eq!(app.get("/tasks?status=todo").by(&t.member).gives(200).await["count"], 0);
}

async fn next_task_keeps_subtasks_watchers_and_reminders(app: &App) {
    let t = app.tenant().await;
    let body = json!({
        "title": "Water the plants", "due_at": "2100-11-02T09:00:00Z", "recurrence": "FREQ=WEEKLY",
        "assignee_id": t.other.id, "estimate_minutes": 20,
    });
    let task = make(app, &t.member, body).await;
    let of = |task: &Value, what: &str| format!("{}/{what}", path(task));
    let watch = json!({ "user_id": t.manager.id });
    let _ = app.post(&of(&task, "watchers")).by(&t.admin).json(&watch).gives(201).await;
    for reminder in [json!({ "before_due_minutes": 30 }), json!({ "remind_at": "2100-11-01T09:00:00Z" })] {
        let _ = app.post(&of(&task, "reminders")).by(&t.other).json(&reminder).gives(201).await;
    }
    let _ = make(app, &t.member, json!({ "title": "Fill the can", "parent_id": task["id"] })).await;
    let _ = app.post(&of(&task, "complete")).by(&t.other).gives(200).await;
    let open = app.get("/tasks?status=todo&parent=none").by(&t.member).gives(200).await;
    let [next] = open["results"].as_array().unwrap().as_slice() else { panic!("{open}") };
    assert_eq!(
        (&next["due_at"], &next["estimate_minutes"]),
        (&json!("2100-11-09T09:00:00.000000Z"), &json!(20))
    );
    let watchers = app.get(&of(next, "watchers")).by(&t.member).gives(200).await;
    assert_eq!((&watchers["count"], &watchers["results"][0]["user_id"]), (&json!(1), &json!(t.manager.id)));
    // A reminder at a fixed time is not copied to the next task.
    let reminders = app.get(&of(next, "reminders")).by(&t.other).gives(200).await;
    assert_eq!(
        (&reminders["count"], &reminders["results"][0]["before_due_minutes"]),
        (&json!(1), &json!(30))
    );
    let parts = format!("/tasks?parent={}", next["id"].as_str().unwrap());
    assert_eq!(app.get(&parts).by(&t.member).gives(200).await["count"], 0);
    // A reopened task is open beside the next one, without a rule.
    let again = app.post(&of(&task, "reopen")).by(&t.other).gives(200).await;
    assert_eq!((&again["status"], &again["recurrence"]), (&json!("todo"), &Value::Null));
}
