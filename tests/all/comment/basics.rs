//! Creating, editing and deleting comments, and permissions for them.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{hidden_project, let_in, say, task};

every_database!(
    comment_is_created_edited_and_deleted,
    comment_permissions_follow_the_task_and_the_author,
    concurrent_edits_keep_every_version,
);

async fn comment_is_created_edited_and_deleted(app: &App) {
    let t = app.tenant().await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let task = task(app, &t.member, json!({ "title": "Write it", "project_id": project["id"] })).await;
    let made =
        app.post(&format!("{task}/comments")).by(&t.other).json(&json!({ "body": "First.\n" })).send().await;
    let made = made.expect(201);
    let path = made.header("location").to_owned();
    assert!(path.starts_with(&format!("{task}/comments/")), "{path}");
    assert_eq!((&made.body["body"], &made.body["author_id"]), (&json!("First.\n"), &json!(t.other.id)));
    assert_eq!((&made.body["edited_at"], &made.body["mentions"]), (&Value::Null, &json!([])));
    assert_eq!(app.get(&path).by(&t.member).gives(200).await, made.body);
    app.clock.advance(std::time::Duration::from_secs(1));
    let second = app.patch(&path).by(&t.other).json(&json!({ "body": "Second." })).gives(200).await;
    assert_ne!(second["edited_at"], Value::Null);
    app.clock.advance(std::time::Duration::from_secs(1));
    let _ = app.put(&path).by(&t.other).json(&json!({ "body": "Third." })).gives(200).await;
    // The same body again is a no-op.
    let same = app.put(&path).by(&t.other).json(&json!({ "body": "Third." })).gives(200).await;
    assert_eq!(same["version"], 3);
    let versions = app.get(&format!("{path}/versions")).by(&t.member).gives(200).await;
    let of = |name: &str| -> Vec<&Value> {
        versions["results"].as_array().unwrap().iter().map(|row| &row[name]).collect()
    };
    assert_eq!(of("body"), [&json!("Second."), &json!("First.\n")]);
    assert_eq!(of("number"), [&json!(2), &json!(1)]);
    assert_eq!(of("written_at"), [&second["edited_at"], &made.body["created_at"]]);
    let other = say(app, &t.manager, &task, "Well.").await;
    let list = app.get(&format!("{task}/comments")).by(&t.admin).gives(200).await;
    assert_eq!((&list["count"], &list["results"][0]["body"]), (&json!(2), &json!("Well.")));
    let own = app.get(&format!("{task}/comments?author=me")).by(&t.other).gives(200).await;
    assert_eq!((&own["count"], &own["results"][0]["body"]), (&json!(1), &json!("Third.")));
    let _ = app.delete(&path).by(&t.other).gives(204).await;
    let _ = app.get(&format!("{path}/versions")).by(&t.admin).gives(404).await;
    // Comments are deleted with their task.
    let _ = app.delete(&task).by(&t.member).gives(204).await;
    let _ = app.get(&other).by(&t.admin).gives(404).await;
}

async fn comment_permissions_follow_the_task_and_the_author(app: &App) {
    let t = app.tenant().await;
    let project = hidden_project(app, &t).await;
    let task = task(app, &t.member, json!({ "title": "Draw it", "project_id": project })).await;
    let path = say(app, &t.member, &task, "Mine.").await;
    let comments = format!("{task}/comments");
    let stranger = app.tenant().await;
    for user in [&t.other, &stranger.admin] {
        let _ = app.get(&comments).by(user).gives(404).await;
        let _ = app.post(&comments).by(user).json(&json!({ "body": "Me too." })).gives(404).await;
        let _ = app.get(&path).by(user).gives(404).await;
        let _ = app.get(&format!("{path}/versions")).by(user).gives(404).await;
        let _ = app.patch(&path).by(user).json(&json!({ "body": "Theirs." })).gives(404).await;
        let _ = app.delete(&path).by(user).gives(404).await;
    }
    // Only the author can edit a comment.
    for user in [&t.admin, &t.manager] {
        let _ = app.get(&path).by(user).gives(200).await;
        let _ = app.patch(&path).by(user).json(&json!({ "body": "Theirs." })).gives(403).await;
    }
    let _ = app.delete(&path).by(&t.manager).gives(204).await;
    let path = say(app, &t.manager, &task, "The manager's.").await;
    let _ = app.delete(&path).by(&t.member).gives(403).await;
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
    // An author who no longer sees the task does not see the comment.
    let membership = let_in(app, &t).await;
    let path = say(app, &t.other, &task, "For now.").await;
    let _ = app.delete(&membership).by(&t.manager).gives(204).await;
    let _ = app.patch(&path).by(&t.other).json(&json!({ "body": "Still." })).gives(404).await;
    // A service account with only `tasks:read` cannot read comments.
    let _ = app.get(&comments).token(&t.service(app, &["tasks:read"])).gives(403).await;
    let _ = app.get(&comments).token(&t.service(app, &["tasks:read", "comments:read"])).gives(200).await;
}

async fn concurrent_edits_keep_every_version(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, json!({ "title": "Write it" })).await;
    let path = say(app, &t.member, &task, "0").await;
    let edits = (1..=8).map(|number| {
        let body = json!({ "body": number.to_string() });
        let edit = app.patch(&path).by(&t.member).json(&body);
        async { edit.gives(200).await }
    });
    let _ = futures::future::join_all(edits).await;
    let versions = app.get(&format!("{path}/versions")).by(&t.member).gives(200).await;
    let mut bodies: Vec<_> = versions["results"].as_array().unwrap().iter().map(|row| &row["body"]).collect();
    let last = app.get(&path).by(&t.member).gives(200).await["body"].clone();
    bodies.push(&last);
    bodies.sort_by_key(|body| body.as_str().unwrap().to_owned());
    assert_eq!(bodies.len(), 9);
    assert!(
        bodies.iter().enumerate().all(|(number, body)| **body == json!(number.to_string())),
        "{bodies:?}"
    );
}
