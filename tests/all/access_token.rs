//! Personal access tokens: what they call, what ends them, and who makes and sees them.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_domain::{access_token, context::Request};
use taskhub_tests::{App, User, every_database};

use crate::{
    operator::set_active,
    poll,
    walks::database::{Database, hold},
};

every_database!(
    a_token_calls_as_its_user_within_its_scopes,
    it_ends_when_it_is_deleted,
    it_expires,
    it_ends_with_its_user_and_its_tenant,
    it_has_the_user_s_present_role,
    its_life_and_their_number_are_bounded,
    none_makes_a_wider_one,
    everybody_sees_their_own,
    another_node_knows_within_a_second,
    all_of_a_user_s_end_at_once,
    none_outlives_its_user_in_a_race,
);

const DAY: Duration = Duration::from_hours(24);
const SECOND: Duration = Duration::from_secs(1);

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn body(app: &App, scopes: &[&str]) -> Value {
    json!({ "name": "report", "scopes": scopes, "expires_at": app.clock.now().plus(DAY).to_string() })
}

/// A token: its row's path and itself.
async fn make(app: &App, user: &User, scopes: &[&str]) -> (String, String) {
    let made = app.post("/access-tokens").by(user).json(&body(app, scopes)).gives(201).await;
    (format!("/access-tokens/{}", text(&made["id"])), text(&made["token"]))
}

async fn status(app: &App, path: &str, token: &str) -> u16 {
    app.get(path).token(token).send().await.status
}

async fn a_token_calls_as_its_user_within_its_scopes(app: &App) {
    let t = app.tenant().await;
    let (path, token) = make(app, &t.member, &["tasks:read", "tasks:write", "users:read"]).await;
    assert!(token.starts_with("thp_"));
    let profile = app.get("/auth/profile").token(&token).gives(200).await;
    assert_eq!(profile["id"], json!(t.member.id));
    let task = app.post("/tasks").token(&token).json(&json!({ "title": "Mine" })).gives(201).await;
    assert_eq!(task["owner_id"], json!(t.member.id));
    for (path, status_there) in [("/tasks?assignee=me", 200), ("/projects", 403), ("/service-accounts", 403)]
    {
        assert_eq!(status(app, path, &token).await, status_there, "{path}");
    }
    // It belongs to no session.
    let (_, signs_out) = make(app, &t.member, &["sessions:write"]).await;
    assert_eq!(app.post("/auth/logout").token(&signs_out).send().await.expect(403).code(), "forbidden");
    let said = app.post("/auth/token/verify").json(&json!({ "token": token })).gives(200).await;
    assert_eq!((&said["active"], &said["id"]), (&json!(true), &json!(t.member.id)));
    // It is shown once, and kept as a digest.
    let row = app.get(&path).by(&t.member).send().await.expect(200);
    assert!(!row.text.contains("thp_") && !row.text.contains("hash"), "{}", row.text);
    assert_eq!(row.body["last_used_at"], app.clock.now().to_string());
    let rows = Database::of(app).await.rows_of(t.id).await;
    assert!(!hold(&rows, &token));
}

async fn it_ends_when_it_is_deleted(app: &App) {
    let t = app.tenant().await;
    for by in [&t.member, &t.admin] {
        let (path, token) = make(app, &t.member, &["tasks:read"]).await;
        let (_, kept) = make(app, &t.member, &["tasks:read"]).await;
        assert_eq!((status(app, "/tasks", &token).await, status(app, "/tasks", &kept).await), (200, 200));
        let _ = app.delete(&path).by(by).gives(204).await;
        assert_eq!((status(app, "/tasks", &token).await, status(app, "/tasks", &kept).await), (401, 200));
    }
    let never_used = make(app, &t.member, &["tasks:read"]).await;
    let _ = app.delete(&never_used.0).by(&t.member).gives(204).await;
    assert_eq!(status(app, "/tasks", &never_used.1).await, 401);
}

