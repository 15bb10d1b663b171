//! Two servers on one database. A revocation on one node soon applies on the other, which reads it
//! in the background.

use std::time::Instant;

use serde_json::json;
use taskhub_tests::{App, User, every_database};

use crate::{operator::set_active, poll};

every_database!(revocation_reaches_the_other_node, nodes_share_idempotency_keys_cursors_and_sessions);

#[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "what was measured is for people")]
async fn revocation_reaches_the_other_node(app: &App) {
    let t = app.tenant().await;
    let there = app.second(&[]).await;
    let refused = async |what: &str, token: &str, code: &str| {
        let ended = Instant::now();
        poll::until(what, async || there.get("/tasks").token(token).send().await.code() == code).await;
        eprintln!("{:?}: {what} was refused elsewhere after {} ms", app.backend, ended.elapsed().as_millis());
    };
    let sign_in = async |user: &User| {
        let (access, _) = user.sign_in(app).await;
        let _ = there.get("/tasks").token(&access).gives(200).await;
        access
    };
    let access = sign_in(&t.member).await;
    let _ = app.post("/auth/logout").token(&access).gives(204).await;
    refused("a session that was signed out", &access, "unauthenticated").await;
    let access = sign_in(&t.member).await;
    let list = app.get("/auth/sessions?sort=-created_at").token(&access).gives(200).await;
    let path = format!("/auth/sessions/{}", list["results"][0]["id"].as_str().unwrap());
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
    refused("a session that an admin ended", &access, "unauthenticated").await;
    let (first, second) = (sign_in(&t.other).await, sign_in(&t.other).await);
    let change = json!({ "old_password": taskhub_tests::PASSWORD, "new_password": "tall-quiet-mountains" });
    let _ = app.post("/auth/change-password").token(&first).json(&change).gives(204).await;
    refused("the other session of a new password", &second, "unauthenticated").await;
    let _ = there.get("/tasks").token(&first).gives(200).await;
    let access = sign_in(&t.member).await;
    let path = format!("/users/{}", t.member.id);
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "is_active": false })).gives(200).await;
    refused("a disabled user", &access, "unauthenticated").await;
    refused("a disabled user's token without a session", &t.member.token, "unauthenticated").await;
    let access = sign_in(&t.manager).await;
    let path = format!("/users/{}", t.manager.id);
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "role": "member" })).gives(200).await;
    refused("a user of another role", &access, "unauthenticated").await;
    let service = t.service(app, &["tasks:read"]);
    let access = sign_in(&t.admin).await;
    set_active(app, &t, false).await;
    for token in [&access, &service, &t.admin.token] {
        refused("a suspended organisation", token, "tenant_suspended").await;
    }
    set_active(app, &t, true).await;
    poll::until("an activated organisation", async || {
        there.get("/tasks").token(&access).send().await.status == 200
    })
    .await;
    there.finish().await;
}

async fn nodes_share_idempotency_keys_cursors_and_sessions(app: &App) {
    let t = app.tenant().await;
    let there = app.second(&[]).await;
    let body = json!({ "title": "Made here" });
    let made = app.post("/tasks").by(&t.member).header("idempotency-key", "k").json(&body).gives(201).await;
    let again = there.post("/tasks").by(&t.member).header("idempotency-key", "k").json(&body).send().await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.expect(201).body, made);
    let _ = app.post("/tasks").by(&t.member).json(&body).gives(201).await;
    // A cursor or refresh token from one node is valid on the other.
    let page = app.get("/tasks?cursor=&page_size=1").by(&t.member).gives(200).await;
    let next = page["next"].as_str().unwrap().split_once("/api/v1").unwrap().1.to_owned();
    assert_eq!(there.get(&next).by(&t.member).gives(200).await["results"][0], made);
    let (_, refresh) = t.member.sign_in(app).await;
    let refresh = json!({ "refresh_token": refresh });
    let one = app.post("/auth/token/refresh").json(&refresh).gives(200).await;
    let other = there.post("/auth/token/refresh").json(&refresh).gives(200).await;
    assert_eq!(one["refresh_token"], other["refresh_token"]);
    there.finish().await;
}
