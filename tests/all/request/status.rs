//! The status of a request, and who may change it.

use serde_json::{Value, json};
use taskhub_tests::{App, User, every_database};

use super::{ask, named, to};

every_database!(
    request_moves_from_pending_to_completed,
    only_managers_and_admins_reopen_a_request,
    concurrent_status_changes_apply_once,
);

async fn request_moves_from_pending_to_completed(app: &App) {
    let t = app.tenant().await;
    let (client, _) = named(app, &t.manager, "/clients", "Harbour Bakery").await;
    let (kind, _) = named(app, &t.manager, "/request-types", "Repair").await;
    let path = ask(app, &t.member, &client, &kind, "The oven is cold").await;
    let made = app.get(&path).by(&t.other).gives(200).await;
    assert_eq!((&made["status"], &made["started_at"]), (&json!("pending"), &Value::Null));
    let status = format!("{path}/status");
    // No operation can skip a status.
    let left_out = app.patch(&status).by(&t.admin).json(&to("completed")).send().await.expect(409);
    assert_eq!(left_out.code(), "conflict");
    let left_out = app.patch(&path).by(&t.admin).json(&to("completed")).send().await.expect(409);
    assert_eq!(left_out.code(), "conflict");
    let null = app.patch(&path).by(&t.admin).json(&json!({ "status": null })).send().await.expect(422);
    assert_eq!(null.pointer(), "/status");
    let begun = app.patch(&status).by(&t.other).json(&to("in_progress")).gives(200).await;
    assert_eq!((&begun["started_at"].is_string(), &begun["completed_at"]), (&true, &Value::Null));
    let done = app.patch(&path).by(&t.other).json(&to("completed")).gives(200).await;
    assert!(done["completed_at"].is_string());
    // Setting the same status again is a no-op.
    assert_eq!(app.patch(&status).by(&t.other).json(&to("completed")).gives(200).await, done);
    // A PUT without a status keeps the status, and members cannot reopen a request.
    let whole = json!({ "client_id": client, "type_id": kind, "title": done["title"] });
    assert_eq!(app.put(&path).by(&t.other).json(&whole).gives(200).await["status"], "completed");
    let _ = app.patch(&path).by(&t.other).json(&to("pending")).gives(403).await;
    let audit = format!("/audit?sort=at&row={}", made["id"].as_str().unwrap());
    let audit = app.get(&audit).by(&t.admin).gives(200).await;
    let steps: Vec<_> =
        audit["results"].as_array().unwrap().iter().map(|line| line["action"].clone()).collect();
    assert_eq!(steps, ["create", "start", "complete"]);
    assert_eq!(audit["results"][2]["actor_id"], json!(t.other.id));
}

async fn only_managers_and_admins_reopen_a_request(app: &App) {
    let t = app.tenant().await;
    let (client, _) = named(app, &t.admin, "/clients", "Harbour Bakery").await;
    let (kind, _) = named(app, &t.admin, "/request-types", "Repair").await;
    let status = format!("{}/status", ask(app, &t.member, &client, &kind, "The oven is cold").await);
    for step in ["in_progress", "completed"] {
        let _ = app.patch(&status).by(&t.member).json(&to(step)).gives(200).await;
    }
    for back in ["in_progress", "pending"] {
        assert_eq!(
            app.patch(&status).by(&t.member).json(&to(back)).send().await.expect(403).code(),
            "forbidden"
        );
    }
    let again = app.patch(&status).by(&t.manager).json(&to("in_progress")).gives(200).await;
    assert_eq!((again["started_at"].is_string(), &again["completed_at"]), (true, &Value::Null));
    let new = app.patch(&status).by(&t.admin).json(&to("pending")).gives(200).await;
    assert_eq!(new["started_at"], Value::Null);
}

/// Two users start a request at the same time. It starts once, and both get the started request.
async fn concurrent_status_changes_apply_once(app: &App) {
    let t = app.tenant().await;
    let (client, _) = named(app, &t.admin, "/clients", "Harbour Bakery").await;
    let (kind, _) = named(app, &t.admin, "/request-types", "Repair").await;
    let path = ask(app, &t.member, &client, &kind, "The oven is cold").await;
    let begin = async |user: &User| {
        let body = to("in_progress");
        app.patch(&format!("{path}/status")).by(user).json(&body).gives(200).await
    };
    let (one, other) = futures::join!(begin(&t.member), begin(&t.other));
    assert_eq!(one, other);
    let audit = app.get(&format!("/audit?action=start&row={}", one["id"].as_str().unwrap())).by(&t.admin);
    assert_eq!(audit.gives(200).await["count"], 1);
}