async fn it_expires(app: &App) {
    let t = app.tenant().await;
    let (_, token) = make(app, &t.member, &["tasks:read"]).await;
    assert_eq!(status(app, "/tasks", &token).await, 200);
    // The access tokens that it was exchanged for have expired many times by now.
    app.clock.advance(DAY.saturating_sub(SECOND));
    assert_eq!(status(app, "/tasks", &token).await, 200);
    app.clock.advance(SECOND);
    assert_eq!(status(app, "/tasks", &token).await, 401);
}

async fn it_ends_with_its_user_and_its_tenant(app: &App) {
    let t = app.tenant().await;
    let (_, token) = make(app, &t.member, &["tasks:read"]).await;
    assert_eq!(status(app, "/tasks", &token).await, 200);
    let path = format!("/users/{}", t.member.id);
    let set = async |active: bool| {
        app.clock.advance(SECOND);
        app.patch(&path).by(&t.admin).json(&json!({ "is_active": active })).gives(200).await;
    };
    set(false).await;
    assert_eq!(status(app, "/tasks", &token).await, 401);
    // It is looked up again, and what it would be exchanged for is younger than the revocation.
    app.clock.advance(2 * SECOND);
    assert_eq!(status(app, "/tasks", &token).await, 401);
    set(true).await;
    app.clock.advance(SECOND);
    assert_eq!(status(app, "/tasks", &token).await, 200);
    set_active(app, &t, false).await;
    let refused = async || app.get("/tasks").token(&token).send().await.code() == "tenant_suspended";
    poll::until("the tenant is kept out", refused).await;
    set_active(app, &t, true).await;
    app.clock.advance(SECOND);
    poll::until("the tenant is let in", async || status(app, "/tasks", &token).await == 200).await;
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
    assert_eq!(status(app, "/tasks", &token).await, 401);
}

async fn it_has_the_user_s_present_role(app: &App) {
    let t = app.tenant().await;
    let (_, token) = make(app, &t.member, &["projects:write"]).await;
    let create = async || {
        let call = app.post("/projects").token(&token).json(&json!({ "name": "Website" }));
        call.send().await.status
    };
    let set = async |role: &str| {
        app.clock.advance(SECOND);
        let path = format!("/users/{}", t.member.id);
        app.patch(&path).by(&t.admin).json(&json!({ "role": role })).gives(200).await;
        app.clock.advance(SECOND);
    };
    assert_eq!(create().await, 403);
    set("manager").await;
    assert_eq!(create().await, 201);
    set("member").await;
    assert_eq!(create().await, 403);
}

async fn its_life_and_their_number_are_bounded(app: &App) {
    let t = app.tenant().await;
    let create = async |expires_at: String| {
        let body = json!({ "name": "report", "scopes": [], "expires_at": expires_at });
        app.post("/access-tokens").by(&t.member).json(&body).send().await
    };
    let (now, longest) = (app.clock.now(), 366 * DAY);
    for wrong in [now, now.minus(SECOND), now.plus(longest + SECOND)] {
        assert_eq!(create(wrong.to_string()).await.expect(422).pointer(), "/expires_at");
    }
    for _ in 0..50 {
        let _ = create(now.plus(longest).to_string()).await.expect(201);
    }
    let told = create(now.plus(DAY).to_string()).await.expect(409);
    assert!(told.text.contains("at most 50"), "{}", told.text);
    // Another user's are others.
    let _ = make(app, &t.other, &[]).await;
}

