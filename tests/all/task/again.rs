//! The stories of tasks that come again.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{make, path};

every_database!(a_weekly_task_comes_weekly, what_is_no_rule_is_refused);

async fn a_weekly_task_comes_weekly(app: &App) {
    let t = app.tenant().await;
    let label = app.post("/labels").by(&t.admin).json(&json!({ "name": "House" })).gives(201).await;
    let body = json!({
        "title": "Water the plants", "start_at": "2026-11-01T09:00:00Z", "due_at": "2026-11-02T09:00:00Z",
        "recurrence": "FREQ=WEEKLY;COUNT=3", "label_ids": [label["id"]], "assignee_id": t.other.id,
    });
    let task = make(app, &t.member, body).await;
    let done = app.post(&format!("{}/complete", path(&task))).by(&t.other).gives(200).await;
    // The rule is the next one's, so that completing this one again makes no other.
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

async fn what_is_no_rule_is_refused(app: &App) {
    let t = app.tenant().await;
    let due = "2026-11-02T09:00:00Z";
    let never = json!({ "title": "Water", "recurrence": "FREQ=DAILY" });
    let answer = app.post("/tasks").by(&t.member).json(&never).send().await.expect(422);
    assert_eq!((answer.pointer(), &answer.body["errors"][0]["code"]), ("/due_at", &json!("required")));
    for body in [
        json!({ "title": "Water", "due_at": due, "recurrence": "often" }),
        json!({ "title": "Water", "due_at": due, "recurrence": "FREQ=HOURLY" }),
        json!({ "title": "Water", "due_at": due, "recurrence": "FREQ=DAILY\nFREQ=DAILY" }),
        json!({ "title": "Water", "due_at": due, "recurrence": "" }),
    ] {
        let answer = app.post("/tasks").by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(answer.pointer(), "/recurrence", "{body}");
    }
}
