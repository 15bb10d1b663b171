//! Who is notified of an assignment, and that a failed request notifies nobody.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{renew, tenant};
use crate::comment::{task, told};

every_database!(assignee_is_notified, failed_or_repeated_request_notifies_nobody);

async fn assignee_is_notified(app: &App) {
    let mut t = tenant(app).await;
    // Neither a self-assignment nor a change of another field notifies.
    let mine = task(app, &t.member, json!({ "title": "Mine", "assignee_id": t.member.id })).await;
    let path = task(app, &t.admin, json!({ "title": "Theirs", "assignee_id": t.member.id })).await;
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "priority": "high" })).gives(200).await;
    assert_eq!(told(app, &t.member).await, ["assigned"]);
    // A change of assignee and status notifies the new assignee only of the assignment.
    let both = json!({ "assignee_id": t.other.id, "status": "in_progress" });
    let _ = app.patch(&path).by(&t.admin).json(&both).gives(200).await;
    assert_eq!(told(app, &t.other).await, ["assigned"]);
    // A user who no longer sees the task no longer sees its notifications.
    assert!(told(app, &t.member).await.is_empty());
    let _ = app.patch(&path).by(&t.other).json(&json!({ "status": "done" })).gives(200).await;
    assert_eq!(told(app, &t.admin).await, ["status_changed"]);
    // A deactivated user can be assigned, but is not notified, not even after reactivation.
    let user = format!("/users/{}", t.member.id);
    let _ = app.post(&format!("{user}/deactivate")).by(&t.admin).gives(200).await;
    let later = json!({ "title": "Later", "assignee_id": t.member.id });
    let refused = app.post("/tasks").by(&t.admin).json(&later).send().await.expect(422);
    assert_eq!(refused.pointer(), "/assignee_id");
    let _ = app.patch(&mine).by(&t.admin).json(&json!({ "status": "in_progress" })).gives(200).await;
    let _ = app.post(&format!("{user}/reactivate")).by(&t.admin).gives(200).await;
    app.clock.advance(Duration::from_secs(2));
    renew(app, &mut t);
    assert!(told(app, &t.member).await.is_empty());
    // Taking over all tasks of a user causes no notification per task.
    let _ = app.delete(&format!("{user}?transfer_to={}", t.other.id)).by(&t.admin).gives(204).await;
    assert_eq!(told(app, &t.other).await, ["assigned"]);
}

async fn failed_or_repeated_request_notifies_nobody(app: &App) {
    let t = tenant(app).await;
    let path = task(app, &t.admin, json!({ "title": "Write it" })).await;
    let assign = json!({ "assignee_id": t.member.id });
    let _ = app.patch(&path).by(&t.admin).header("if-match", "\"7\"").json(&assign).gives(412).await;
    let wrong = json!({ "assignee_id": t.member.id, "title": "x" });
    let _ = app.patch(&path).by(&t.admin).json(&wrong).gives(422).await;
    // A request repeated with the same idempotency key notifies once.
    let create = json!({ "title": "Once", "assignee_id": t.member.id });
    for _ in 0..2 {
        let _ = app.post("/tasks").by(&t.admin).header("idempotency-key", "k").json(&create).gives(201).await;
    }
    assert_eq!(told(app, &t.member).await, ["assigned"]);
}