async fn none_makes_a_wider_one(app: &App) {
    let t = app.tenant().await;
    let (_, token) = make(app, &t.admin, &["tasks:read", "access-tokens:write"]).await;
    let create = async |body: Value| app.post("/access-tokens").token(&token).json(&body).send().await;
    let _ = create(body(app, &["tasks:read"])).await.expect(201);
    for scopes in [&["tasks:write"][..], &["tasks:read", "users:read"]] {
        assert_eq!(create(body(app, scopes)).await.expect(403).code(), "insufficient_scope");
    }
    let mut longer = body(app, &["tasks:read"]);
    longer["expires_at"] = app.clock.now().plus(DAY + SECOND).to_string().into();
    assert_eq!(create(longer).await.expect(422).pointer(), "/expires_at");
    let (_, reads) = make(app, &t.admin, &["access-tokens:read"]).await;
    let refused = app.post("/access-tokens").token(&reads).json(&body(app, &[])).send().await.expect(403);
    assert_eq!(refused.code(), "insufficient_scope");
    // A service has none, and makes none.
    let service = t.service(app, &["access-tokens:write"]);
    let _ = app.post("/access-tokens").token(&service).json(&body(app, &[])).gives(403).await;
}

async fn everybody_sees_their_own(app: &App) {
    let t = app.tenant().await;
    let (path, _) = make(app, &t.member, &["tasks:read"]).await;
    let _ = make(app, &t.admin, &["tasks:read"]).await;
    let count = async |user: &User, path: &str| app.get(path).by(user).gives(200).await["count"].clone();
    assert_eq!(count(&t.member, "/access-tokens").await, 1);
    assert_eq!(count(&t.other, "/access-tokens").await, 0);
    assert_eq!(count(&t.admin, "/access-tokens").await, 2);
    assert_eq!(count(&t.admin, "/access-tokens?user=me").await, 1);
    assert_eq!(count(&t.admin, &format!("/access-tokens?user={}", t.member.id)).await, 1);
    let _ = app.get(&path).by(&t.other).gives(404).await;
    let _ = app.delete(&path).by(&t.other).gives(404).await;
    let _ = app.get(&path).by(&t.admin).gives(200).await;
}

async fn another_node_knows_within_a_second(app: &App) {
    let t = app.tenant().await;
    let (path, token) = make(app, &t.member, &["tasks:read"]).await;
    let second = app.second(&[]).await;
    assert_eq!(status(&second, "/tasks", &token).await, 200);
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    poll::within(SECOND, "the token is refused", async || status(&second, "/tasks", &token).await == 401)
        .await;
    second.finish().await;
}

async fn all_of_a_user_s_end_at_once(app: &App) {
    let t = app.tenant().await;
    let tokens = [make(app, &t.member, &["tasks:read"]).await, make(app, &t.member, &["tasks:read"]).await];
    let (_, other) = make(app, &t.other, &["tasks:read"]).await;
    assert_eq!(status(app, "/tasks", &tokens[0].1).await, 200);
    let ctx = app.state.repository.system("a test", Request::default()).within(t.id);
    let end =
        app.state.repository.write(&ctx, t.member.id, |tx, user| Box::pin(access_token::end_all(tx, *user)));
    end.await.unwrap();
    for (_, token) in &tokens {
        assert_eq!(status(app, "/tasks", token).await, 401);
    }
    assert_eq!(status(app, "/tasks", &other).await, 200);
    let audit = app.get("/audit?noun=access_token&action=delete").by(&t.admin).gives(200).await;
    assert_eq!(audit["count"], 2);
}

/// Tokens are used for the first time while their user is disabled: whatever came first, none is good afterwards.
async fn none_outlives_its_user_in_a_race(app: &App) {
    let t = app.tenant().await;
    let mut tokens = Vec::new();
    for _ in 0..12 {
        tokens.push(make(app, &t.member, &["tasks:read"]).await.1);
    }
    let path = format!("/users/{}", t.member.id);
    let disable = app.patch(&path).by(&t.admin).json(&json!({ "is_active": false })).gives(200);
    let _ = futures::join!(join_all(tokens.iter().map(|token| status(app, "/tasks", token))), disable);
    for token in &tokens {
        assert_eq!(status(app, "/tasks", token).await, 401);
    }
}
