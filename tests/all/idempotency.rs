//! Scenario tests of `Idempotency-Key`: a repeated request gets the first response and has no
//! second effect.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_domain::context::Request;
use taskhub_tests::{Answer, App, Backend, User, every_database};

use crate::contract::database::Database;

every_database!(
    repeated_request_gets_the_first_response,
    key_with_another_body_is_rejected_with_422,
    idempotency_keys_are_separate_per_caller,
    failed_request_does_not_store_its_key,
    response_is_stored_for_24_hours,
    every_post_accepts_an_idempotency_key,
    invalid_idempotency_key_is_rejected_with_400,
    concurrent_requests_with_one_key_take_effect_once,
);

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

async fn create(app: &App, user: &User, key: &str, body: &Value) -> Answer {
    app.post("/tasks").by(user).header("idempotency-key", key).json(body).send().await
}

async fn count(app: &App, user: &User) -> Value {
    app.get("/tasks").by(user).gives(200).await["count"].clone()
}

async fn repeated_request_gets_the_first_response(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "title": "Once" });
    let first = create(app, &t.member, "one", &body).await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    // This holds even when the row has changed or is gone.
    let path = first.header("location").to_owned();
    let _ = app.patch(&path).by(&t.member).json(&json!({ "title": "Changed" })).gives(200).await;
    for gone in [false, true] {
        if gone {
            let _ = app.delete(&path).by(&t.member).gives(204).await;
        }
        let again = create(app, &t.member, "one", &body).await.expect(201);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.text, first.text);
        for name in ["location", "etag", "content-type"] {
            assert_eq!(again.header(name), first.header(name), "{name}");
        }
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    }
    assert_eq!(count(app, &t.member).await, 0);
    let audit = app.get("/audit?noun=task&action=create").by(&t.admin).gives(200).await;
    assert_eq!(audit["count"], 1);
    // The key belongs to the user, so another token of the user gets the same response.
    let (access, _) = t.member.sign_in(app).await;
    let again = app.post("/tasks").token(&access).header("idempotency-key", "one").json(&body).send().await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"));
}

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

async fn idempotency_keys_are_separate_per_caller(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let body = json!({ "title": "Once" });
    let mut ids = Vec::new();
    for user in [&t.member, &t.other, &t.admin, &u.member] {
        let made = create(app, user, "one", &body).await.expect(201);
        assert_eq!(made.header("idempotency-replayed"), "");
        ids.push(made.body["id"].to_string());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
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

async fn every_post_accepts_an_idempotency_key(app: &App) {
    let t = app.tenant().await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let user = json!({ "email": format!("new@{}.example", t.slug), "username": "new", "password": "wide-green-rivers" });
    let posts = [
        ("/projects", json!({ "name": "Another" })),
        ("/documents", json!({ "title": "Minutes", "project_id": project["id"] })),
        ("/users", user),
    ];
    for (path, body) in posts {
        let send = || app.post(path).by(&t.admin).header("idempotency-key", "one").json(&body).send();
        let (first, again) = (send().await.expect(201), send().await.expect(201));
        assert_eq!((&again.text, again.header("idempotency-replayed")), (&first.text, "true"), "{path}");
    }
    // The session ends once, and the repetition gets the same response.
    let (access, _) = t.member.sign_in(app).await;
    let change = json!({ "old_password": "wide-green-rivers", "new_password": "tall-quiet-mountains" });
    let send = || {
        app.post("/auth/change-password").token(&access).header("idempotency-key", "one").json(&change).send()
    };
    let _ = send().await.expect(204);
    assert_eq!(send().await.expect(204).header("idempotency-replayed"), "true");
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

async fn concurrent_requests_with_one_key_take_effect_once(app: &App) {
    let t = app.tenant().await;
    let there = app.second(&[]).await;
    for key in ["one", "two", "three", "four"] {
        let body = json!({ "title": key });
        let nodes = (0..8).map(|number| if number % 2 == 0 { app } else { &there });
        let answers = join_all(nodes.map(|node| create(node, &t.member, key, &body))).await;
        let (made, waiting): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
        assert!(made.windows(2).all(|two| two[0].text == two[1].text));
        assert_eq!(made.iter().filter(|answer| answer.header("idempotency-replayed").is_empty()).count(), 1);
        for answer in waiting {
            assert_eq!(
                (answer.status, answer.code(), answer.header("retry-after")),
                (409, "idempotency_in_flight", "1")
            );
        }
    }
    assert_eq!(count(app, &t.member).await, 4);
    there.finish().await;
}
