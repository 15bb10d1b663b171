//! Notifications that are purged: old ones, and those over the limit of the inbox.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_domain::context::Request;
use taskhub_tests::{App, every_database};

use super::{DAY, alone, renew, tenant};
use crate::comment::task;

every_database!(inbox_keeps_the_newest_1000_notifications);

async fn keep_house(app: &App) {
    let system = app.state.repository.system("a test", Request::default());
    app.state.repository.forget_notifications(&system, None).await.unwrap();
}

async fn read_notifications_are_purged_in_time(app: &App) {
    let mut t = tenant(app).await;
    for title in ["Read", "Unread"] {
        let _ = task(app, &t.admin, json!({ "title": title, "assignee_id": t.member.id })).await;
    }
    let list = app.get("/notifications?sort=created_at").by(&t.member).gives(200).await;
    let path = format!("/notifications/{}", list["results"][0]["id"].as_str().unwrap());
    let _ = app.post(&format!("{path}/read")).by(&t.member).gives(200).await;
    app.clock.advance(DAY * 90);
    renew(app, &mut t);
    let kept = async || app.get("/notifications").by(&t.member).gives(200).await["count"].clone();
    keep_house(app).await;
    assert_eq!(kept().await, 2);
    app.clock.advance(Duration::from_secs(1));
    keep_house(app).await;
    assert_eq!(kept().await, 1);
    let left = app.get("/notifications").by(&t.member).gives(200).await;
    assert_eq!(left["results"][0]["read_at"], Value::Null);
}

async fn inbox_keeps_the_newest_1000_notifications(app: &App) {
    let t = tenant(app).await;
    let first = task(app, &t.admin, json!({ "title": "Task 0", "assignee_id": t.member.id })).await;
    let mut more = (1..=1010).map(|number| {
        let body = json!({ "title": format!("Task {number}"), "assignee_id": t.member.id });
        let admin = &t.admin;
        async move { task(app, admin, body).await }
    });
    loop {
        let some: Vec<_> = more.by_ref().take(10).collect();
        if some.is_empty() {
            break;
        }
        let _ = futures::future::join_all(some).await;
    }
    assert_eq!(app.get("/notifications").by(&t.member).gives(200).await["count"], 1011);
    keep_house(app).await;
    assert_eq!(app.get("/notifications").by(&t.member).gives(200).await["count"], 1000);
    let oldest = format!("/notifications?task={}", first.rsplit('/').next().unwrap());
    assert_eq!(app.get(&oldest).by(&t.member).gives(200).await["count"], 0);
    let _ = app.post("/notifications/read-all").by(&t.member).gives(204).await;
    assert_eq!(app.get("/notifications/unread-count").by(&t.member).gives(200).await["count"], 0);
}

#[test]
fn read_notifications_are_purged_after_90_days() {
    alone(read_notifications_are_purged_in_time);
}
