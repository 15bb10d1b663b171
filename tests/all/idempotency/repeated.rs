//! A repeated request gets the first response, once for each caller and key.

use futures::future::join_all;
use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{count, create};

every_database!(
    repeated_request_gets_the_first_response,
    idempotency_keys_are_separate_per_caller,
    every_post_accepts_an_idempotency_key,
    concurrent_requests_with_one_key_take_effect_once,
);

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
