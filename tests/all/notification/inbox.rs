//! The inbox: it is listed, read and deleted by its user only.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{HOUR, tenant};
use crate::comment::task;

every_database!(notifications_are_listed_read_and_deleted, inbox_is_private_to_its_user);

async fn notifications_are_listed_read_and_deleted(app: &App) {
    let t = tenant(app).await;
    for title in ["One", "Two", "Three"] {
        let title = format!("Task {title}");
        let _ = task(app, &t.admin, json!({ "title": title, "assignee_id": t.member.id })).await;
    }
    let unread =
        async || app.get("/notifications/unread-count").by(&t.member).gives(200).await["count"].clone();
    assert_eq!(unread().await, 3);
    let list = app.get("/notifications").by(&t.member).gives(200).await;
    let line = &list["results"][0];
    assert_eq!(line["text"], "admin assigned “Task Three” to you.");
    assert_eq!((&line["kind"], &line["read_at"]), (&json!("assigned"), &Value::Null));
    assert!(line.get("unread").is_none() && line.get("tenant_id").is_none());
    let path = format!("/notifications/{}", line["id"].as_str().unwrap());
    assert_eq!(app.get(&path).by(&t.member).gives(200).await, *line);
    let read = app.post(&format!("{path}/read")).by(&t.member).send().await.expect(200);
    assert_ne!(read.body["read_at"], Value::Null);
    assert_eq!(read.header("etag"), "\"2\"");
    app.clock.advance(HOUR);
    assert_eq!(app.post(&format!("{path}/read")).by(&t.member).gives(200).await, read.body);
    let of = async |filter: &str| {
        app.get(&format!("/notifications?{filter}")).by(&t.member).gives(200).await["count"].clone()
    };
    assert_eq!((of("unread=true").await, of("unread=false").await), (json!(2), json!(1)));
    assert_eq!((of("kind=assigned").await, of("kind=overdue,commented").await), (json!(3), json!(0)));
    let about = line["task_id"].as_str().unwrap();
    assert_eq!(of(&format!("task={about}")).await, 1);
    assert_eq!(unread().await, 2);
    let _ = app.post("/notifications/read-all").by(&t.member).gives(204).await;
    assert_eq!((unread().await, of("unread=false").await), (json!(0), json!(3)));
    assert_eq!(app.get(&path).by(&t.member).gives(200).await, read.body);
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    let _ = app.get(&path).by(&t.member).gives(404).await;
}

async fn inbox_is_private_to_its_user(app: &App) {
    let t = tenant(app).await;
    let _ = task(app, &t.other, json!({ "title": "Write it", "assignee_id": t.member.id })).await;
    let line = app.get("/notifications").by(&t.member).gives(200).await["results"][0].clone();
    let path = format!("/notifications/{}", line["id"].as_str().unwrap());
    let stranger = app.tenant().await;
    for user in [&t.admin, &t.manager, &t.other, &stranger.admin] {
        let _ = app.get(&path).by(user).gives(404).await;
        let _ = app.post(&format!("{path}/read")).by(user).gives(404).await;
        let _ = app.delete(&path).by(user).gives(404).await;
        assert_eq!(app.get("/notifications").by(user).gives(200).await["count"], 0);
        let _ = app.post("/notifications/read-all").by(user).gives(204).await;
    }
    let service = t.service(app, &["notifications:read", "notifications:write"]);
    assert_eq!(app.get("/notifications").token(&service).gives(200).await["count"], 0);
    let _ = app.get(&path).token(&service).gives(404).await;
    assert_eq!(app.get(&path).by(&t.member).gives(200).await, line);
}
