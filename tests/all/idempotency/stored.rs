//! How long a response is stored, and that the response of a failed request is not.

use std::time::Duration;

use serde_json::json;
use taskhub_domain::context::Request;
use taskhub_tests::{App, Backend, every_database};

use super::{count, create};
use crate::contract::database::Database;

every_database!(failed_request_does_not_store_its_key, response_is_stored_for_24_hours);

/// Uses its own database, because expiry concerns all tenants.
#[test]
fn expired_idempotency_keys_are_purged() {
    taskhub_tests::run(Backend::Sqlite, |app| {
        Box::pin(async {
            let t = app.tenant().await;
            let kept = async || Database::of(app).await.rows_of(t.id).await["idempotency"].len();
            // More than one batch of the purge.
            for number in 0..205 {
                let _ = create(app, &t.member, &number.to_string(), &json!({ "title": "Once" }))
                    .await
                    .expect(201);
            }
            let repository = &app.state.repository;
            let system = repository.system("a test", Request::default());
            repository.forget_answers(&system).await.unwrap();
            assert_eq!(kept().await, 205);
            app.clock.advance(Duration::from_hours(25));
            repository.forget_answers(&system).await.unwrap();
            assert_eq!(kept().await, 0);
        })
    });
}

async fn failed_request_does_not_store_its_key(app: &App) {
    let t = app.tenant().await;
    for (wrong, status) in
        [(json!({ "title": "no" }), 422), (json!({ "title": "Once", "project_id": t.id }), 422)]
    {
        let refused = create(app, &t.member, "one", &wrong).await.expect(status);
        assert_ne!(refused.code(), "idempotency_mismatch");
    }
    let broken =
        app.post("/tasks").by(&t.member).header("idempotency-key", "one").body("application/json", "{");
    let _ = broken.send().await.expect(400);
    let _ = app
        .post("/tasks")
        .header("idempotency-key", "one")
        .json(&json!({ "title": "Once" }))
        .gives(401)
        .await;
    let made = create(app, &t.member, "one", &json!({ "title": "Once" })).await.expect(201);
    assert_eq!(made.header("idempotency-replayed"), "");
    assert_eq!(count(app, &t.member).await, 1);
}

async fn response_is_stored_for_24_hours(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "title": "Once" });
    // Each request signs in again, because a token would expire in between.
    let service = async |key: &str| {
        let (access, _) = t.member.sign_in(app).await;
        app.post("/tasks").token(&access).header("idempotency-key", key).json(&body).send().await.expect(201)
    };
    let first = service("one").await;
    app.clock.advance(Duration::from_secs(24 * 3600 - 1));
    let again = service("one").await;
    assert_eq!((again.header("idempotency-replayed"), &again.text), ("true", &first.text));
    app.clock.advance(Duration::from_secs(1));
    let anew = service("one").await;
    assert_eq!(anew.header("idempotency-replayed"), "");
    assert_ne!(anew.body["id"], first.body["id"]);
    let again = service("one").await;
    assert_eq!((again.header("idempotency-replayed"), &again.body["id"]), ("true", &anew.body["id"]));
}
