//! Creating, changing, replacing, completing and deleting a task.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::whole;

every_database!(
    task_is_created_completed_and_deleted,
    patch_changes_only_the_given_fields,
    put_replaces_the_whole_task,
    completed_at_is_set_and_cleared_with_the_status,
);

async fn task_is_created_completed_and_deleted(app: &App) {
    let t = app.tenant().await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let new = json!({ "title": " Write it ", "project_id": project["id"], "assignee_id": t.other.id, "due_at": "2027-01-01T00:00:00Z" });
    let made = app.post("/tasks").by(&t.member).json(&new).send().await.expect(201);
    assert_eq!(made.header("etag"), "\"1\"");
    assert_eq!(made.body["title"], "Write it");
    assert_eq!(made.body["owner_id"], json!(t.member.id));
    let path = made.header("location").to_owned();
    assert_eq!(app.get(&path).by(&t.admin).gives(200).await, made.body);
    let done = app.post(&format!("{path}/complete")).by(&t.other).gives(200).await;
    assert_eq!((&done["status"], &done["version"]), (&json!("done"), &json!(2)));
    let audit =
        app.get(&format!("/audit?row={}", made.body["id"].as_str().unwrap())).by(&t.admin).gives(200).await;
    let actions: Vec<_> = audit["results"].as_array().unwrap().iter().map(|line| &line["action"]).collect();
    assert_eq!(actions, [&json!("complete"), &json!("create")]);
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    let _ = app.get(&path).by(&t.member).gives(404).await;
}

async fn patch_changes_only_the_given_fields(app: &App) {
    let t = app.tenant().await;
    let (before, path) = whole(app, &t).await;
    app.clock.advance(std::time::Duration::from_secs(1));
    let body = json!({ "priority": "low", "description": null, "estimate_minutes": null });
    let change = app.patch(&path).by(&t.member).body("application/merge-patch+json", body.to_string());
    let after = change.gives(200).await;
    let mut expected = before.clone();
    expected["priority"] = json!("low");
    expected["description"] = Value::Null;
    expected["estimate_minutes"] = Value::Null;
    expected["version"] = json!(2);
    expected["updated_at"] = after["updated_at"].clone();
    assert_eq!(after, expected);
    assert!(after["updated_at"].as_str() > before["updated_at"].as_str());
    let audit = app.get("/audit?noun=task&action=update").by(&t.admin).gives(200).await;
    let line = &audit["results"][0];
    assert_eq!(line["old_values"]["priority"], "high");
    assert_eq!(line["new_values"]["priority"], "low");
    assert!(line["old_values"].get("title").is_none(), "only what changed: {line}");
}

async fn put_replaces_the_whole_task(app: &App) {
    let t = app.tenant().await;
    let (before, path) = whole(app, &t).await;
    let after = app.put(&path).by(&t.member).json(&json!({ "title": "Rewritten" })).gives(200).await;
    for name in ["description", "project_id", "assignee_id", "start_at", "due_at", "estimate_minutes"] {
        assert_eq!(after[name], Value::Null, "{name}");
    }
    assert_eq!((&after["status"], &after["priority"]), (&json!("todo"), &json!("medium")));
    for name in ["id", "owner_id", "created_at"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    let refused = app.put(&path).by(&t.member).json(&json!({ "status": "done" })).send().await.expect(422);
    assert_eq!((refused.pointer(), &refused.body["errors"][0]["code"]), ("/title", &json!("required")));
}

async fn completed_at_is_set_and_cleared_with_the_status(app: &App) {
    let t = app.tenant().await;
    let (_, path) = whole(app, &t).await;
    app.clock.advance(std::time::Duration::from_mins(1));
    let done = app.post(&format!("{path}/complete")).by(&t.member).gives(200).await;
    assert_eq!((&done["status"], &done["completed_at"]), (&json!("done"), &done["updated_at"]));
    app.clock.advance(std::time::Duration::from_mins(1));
    // Completing again is a no-op, another change keeps `completed_at`, and reopening clears it.
    let again = app.post(&format!("{path}/complete")).by(&t.member).gives(200).await;
    assert_eq!(again, done);
    let renamed = app.patch(&path).by(&t.member).json(&json!({ "title": "Written" })).gives(200).await;
    assert_eq!(renamed["completed_at"], done["completed_at"]);
    let open = app.patch(&path).by(&t.member).json(&json!({ "status": "todo" })).gives(200).await;
    assert_eq!(open["completed_at"], Value::Null);
    let done = app.patch(&path).by(&t.member).json(&json!({ "status": "done" })).gives(200).await;
    assert_eq!(done["completed_at"], done["updated_at"]);
    let _ = app.patch(&path).by(&t.member).json(&json!({ "status": "cancelled" })).gives(200).await;
    let refused = app.post(&format!("{path}/complete")).by(&t.member).send().await.expect(409);
    assert_eq!(refused.code(), "conflict");
}
