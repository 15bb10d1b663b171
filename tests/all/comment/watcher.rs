//! Watchers, and invalid comments.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{hidden_project, task, told};

every_database!(watchers_must_see_the_task, invalid_comment_or_watcher_is_rejected_with_422);

async fn watchers_must_see_the_task(app: &App) {
    let t = app.tenant().await;
    let project = hidden_project(app, &t).await;
    let task = task(app, &t.admin, json!({ "title": "Draw it", "project_id": project })).await;
    let watchers = format!("{task}/watchers");
    let _ = app.post(&watchers).by(&t.other).json(&json!({})).gives(404).await;
    let made = app.post(&watchers).by(&t.member).json(&json!({})).send().await.expect(201);
    assert_eq!(made.body["user_id"], json!(t.member.id));
    let own = made.header("location").to_owned();
    let twice = app.post(&watchers).by(&t.member).json(&json!({})).send().await.expect(409);
    assert_eq!((twice.code(), twice.pointer()), ("conflict", "/user_id"));
    let other = json!({ "user_id": t.manager.id });
    let _ = app.post(&watchers).by(&t.member).json(&other).gives(403).await;
    let theirs = app.post(&watchers).by(&t.admin).json(&other).send().await.expect(201);
    let theirs = theirs.header("location").to_owned();
    let _ = app.delete(&theirs).by(&t.member).gives(403).await;
    // A manager of the project can add other watchers, but they must see the task.
    let unseen = app.post(&watchers).by(&t.manager).json(&json!({ "user_id": t.other.id })).send().await;
    assert_eq!(unseen.expect(422).pointer(), "/user_id");
    let _ = app.delete(&own).by(&t.manager).gives(204).await;
    let _ = app.post(&watchers).by(&t.manager).json(&json!({ "user_id": t.member.id })).gives(201).await;
    let _ = app.delete(&theirs).by(&t.manager).gives(204).await;
    let _ = app.post(&format!("{task}/complete")).by(&t.manager).gives(200).await;
    assert_eq!(told(app, &t.member).await, ["status_changed"]);
    let service = t.service(app, &["tasks:read", "tasks:write"]);
    let said = app.post(&watchers).token(&service).json(&json!({})).send().await.expect(422);
    assert_eq!(said.pointer(), "/user_id");
}

async fn invalid_comment_or_watcher_is_rejected_with_422(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, json!({ "title": "Write it" })).await;
    let comments = format!("{task}/comments");
    for (body, pointer) in [
        (json!({}), "/body"),
        (json!({ "body": "" }), "/body"),
        (json!({ "body": "x".repeat(20_001) }), "/body"),
        (json!({ "body": "x", "author_id": t.admin.id }), "/author_id"),
        (json!({ "body": "x", "mentions": [] }), "/mentions"),
    ] {
        assert_eq!(app.post(&comments).by(&t.member).json(&body).send().await.expect(422).pointer(), pointer);
    }
    let stranger = app.tenant().await;
    let body = json!({ "user_id": stranger.member.id });
    let foreign = app.post(&format!("{task}/watchers")).by(&t.member).json(&body).send().await;
    // A caller who may not add others gets 403 and does not learn whether the user exists.
    let _ = foreign.expect(403);
    let foreign = app.post(&format!("{task}/watchers")).by(&t.admin).json(&body).send().await.expect(422);
    assert_eq!(foreign.body["errors"][0]["code"], "reference_not_found");
    assert_eq!(app.get(&comments).by(&t.member).gives(200).await["count"], 0);
}
