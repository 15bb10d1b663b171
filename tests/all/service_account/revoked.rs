//! What ends the tokens of a service account.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{HOUR, SECOND, make, sign_in, text, token};
use crate::{operator::set_active, poll};

every_database!(
    restricting_a_service_account_revokes_its_tokens,
    disabled_account_is_refused_by_another_node_within_a_second,
    token_expires_no_later_than_its_account,
);

async fn restricting_a_service_account_revokes_its_tokens(app: &App) {
    let t = app.tenant().await;
    let (id, secret) = make(app, &t, &["tasks:read", "projects:read"]).await;
    let path = format!("/service-accounts/{id}");
    let later = app.clock.now().plus(HOUR).to_string();
    let status = async |token: &str| app.get("/tasks").token(token).send().await.status;
    for change in
        [json!({ "scopes": ["tasks:read"] }), json!({ "expires_at": later }), json!({ "is_active": false })]
    {
        let before = token(app, &id, &secret).await;
        // A new name revokes nothing.
        app.patch(&path).by(&t.admin).json(&json!({ "name": change.to_string() })).gives(200).await;
        assert_eq!(status(&before).await, 200);
        app.clock.advance(SECOND);
        app.patch(&path).by(&t.admin).json(&change).gives(200).await;
        assert_eq!(status(&before).await, 401, "{change}");
        app.clock.advance(SECOND);
        app.patch(&path).by(&t.admin).json(&json!({ "is_active": true })).gives(200).await;
        app.clock.advance(SECOND);
        let after = token(app, &id, &secret).await;
        assert_eq!((status(&after).await, status(&before).await), (200, 401), "{change}");
    }
    let before = token(app, &id, &secret).await;
    set_active(app, &t, false).await;
    assert_eq!(sign_in(app, &id, &secret).await.expect(403).code(), "tenant_suspended");
    set_active(app, &t, true).await;
    poll::until("the tenant is let in", async || status(&before).await == 200).await;
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
    assert_eq!(status(&before).await, 401);
}

async fn disabled_account_is_refused_by_another_node_within_a_second(app: &App) {
    let t = app.tenant().await;
    let (id, secret) = make(app, &t, &["tasks:read"]).await;
    let token = token(app, &id, &secret).await;
    let second = app.second(&[]).await;
    let _ = second.get("/tasks").token(&token).gives(200).await;
    let path = format!("/service-accounts/{id}");
    app.patch(&path).by(&t.admin).json(&json!({ "is_active": false })).gives(200).await;
    poll::within(SECOND, "the token is refused", async || {
        second.get("/tasks").token(&token).send().await.status == 401
    })
    .await;
    second.finish().await;
}

async fn token_expires_no_later_than_its_account(app: &App) {
    let t = app.tenant().await;
    let soon = app.clock.now().plus(Duration::from_secs(100)).to_string();
    let body = json!({ "name": "importer", "scopes": ["tasks:read"], "expires_at": soon });
    let made = app.post("/service-accounts").by(&t.admin).json(&body).gives(201).await;
    let (id, secret) = (text(&made["client_id"]), text(&made["client_secret"]));
    let answer = sign_in(app, &id, &secret).await.expect(200).body;
    assert_eq!(answer["expires_in"], 100);
    let status = async || app.get("/tasks").token(&text(&answer["access_token"])).send().await.status;
    app.clock.advance(Duration::from_secs(99));
    assert_eq!(status().await, 200);
    app.clock.advance(SECOND);
    assert_eq!(status().await, 401);
}
