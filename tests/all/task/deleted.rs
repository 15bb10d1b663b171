//! Scenario tests of the trash for tasks.

use std::time::Duration;

use serde_json::json;
use taskhub_domain::context::Request;
use taskhub_tests::{App, every_database};

use super::{make, path};

every_database!(
    deleted_task_can_be_restored,
    subtasks_are_deleted_and_restored_with_their_parent,
    deleted_tasks_are_purged_after_the_retention_period
);

async fn deleted_task_can_be_restored(app: &App) {
    let t = app.tenant().await;
    let task = make(app, &t.member, json!({ "title": "Think", "assignee_id": t.other.id })).await;
    let _ = app.delete(&path(&task)).by(&t.other).gives(403).await;
    let _ = app.delete(&path(&task)).by(&t.member).gives(204).await;
    // Every operation answers 404 for the task.
    let _ = app.get(&path(&task)).by(&t.member).gives(404).await;
    let _ = app.patch(&path(&task)).by(&t.member).json(&json!({ "title": "Think hard" })).gives(404).await;
    let _ = app.delete(&path(&task)).by(&t.member).gives(404).await;
    assert_eq!(app.get("/tasks").by(&t.admin).gives(200).await["count"], 0);
    let part = json!({ "title": "A part", "parent_id": task["id"] });
    let _ = app.post("/tasks").by(&t.member).json(&part).gives(422).await;
    // The trash lists the task for users who could see it.
    let listed = app.get("/tasks/deleted").by(&t.other).gives(200).await;
    let [deleted] = listed["results"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!((&deleted["id"], deleted["deleted_at"].is_string()), (&task["id"], true));
    assert_eq!(app.get("/tasks/deleted").by(&t.manager).gives(200).await["count"], 1);
    let stranger = app.tenant().await;
    assert_eq!(app.get("/tasks/deleted").by(&stranger.admin).gives(200).await["count"], 0);
    let restore = format!("{}/restore", path(&task));
    let _ = app.post(&restore).by(&stranger.admin).gives(404).await;
    let _ = app.post(&restore).by(&t.other).gives(403).await;
    let restored = app.post(&restore).by(&t.member).gives(200).await;
    assert_eq!((&restored["deleted_at"], &restored["version"]), (&json!(null), &json!(3)));
    let _ = app.post(&restore).by(&t.member).gives(404).await;
    // Permanent deletion.
    let purge = format!("/tasks/deleted/{}", task["id"].as_str().unwrap());
    let _ = app.delete(&purge).by(&t.member).gives(404).await;
    let _ = app.delete(&path(&task)).by(&t.member).gives(204).await;
    let _ = app.delete(&purge).by(&t.other).gives(403).await;
    let _ = app.delete(&purge).by(&t.member).gives(204).await;
    assert_eq!(app.get("/tasks/deleted").by(&t.member).gives(200).await["count"], 0);
    let audit = app.get("/audit?noun=task").by(&t.admin).gives(200).await;
    let actions: Vec<_> = audit["results"].as_array().unwrap().iter().map(|it| &it["action"]).collect();
    assert_eq!(actions, ["purge", "delete", "restore", "delete", "create"]);
}

async fn subtasks_are_deleted_and_restored_with_their_parent(app: &App) {
    let t = app.tenant().await;
    let whole = make(app, &t.member, json!({ "title": "The whole" })).await;
    let mut parts = Vec::new();
    for title in ["One", "Two"] {
        parts.push(make(app, &t.manager, json!({ "title": title, "parent_id": whole["id"] })).await);
    }
    let below = make(app, &t.manager, json!({ "title": "Below", "parent_id": parts[1]["id"] })).await;
    let _ = app.delete(&path(&parts[0])).by(&t.manager).gives(204).await;
    app.clock.advance(Duration::from_secs(1));
    let _ = app.delete(&path(&whole)).by(&t.member).gives(204).await;
    let _ = app.get(&path(&below)).by(&t.manager).gives(404).await;
    assert_eq!(app.get("/tasks/deleted").by(&t.manager).gives(200).await["count"], 4);
    // A subtask cannot be restored without its parent.
    let _ = app.post(&format!("{}/restore", path(&parts[1]))).by(&t.manager).gives(409).await;
    let _ = app.post(&format!("{}/restore", path(&whole))).by(&t.member).gives(200).await;
    let _ = app.get(&path(&below)).by(&t.manager).gives(200).await;
    // A subtask that was deleted earlier is not restored.
    let _ = app.get(&path(&parts[0])).by(&t.manager).gives(404).await;
    let _ = app.delete(&path(&whole)).by(&t.member).gives(204).await;
    let purge = format!("/tasks/deleted/{}", whole["id"].as_str().unwrap());
    let _ = app.delete(&purge).by(&t.member).gives(204).await;
    assert_eq!(app.get("/tasks/deleted").by(&t.admin).gives(200).await["count"], 0);
}

async fn deleted_tasks_are_purged_after_the_retention_period(app: &App) {
    let t = app.tenant().await;
    let _ = app.patch("/tenant").by(&t.admin).json(&json!({ "purge_after_days": 2 })).gives(200).await;
    let old = make(app, &t.member, json!({ "title": "Old" })).await;
    let _ = app.delete(&path(&old)).by(&t.member).gives(204).await;
    app.clock.advance(Duration::from_hours(24));
    let caller = t.member.sign_in(app).await.0;
    let young = json!({ "title": "Young" });
    let young = app.post("/tasks").token(&caller).json(&young).gives(201).await;
    let _ = app.delete(&path(&young)).token(&caller).gives(204).await;
    app.clock.advance(Duration::from_hours(25));
    let system = app.state.repository.system("a test", Request::default());
    app.state.repository.purge_tasks(&system).await.unwrap();
    let caller = t.admin.sign_in(app).await.0;
    let listed = app.get("/tasks/deleted").token(&caller).gives(200).await;
    assert_eq!((&listed["count"], &listed["results"][0]["id"]), (&json!(1), &young["id"]));
}
