//! The secret of a service account: its rotation, and when it is returned.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{HOUR, SECOND, make, sign_in, text, token};
use crate::contract::database::{Database, hold};

every_database!(
    rotated_secret_stays_valid_for_the_overlap,
    last_use_is_recorded_without_a_new_version,
    secret_is_replayed_only_for_its_idempotency_key,
);

async fn rotated_secret_stays_valid_for_the_overlap(app: &App) {
    let t = app.tenant().await;
    let (id, first) = make(app, &t, &["tasks:read"]).await;
    let path = format!("/service-accounts/{id}/rotate");
    let rotate = async |body: Value| {
        let (admin, _) = t.admin.sign_in(app).await;
        text(&app.post(&path).token(&admin).json(&body).gives(200).await["client_secret"])
    };
    let good = async |secret: &str| sign_in(app, &id, secret).await.status == 200;
    let second = rotate(json!({})).await;
    app.clock.advance((24 * HOUR).saturating_sub(SECOND));
    assert!(good(&first).await && good(&second).await);
    app.clock.advance(SECOND);
    assert!(!good(&first).await && good(&second).await);
    // The secret before the previous one is invalid, whatever its overlap was.
    let third = rotate(json!({ "overlap_seconds": 604_800 })).await;
    let fourth = rotate(json!({ "overlap_seconds": 10 })).await;
    assert!(!good(&second).await && good(&third).await && good(&fourth).await);
    let fifth = rotate(json!({ "overlap_seconds": 0 })).await;
    assert!(!good(&fourth).await && good(&fifth).await);
    let (admin, _) = t.admin.sign_in(app).await;
    let audit = app.get("/audit?noun=service_account&action=rotate").token(&admin).send().await.expect(200);
    assert_eq!(audit.body["count"], 4);
    assert!(audit.text.contains("[redacted]") && !audit.text.contains("ths_"));
}

async fn last_use_is_recorded_without_a_new_version(app: &App) {
    let t = app.tenant().await;
    let (id, secret) = make(app, &t, &["tasks:read"]).await;
    let row = async || app.get(&format!("/service-accounts/{id}")).by(&t.admin).gives(200).await;
    assert_eq!(row().await["last_used_at"], json!(null));
    let _ = token(app, &id, &secret).await;
    let first = row().await;
    assert_eq!(first["last_used_at"], app.clock.now().to_string());
    app.clock.advance(Duration::from_secs(59));
    let _ = token(app, &id, &secret).await;
    assert_eq!(row().await, first);
    app.clock.advance(SECOND);
    let _ = token(app, &id, &secret).await;
    assert_eq!(row().await["last_used_at"], app.clock.now().to_string());
    assert_eq!(row().await["version"], 1);
    let audit = app.get(&format!("/audit?row={id}")).by(&t.admin).gives(200).await;
    assert_eq!(audit["count"], 1);
}

async fn secret_is_replayed_only_for_its_idempotency_key(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "name": "importer", "scopes": [] });
    let create = async || {
        let call = app.post("/service-accounts").by(&t.admin).header("idempotency-key", "one").json(&body);
        call.send().await.expect(201)
    };
    let (first, second) = (create().await, create().await);
    assert_eq!(first.text, second.text);
    assert_eq!(second.header("idempotency-replayed"), "true");
    // The stored secret is encrypted.
    let rows = Database::of(app).await.rows_of(t.id).await;
    let secret = text(&first.body["client_secret"]);
    assert!(!hold(&rows, &secret) && !rows["idempotency"].is_empty());
}
