//! When sessions and access tokens expire, and what an active token says.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{SECOND, refused, rotate};

every_database!(
    idle_session_expires,
    session_expires_after_its_maximum_lifetime,
    access_token_expires_after_15_minutes,
    verify_returns_the_claims_of_an_active_token,
);

const HOUR: Duration = Duration::from_hours(1);

async fn idle_session_expires(app: &App) {
    let t = app.tenant().await;
    let (_, token) = t.member.sign_in(app).await;
    let idle = 168 * HOUR;
    app.clock.advance(idle.saturating_sub(SECOND));
    let (_, token) = rotate(app, &token).await;
    app.clock.advance(idle);
    refused(app, &token).await;
}

async fn session_expires_after_its_maximum_lifetime(app: &App) {
    let t = app.tenant().await;
    let (_, mut token) = t.member.sign_in(app).await;
    for _ in 0..5 {
        app.clock.advance(143 * HOUR);
        token = rotate(app, &token).await.1;
    }
    app.clock.advance((5 * HOUR).saturating_sub(SECOND));
    token = rotate(app, &token).await.1;
    app.clock.advance(Duration::from_secs(1));
    refused(app, &token).await;
}

async fn access_token_expires_after_15_minutes(app: &App) {
    let t = app.tenant().await;
    let (access, _) = t.member.sign_in(app).await;
    app.clock.advance(Duration::from_secs(899));
    let _ = app.get("/tasks").token(&access).gives(200).await;
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(app.get("/tasks").token(&access).send().await.expect(401).code(), "unauthenticated");
}

async fn verify_returns_the_claims_of_an_active_token(app: &App) {
    let t = app.tenant().await;
    let verify =
        async |token: &str| app.post("/auth/token/verify").json(&json!({ "token": token })).gives(200).await;
    let (access, refresh) = t.manager.sign_in(app).await;
    let said = verify(&access).await;
    assert_eq!(
        (&said["active"], &said["kind"], &said["role"]),
        (&json!(true), &json!("user"), &json!("manager"))
    );
    assert_eq!((&said["id"], &said["tenant"]), (&json!(t.manager.id), &json!(t.id)));
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 900);
    let service = verify(&t.service(app, &["tasks:read"])).await;
    assert_eq!((&service["kind"], &service["scopes"]), (&json!("service"), &json!(["tasks:read"])));
    let nothing = verify("rubbish").await;
    assert!(nothing.as_object().unwrap().iter().all(|(name, value)| name == "active" || value.is_null()));
    assert_eq!(nothing["active"], false);
    assert_eq!(verify(&refresh).await, nothing);
    app.clock.advance(Duration::from_mins(15));
    assert_eq!(verify(&access).await, nothing);
}
