//! Concurrent requests with one idempotency key or one refresh token.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::json;
use taskhub_tests::{App, every_database};

every_database!(
    concurrent_requests_with_one_idempotency_key_create_one_row,
    concurrent_refreshes_return_the_same_successor,
);

async fn concurrent_requests_with_one_idempotency_key_create_one_row(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "title": "Once" });
    let send = || app.post("/tasks").by(&t.member).header("idempotency-key", "one").json(&body).send();
    let answers = join_all((0..20).map(|_| send())).await;
    let mut made = BTreeSet::new();
    for answer in answers {
        if answer.status == 409 {
            assert_eq!(answer.code(), "idempotency_in_flight");
            assert!(!answer.header("retry-after").is_empty());
        } else {
            made.insert(answer.expect(201).body["id"].to_string());
        }
    }
    let again = send().await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    made.insert(again.body["id"].to_string());
    assert_eq!(made.len(), 1);
    assert_eq!(app.get("/tasks").by(&t.member).gives(200).await["count"], 1);
    assert_eq!(app.get("/audit?noun=task").by(&t.admin).gives(200).await["count"], 1);
}

async fn concurrent_refreshes_return_the_same_successor(app: &App) {
    let t = app.tenant().await;
    let (_, mut token) = t.member.sign_in(app).await;
    for _ in 0..10 {
        let refresh = async || {
            let body = json!({ "refresh_token": token });
            let pair = app.post("/auth/token/refresh").json(&body).gives(200).await;
            let _ = app.get("/tasks").token(pair["access_token"].as_str().unwrap()).gives(200).await;
            pair["refresh_token"].as_str().unwrap().to_owned()
        };
        let (a, b) = futures::join!(refresh(), refresh());
        assert_eq!(a, b);
        assert_ne!(a, token);
        token = a;
    }
}
