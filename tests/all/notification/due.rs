//! Notifications of due dates, and the scheduler that sends them.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{DAY, HOUR, after, alone, ask, pass, ring, tenant};
use crate::{
    comment::{task, told},
    poll,
};

every_database!(due_date_notifies_once, completed_task_causes_no_due_notification, several_nodes_notify_once);

async fn due_date_notifies_once(app: &App) {
    let mut t = tenant(app).await;
    let body = json!({ "title": "Write it", "assignee_id": t.member.id, "due_at": after(app, DAY * 2) });
    let path = task(app, &t.admin, body).await;
    let own = task(app, &t.other, json!({ "title": "Own it", "due_at": after(app, HOUR * 2) })).await;
    pass(app, &mut t, HOUR * 2).await;
    // A due date less than a day away notifies only when it is reached. Without an assignee the
    // owner is notified.
    assert_eq!(told(app, &t.other).await, ["overdue"]);
    let _ = app.patch(&own).by(&t.other).json(&json!({ "priority": "high" })).gives(200).await;
    pass(app, &mut t, HOUR * 22).await;
    assert_eq!(told(app, &t.member).await, ["assigned", "due_soon"]);
    let line = app.get("/notifications").by(&t.member).gives(200).await["results"][0].clone();
    assert_eq!(line["text"], "“Write it” is due within a day.");
    // A new due date notifies again; the old one no longer does.
    let later = json!({ "due_at": after(app, DAY * 2) });
    let _ = app.patch(&path).by(&t.admin).json(&later).gives(200).await;
    pass(app, &mut t, DAY).await;
    assert_eq!(told(app, &t.member).await, ["assigned", "due_soon", "due_soon"]);
    pass(app, &mut t, DAY).await;
    assert_eq!(told(app, &t.member).await, ["assigned", "due_soon", "due_soon", "overdue"]);
    pass(app, &mut t, DAY).await;
    assert_eq!(told(app, &t.other).await, ["overdue"]);
    assert_eq!(told(app, &t.member).await.len(), 4);
}

async fn completed_task_causes_no_due_notification(app: &App) {
    let mut t = tenant(app).await;
    let body = json!({ "title": "Write it", "due_at": after(app, HOUR * 3) });
    let path = task(app, &t.member, body).await;
    let _ = ask(app, &t.member, &path, json!({ "remind_at": after(app, HOUR) })).await;
    let _ = ask(app, &t.member, &path, json!({ "before_due_minutes": 60 })).await;
    let _ = app.post(&format!("{path}/complete")).by(&t.member).gives(200).await;
    pass(app, &mut t, HOUR).await;
    // A reopened task notifies of what is still to come.
    let _ = app.patch(&path).by(&t.member).json(&json!({ "status": "todo" })).gives(200).await;
    pass(app, &mut t, HOUR).await;
    assert_eq!(told(app, &t.member).await, ["reminder"]);
    // A late run of the scheduler notifies of the current state, and not of old due dates.
    let old = task(app, &t.other, json!({ "title": "Own it", "due_at": after(app, DAY * 2) }));
    let _ = old.await;
    pass(app, &mut t, DAY * 9 + HOUR).await;
    assert!(told(app, &t.other).await.is_empty());
}

async fn several_nodes_notify_once(app: &App) {
    let there = app.second(&[]).await;
    let t = tenant(app).await;
    for number in 0..10 {
        let path = task(app, &t.member, json!({ "title": format!("Task {number}") })).await;
        let _ = ask(app, &t.member, &path, json!({ "remind_at": after(app, Duration::from_mins(1)) })).await;
    }
    // Each node has its own clock.
    app.clock.advance(Duration::from_mins(1));
    there.clock.advance(Duration::from_mins(2));
    let _ = futures::join!(ring(app, &t), ring(&there, &t), ring(app, &t), ring(&there, &t));
    assert_eq!(told(app, &t.member).await, ["reminder"; 10]);
    there.finish().await;
}

#[test]
fn server_runs_the_scheduler_in_the_background() {
    alone(async |app| {
        let t = tenant(app).await;
        let body = json!({ "title": "Write it", "due_at": after(app, HOUR * 2) });
        let path = task(app, &t.member, body).await;
        let _ = ask(app, &t.member, &path, json!({ "before_due_minutes": 60 })).await;
        app.clock.advance(HOUR);
        poll::until("they are reminded", async || told(app, &t.member).await == ["reminder"]).await;
        app.clock.advance(HOUR);
        poll::until("it is overdue", async || told(app, &t.member).await == ["reminder", "overdue"]).await;
    });
}
