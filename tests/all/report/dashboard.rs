//! The dashboard of the caller's own work.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{make, task, told};

every_database!(dashboard_shows_the_caller_s_own_work);

async fn dashboard_shows_the_caller_s_own_work(app: &App) {
    let mut t = app.tenant().await;
    let project = make(app, &t.manager, "/projects", json!({ "name": "Brand" })).await;
    let due = |hours: u64| json!({ "due_at": app.clock.now().plus(Duration::from_hours(hours)) });
    let late = task(app, &t.member, &project, &t.member, due(1)).await;
    let far = task(app, &t.member, &project, &t.member, due(24 * 30)).await;
    let soon = task(app, &t.member, &project, &t.member, due(24 * 6)).await;
    let _ = task(app, &t.member, &project, &t.member, json!({ "status": "done" })).await;
    let hidden = make(app, &t.other, "/tasks", json!({ "title": "My own", "project_id": null })).await;
    for _ in 0..10 {
        let _ = task(app, &t.member, &project, &t.member, json!({ "status": "in_progress" })).await;
    }
    t.later(app, Duration::from_hours(2));
    let _ = app.patch(&far).by(&t.member).json(&json!({ "title": "Far away" })).gives(200).await;
    let timer = app.post(&format!("{soon}/timer")).by(&t.member).gives(201).await;
    let own = app.get("/dashboard").by(&t.member).gives(200).await;
    assert_eq!(told(&own, ["open", "in_progress", "due_soon", "overdue"]), json!([13, 10, 1, 1]));
    let ids = |list: &Value| -> Vec<String> {
        list.as_array()
            .unwrap()
            .iter()
            .map(|task| format!("/tasks/{}", task["id"].as_str().unwrap()))
            .collect()
    };
    let next = ids(&own["next"]);
    assert_eq!((next.len(), &next[..3]), (10, &[late, soon.clone(), far.clone()][..]));
    assert_eq!(own["timer"], timer);
    assert_eq!(ids(&own["recent"])[0], far);
    let seen = |dashboard: &Value| {
        ids(&dashboard["recent"]).contains(&format!("/tasks/{}", hidden.as_str().unwrap()))
    };
    assert!(!seen(&own));
    // The recent activity: the action, its actor and its row.
    let path = format!("{soon}/comments");
    let _ = make(app, &t.manager, &path, json!({ "body": "Soon, then" })).await;
    let activity = app.get("/dashboard").by(&t.member).gives(200).await["activity"].clone();
    let line = |at: usize| told(&activity[at], ["action", "noun", "title", "actor_name"]);
    assert_eq!(line(0), json!(["create", "comment", null, "manager"]), "{activity}");
    assert_eq!(line(1), json!(["update", "task", "Far away", "member"]), "{activity}");
    let all = activity.as_array().unwrap();
    assert!(all.iter().all(|line| line["row_id"] != hidden && line["noun"] != "time_entry"), "{activity}");
    assert!(all.iter().any(|line| line["noun"] == "project" && line["row_id"] == project), "{activity}");
    let other = app.get("/dashboard").by(&t.other).gives(200).await;
    assert!(seen(&other));
    // An unassigned task counts for its owner.
    assert_eq!((&other["open"], &other["timer"]), (&json!(1), &Value::Null));
    // A token without the scope for time entries sees no timer.
    let service = app.get("/dashboard").token(&t.service(app, &["tasks:read"])).gives(200).await;
    assert_eq!((&service["open"], &service["timer"]), (&json!(0), &Value::Null));
}
