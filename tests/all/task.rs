//! The stories of tasks.

use serde_json::json;
use taskhub_tests::{App, every_database};

every_database!(a_task_from_beginning_to_end);

async fn a_task_from_beginning_to_end(app: &App) {
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
