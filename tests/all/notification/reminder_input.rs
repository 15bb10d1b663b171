//! Reminders are private, and invalid ones are rejected.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{HOUR, after, ask, pass, tenant};
use crate::comment::{hidden_project, let_in, task, told};

every_database!(reminder_is_private_to_its_user, invalid_reminder_is_rejected_with_422);

async fn reminder_is_private_to_its_user(app: &App) {
    let mut t = tenant(app).await;
    let project = hidden_project(app, &t).await;
    let membership = let_in(app, &t).await;
    let body = json!({ "title": "Draw it", "project_id": project, "assignee_id": t.other.id });
    let task = task(app, &t.manager, body).await;
    let reminders = format!("{task}/reminders");
    let path = ask(app, &t.other, &task, json!({ "remind_at": after(app, HOUR) })).await;
    let later = json!({ "remind_at": after(app, HOUR * 2) });
    for user in [&t.admin, &t.manager, &t.member] {
        let _ = app.get(&path).by(user).gives(404).await;
        let _ = app.patch(&path).by(user).json(&later).gives(404).await;
        let _ = app.delete(&path).by(user).gives(404).await;
        assert_eq!(app.get(&reminders).by(user).gives(200).await["count"], 0);
    }
    let all = ["tasks:read", "reminders:read", "reminders:write"];
    let _ = app.post(&reminders).token(&t.service(app, &all)).json(&later).gives(403).await;
    // A user who loses access to the task loses the reminder, which does not fire.
    let _ = app.delete(&membership).by(&t.manager).gives(204).await;
    let _ = app.get(&path).by(&t.other).gives(404).await;
    let permissions = format!("/auth/permissions?noun=reminder&id={}", path.rsplit('/').next().unwrap());
    let _ = app.get(&permissions).by(&t.other).gives(404).await;
    pass(app, &mut t, HOUR).await;
    assert!(told(app, &t.other).await.is_empty());
    // A user who regains access sees the earlier notifications, but no reminder.
    let _ = let_in(app, &t).await;
    assert_eq!(told(app, &t.other).await, ["assigned"]);
}

async fn invalid_reminder_is_rejected_with_422(app: &App) {
    let t = tenant(app).await;
    let body = json!({ "title": "Write it", "due_at": after(app, HOUR) });
    let task = task(app, &t.member, body).await;
    let reminders = format!("{task}/reminders");
    let now = after(app, Duration::ZERO);
    for (body, pointer) in [
        (json!({}), "/remind_at"),
        (json!({ "remind_at": after(app, HOUR), "before_due_minutes": 5 }), "/before_due_minutes"),
        (json!({ "remind_at": now }), "/remind_at"),
        (json!({ "before_due_minutes": 60 }), "/before_due_minutes"),
        (json!({ "before_due_minutes": -1 }), "/before_due_minutes"),
        (json!({ "before_due_minutes": 525_601 }), "/before_due_minutes"),
        (json!({ "remind_at": after(app, HOUR), "user_id": t.admin.id }), "/user_id"),
    ] {
        let told = app.post(&reminders).by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(told.pointer(), pointer, "{body}");
    }
    for minutes in 0..20 {
        let _ = ask(app, &t.member, &task, json!({ "before_due_minutes": minutes })).await;
    }
    let _ = app.post(&reminders).by(&t.member).json(&json!({ "before_due_minutes": 1 })).gives(409).await;
}
