//! What ends a personal access token.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{DAY, SECOND, make, status};
use crate::{operator::set_active, poll};

every_database!(
    deleted_token_is_refused,
    token_is_refused_after_its_expiry,
    token_is_refused_while_its_user_or_tenant_is_disabled,
    deleted_token_is_refused_by_another_node_within_a_second,
);

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
