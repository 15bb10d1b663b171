//! Mentions and comments notify users who see the task.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{hidden_project, say, task, told};

every_database!(
    mention_notifies_only_users_who_see_the_task,
    edited_comment_notifies_only_new_mentions,
    commenting_makes_the_author_a_watcher,
);

async fn mention_notifies_only_users_who_see_the_task(app: &App) {
    let t = app.tenant().await;
    let project = hidden_project(app, &t).await;
    let task = task(app, &t.manager, json!({ "title": "Draw it", "project_id": project })).await;
    let text = "@member, @Admin: see `@manager`; @other can't, and @nobody is none. @member!";
    let path = say(app, &t.manager, &task, text).await;
    let comment = app.get(&path).by(&t.manager).gives(200).await;
    let mentions: Vec<_> = comment["mentions"].as_array().unwrap().clone();
    assert_eq!(mentions.len(), 2, "{mentions:?}");
    assert!(mentions.contains(&json!(t.member.id)) && mentions.contains(&json!(t.admin.id)));
    assert_eq!(told(app, &t.member).await, ["mentioned"]);
    assert_eq!(told(app, &t.admin).await, ["mentioned"]);
    assert!(told(app, &t.other).await.is_empty() && told(app, &t.manager).await.is_empty());
    let line = app.get("/notifications").by(&t.member).gives(200).await["results"][0].clone();
    assert_eq!(line["text"], "manager mentioned you in a comment on “Draw it”.");
    assert_eq!((&line["noun"], &line["row_id"]), (&json!("comment"), &comment["id"]));
    assert_eq!((&line["task_id"], &line["actor_id"]), (&comment["task_id"], &json!(t.manager.id)));
}

async fn edited_comment_notifies_only_new_mentions(app: &App) {
    let t = app.tenant().await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let task = task(app, &t.admin, json!({ "title": "Write it", "project_id": project["id"] })).await;
    let path = say(app, &t.admin, &task, "@member").await;
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "body": "@member and @other" })).gives(200).await;
    assert_eq!(told(app, &t.member).await, ["mentioned"]);
    assert_eq!(told(app, &t.other).await, ["mentioned"]);
}

async fn commenting_makes_the_author_a_watcher(app: &App) {
    let t = app.tenant().await;
    let project = hidden_project(app, &t).await;
    let body = json!({ "title": "Draw it", "project_id": project, "assignee_id": t.admin.id });
    let task = task(app, &t.manager, body).await;
    let _ = say(app, &t.member, &task, "How?").await;
    let _ = say(app, &t.member, &task, "And when?").await;
    // The owner and the assignee are notified once per comment. The author is not notified.
    assert_eq!(told(app, &t.manager).await, ["commented", "commented"]);
    assert_eq!(told(app, &t.admin).await, ["assigned", "commented", "commented"]);
    let watchers = app.get(&format!("{task}/watchers")).by(&t.member).gives(200).await;
    assert_eq!((&watchers["count"], &watchers["results"][0]["user_id"]), (&json!(1), &json!(t.member.id)));
    let _ = say(app, &t.manager, &task, "So.").await;
    let _ = app.post(&format!("{task}/complete")).by(&t.manager).gives(200).await;
    assert_eq!(told(app, &t.member).await, ["commented", "status_changed"]);
    let line = app.get("/notifications?kind=status_changed").by(&t.member).gives(200).await;
    assert_eq!(line["results"][0]["text"], "manager changed “Draw it” from todo to done.");
    // A watcher who loses access keeps watching, but gets no notification and no longer sees the
    // earlier ones.
    let out = app.get("/teams?name=Design").by(&t.manager).gives(200).await;
    let members = format!("/teams/{}/members", out["results"][0]["id"].as_str().unwrap());
    let member = app.get(&members).by(&t.manager).gives(200).await["results"][0]["id"].clone();
    let _ = app.delete(&format!("{members}/{}", member.as_str().unwrap())).by(&t.manager).gives(204).await;
    let _ = say(app, &t.manager, &task, "Between us.").await;
    assert_eq!(told(app, &t.member).await, [""; 0]);
    let _ = app.post(&members).by(&t.manager).json(&json!({ "user_id": t.member.id })).gives(201).await;
    assert_eq!(told(app, &t.member).await, ["commented", "status_changed"]);
}
