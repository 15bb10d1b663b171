//! Keys that are rejected: with another body, and invalid ones.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{count, create};

every_database!(key_with_another_body_is_rejected_with_422, invalid_idempotency_key_is_rejected_with_400);

async fn key_with_another_body_is_rejected_with_422(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "title": "Once" });
    let first = create(app, &t.member, "one", &body).await.expect(201);
    let other = create(app, &t.member, "one", &json!({ "title": "Twice" })).await.expect(422);
    assert_eq!(other.code(), "idempotency_mismatch");
    // Keys are separate per operation.
    let complete = format!("{}/complete", first.header("location"));
    let done = app.post(&complete).by(&t.member).header("idempotency-key", "one").send().await.expect(200);
    assert_eq!(done.header("idempotency-replayed"), "");
    assert_eq!(count(app, &t.member).await, 1);
    // Keys are separate per row.
    let second = create(app, &t.member, "two", &body).await.expect(201);
    let complete = format!("{}/complete", second.header("location"));
    let done = app.post(&complete).by(&t.member).header("idempotency-key", "one").send().await.expect(200);
    assert_eq!((done.header("idempotency-replayed"), &done.body["id"]), ("", &second.body["id"]));
}

async fn invalid_idempotency_key_is_rejected_with_400(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "title": "Once" });
    for key in ["", " ", "with blank", &"k".repeat(256), "schlüssel"] {
        let refused = create(app, &t.member, key, &body).await;
        assert_eq!((refused.status, refused.code()), (400, "invalid_header"), "{key:?}");
    }
    let twice =
        app.post("/tasks").by(&t.member).header("idempotency-key", "a").header("idempotency-key", "b");
    assert_eq!(twice.json(&body).send().await.expect(400).code(), "invalid_header");
    let _ = create(app, &t.member, &"k".repeat(255), &body).await.expect(201);
    assert_eq!(count(app, &t.member).await, 1);
}
