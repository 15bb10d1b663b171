//! Personal access tokens: what they call, what ends them, and who makes and sees them.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_domain::{access_token, context::Request};
use taskhub_tests::{App, User, every_database};

use crate::{
    contract::database::{Database, hold},
    operator::set_active,
    poll,
};

every_database!(
    token_acts_as_its_user_within_its_scopes,
    deleted_token_is_refused,
    token_is_refused_after_its_expiry,
    token_is_refused_while_its_user_or_tenant_is_disabled,
    token_has_the_current_role_of_its_user,
    lifetime_and_number_of_tokens_are_limited,
    token_creates_no_token_with_more_scopes_or_a_longer_life,
    users_see_their_own_tokens_and_admins_see_all,
    deleted_token_is_refused_by_another_node_within_a_second,
    end_all_revokes_every_token_of_the_user,
    no_token_survives_a_concurrent_disabling_of_its_user,
);

const DAY: Duration = Duration::from_hours(24);
const SECOND: Duration = Duration::from_secs(1);

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn body(app: &App, scopes: &[&str]) -> Value {
    json!({ "name": "report", "scopes": scopes, "expires_at": app.clock.now().plus(DAY).to_string() })
}

/// Creates a token. Returns the path of its row and the token.
async fn make(app: &App, user: &User, scopes: &[&str]) -> (String, String) {
    let made = app.post("/access-tokens").by(user).json(&body(app, scopes)).gives(201).await;
    (format!("/access-tokens/{}", text(&made["id"])), text(&made["token"]))
}

async fn status(app: &App, path: &str, token: &str) -> u16 {
    app.get(path).token(token).send().await.status
}

async fn token_acts_as_its_user_within_its_scopes(app: &App) {
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
    // A personal access token belongs to no session, so it cannot sign out.
    let (_, signs_out) = make(app, &t.member, &["sessions:write"]).await;
    assert_eq!(app.post("/auth/logout").token(&signs_out).send().await.expect(403).code(), "forbidden");
    let said = app.post("/auth/token/verify").json(&json!({ "token": token })).gives(200).await;
    assert_eq!((&said["active"], &said["id"]), (&json!(true), &json!(t.member.id)));
    // The token is shown once; only its digest is stored.
    let row = app.get(&path).by(&t.member).send().await.expect(200);
    assert!(!row.text.contains("thp_") && !row.text.contains("hash"), "{}", row.text);
    assert_eq!(row.body["last_used_at"], app.clock.now().to_string());
    let rows = Database::of(app).await.rows_of(t.id).await;
    assert!(!hold(&rows, &token));
}

async fn deleted_token_is_refused(app: &App) {
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

async fn token_is_refused_after_its_expiry(app: &App) {
    let t = app.tenant().await;
    let (_, token) = make(app, &t.member, &["tasks:read"]).await;
    assert_eq!(status(app, "/tasks", &token).await, 200);
    // By now the internal access tokens that it was exchanged for have expired many times.
    app.clock.advance(DAY.saturating_sub(SECOND));
    assert_eq!(status(app, "/tasks", &token).await, 200);
    app.clock.advance(SECOND);
    assert_eq!(status(app, "/tasks", &token).await, 401);
}

async fn token_is_refused_while_its_user_or_tenant_is_disabled(app: &App) {
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
    // The token is looked up again, and the internal token is now younger than the revocation.
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

async fn token_has_the_current_role_of_its_user(app: &App) {
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

async fn lifetime_and_number_of_tokens_are_limited(app: &App) {
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
    // The limit counts per user.
    let _ = make(app, &t.other, &[]).await;
}

async fn token_creates_no_token_with_more_scopes_or_a_longer_life(app: &App) {
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
    // A service account has no personal access tokens and cannot create any.
    let service = t.service(app, &["access-tokens:write"]);
    let _ = app.post("/access-tokens").token(&service).json(&body(app, &[])).gives(403).await;
}

async fn users_see_their_own_tokens_and_admins_see_all(app: &App) {
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

async fn deleted_token_is_refused_by_another_node_within_a_second(app: &App) {
    let t = app.tenant().await;
    let (path, token) = make(app, &t.member, &["tasks:read"]).await;
    let second = app.second(&[]).await;
    assert_eq!(status(&second, "/tasks", &token).await, 200);
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    poll::within(SECOND, "the token is refused", async || status(&second, "/tasks", &token).await == 401)
        .await;
    second.finish().await;
}

async fn end_all_revokes_every_token_of_the_user(app: &App) {
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

/// The tokens are used for the first time while their user is disabled. Whichever comes first, all
/// are refused afterwards.
async fn no_token_survives_a_concurrent_disabling_of_its_user(app: &App) {
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
