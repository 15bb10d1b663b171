//! The histories of child rows and of deleted tasks.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{full, make};

every_database!(child_rows_have_a_history, deleted_task_has_a_history);

async fn child_rows_have_a_history(app: &App) {
    let t = app.tenant().await;
    let (whole, mut inside) = full(app, &t).await;
    let project = app.get(&whole).by(&t.member).gives(200).await["project_id"].clone();
    let milestones = format!("/projects/{}/milestones", project.as_str().unwrap());
    inside.push((make(app, &t.manager, &milestones, json!({ "name": "Beta" })).await.1, &t.manager));
    let (_, team) = make(app, &t.manager, "/teams", json!({ "name": "Design" })).await;
    let member = json!({ "user_id": t.other.id });
    inside.push((make(app, &t.manager, &format!("{team}/members"), member).await.1, &t.other));
    let service = json!({ "name": "importer", "scopes": ["tasks:read"] });
    let account = app.post("/service-accounts").by(&t.admin).json(&service).send().await.expect(201);
    inside.push((account.header("location").to_owned(), &t.admin));
    let stranger = app.tenant().await;
    for (path, reader) in &inside {
        let row = app.get(path).by(reader).gives(200).await;
        let history = format!("{path}/history");
        let lines = app.get(&history).by(reader).gives(200).await;
        assert_eq!(
            (&lines["count"], &lines["results"][0]["action"]),
            (&json!(1), &json!("create")),
            "{path}"
        );
        let now = app.clock.now();
        let then = app.get(&format!("{path}?as_of={now}")).by(reader).gives(200).await;
        assert_eq!(then, row, "{path}");
        let before = now.minus(Duration::from_hours(1));
        let _ = app.get(&format!("{path}?as_of={before}")).by(reader).gives(404).await;
        let _ = app.get(&history).by(&stranger.admin).gives(404).await;
    }
    // Only the user sees the history of a reminder, and only admins that of a service account.
    let reminder = &inside[3].0;
    let _ = app.get(&format!("{reminder}/history")).by(&t.admin).gives(404).await;
    let comment = &inside[0].0;
    let was = app.clock.now();
    app.clock.advance(Duration::from_secs(1));
    let _ = app.patch(comment).by(&t.other).json(&json!({ "body": "It is." })).gives(200).await;
    let then = app.get(&format!("{comment}?as_of={was}")).by(&t.member).gives(200).await;
    assert_eq!(then["body"], "Is it done?");
    let narrowed = t.service(app, &["tasks:read", "comments:read"]);
    let _ = app.get(&format!("{comment}/history")).token(&narrowed).gives(403).await;
    let _ = app.get(&format!("{comment}?as_of={was}")).token(&narrowed).gives(403).await;
}

async fn deleted_task_has_a_history(app: &App) {
    let t = app.tenant().await;
    let (made, path) = make(app, &t.member, "/tasks", json!({ "title": "Think" })).await;
    let was = app.clock.now();
    app.clock.advance(Duration::from_secs(1));
    let deleted = format!("/tasks/deleted/{}", made["id"].as_str().unwrap());
    let _ = app.get(&deleted).by(&t.member).gives(404).await;
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    assert_eq!(app.get(&deleted).by(&t.member).gives(200).await["title"], "Think");
    let lines = app.get(&format!("{deleted}/history")).by(&t.member).gives(200).await;
    let actions: Vec<_> = lines["results"].as_array().unwrap().iter().map(|line| &line["action"]).collect();
    assert_eq!(actions, ["delete", "create"]);
    assert_eq!(app.get(&format!("{deleted}?as_of={was}")).by(&t.member).gives(200).await, made);
    for path in [deleted.clone(), format!("{deleted}/history")] {
        let _ = app.get(&path).by(&t.other).gives(404).await;
    }
    let _ = app.post(&format!("{path}/restore")).by(&t.member).gives(200).await;
    let _ = app.get(&format!("{deleted}/history")).by(&t.member).gives(404).await;
}
