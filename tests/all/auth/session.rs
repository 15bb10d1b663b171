//! Sessions: rotation with its grace period, reuse, expiry, token verification, and signing out.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{Answer, App, PASSWORD, every_database};

every_database!(
    refresh_token_is_rotated,
    rotated_token_returns_its_successor_for_ten_seconds,
    reuse_of_a_refresh_token_ends_the_session,
    idle_session_expires,
    session_expires_after_its_maximum_lifetime,
    access_token_expires_after_15_minutes,
    verify_returns_the_claims_of_an_active_token,
    logout_ends_only_the_current_session,
    session_over_the_limit_ends_the_oldest,
    deleting_a_user_revokes_its_tokens,
);

const HOUR: Duration = Duration::from_hours(1);
const SECOND: Duration = Duration::from_secs(1);

async fn refresh(app: &App, token: &str) -> Answer {
    app.post("/auth/token/refresh").json(&json!({ "refresh_token": token })).send().await
}

/// Rotates the refresh token. Returns the new access token and the new refresh token.
async fn rotate(app: &App, token: &str) -> (String, String) {
    let pair = refresh(app, token).await.expect(200).body;
    (pair["access_token"].as_str().unwrap().to_owned(), pair["refresh_token"].as_str().unwrap().to_owned())
}

async fn refused(app: &App, token: &str) {
    assert_eq!(refresh(app, token).await.expect(401).code(), "invalid_refresh_token");
}

async fn refresh_token_is_rotated(app: &App) {
    let t = app.tenant().await;
    let (_, first) = t.member.sign_in(app).await;
    let (access, second) = rotate(app, &first).await;
    assert_ne!(first, second);
    let profile = app.get("/auth/profile").token(&access).gives(200).await;
    assert_eq!(profile["id"], json!(t.member.id));
    let (_, third) = rotate(app, &second).await;
    assert_ne!(second, third);
    // An invalid refresh token ends no session.
    let tampered = format!("{}{}", &third[..third.len() - 1], if third.ends_with('A') { "Q" } else { "A" });
    for token in [tampered.as_str(), "", "thr_", "rubbish", &access[..200]] {
        refused(app, token).await;
    }
    let _ = rotate(app, &third).await;
    // An access token is not a refresh token, nor the reverse.
    let _ = app.get("/tasks").token(&third).gives(401).await;
}

async fn rotated_token_returns_its_successor_for_ten_seconds(app: &App) {
    let t = app.tenant().await;
    let (_, first) = t.member.sign_in(app).await;
    let (_, second) = rotate(app, &first).await;
    assert_eq!(rotate(app, &first).await.1, second);
    app.clock.advance(Duration::from_secs(10));
    let (access, again) = rotate(app, &first).await;
    assert_eq!(again, second);
    let _ = app.get("/tasks").token(&access).gives(200).await;
    // Repeating the rotation does not extend the grace period.
    app.clock.advance(Duration::from_micros(1));
    refused(app, &first).await;
    refused(app, &second).await;
}

async fn reuse_of_a_refresh_token_ends_the_session(app: &App) {
    let t = app.tenant().await;
    let (other_access, other) = t.member.sign_in(app).await;
    let (_, first) = t.member.sign_in(app).await;
    let (_, second) = rotate(app, &first).await;
    let (access, third) = rotate(app, &second).await;
    // The token before the previous one has no grace period: it cannot be a concurrent request of
    // the same client.
    refused(app, &first).await;
    refused(app, &third).await;
    refused(app, &second).await;
    let _ = app.get("/tasks").token(&access).gives(401).await;
    let verified = app.post("/auth/token/verify").json(&json!({ "token": access })).gives(200).await;
    assert_eq!(verified["active"], false);
    // Other sessions of the user continue.
    let _ = app.get("/tasks").token(&other_access).gives(200).await;
    let _ = rotate(app, &other).await;
    let audit = app.get("/audit?noun=session&action=reuse").by(&t.admin).gives(200).await;
    assert_eq!(audit["count"], 1);
}

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

async fn logout_ends_only_the_current_session(app: &App) {
    let t = app.tenant().await;
    let (access, token) = t.member.sign_in(app).await;
    let (other_access, other) = t.member.sign_in(app).await;
    let (newer, token) = rotate(app, &token).await;
    let gone = app.post("/auth/logout").token(&access).send().await.expect(204);
    assert_eq!(gone.text, "");
    for token in [&access, &newer] {
        let _ = app.get("/tasks").token(token).gives(401).await;
    }
    refused(app, &token).await;
    let _ = app.get("/tasks").token(&other_access).gives(200).await;
    let _ = rotate(app, &other).await;
    // A token without a session cannot log out.
    let _ = app.post("/auth/logout").by(&t.member).gives(403).await;
    let _ = app.post("/auth/logout").gives(401).await;
}

async fn session_over_the_limit_ends_the_oldest(app: &App) {
    let t = app.tenant().await;
    let sign_in = json!({ "email": t.member.email, "password": PASSWORD, "tenant": t.slug });
    let mut sessions = Vec::new();
    for _ in 0..51 {
        app.clock.advance(SECOND);
        let pair = app.post("/auth/token").json(&sign_in).gives(200).await;
        sessions.push(pair["refresh_token"].as_str().unwrap().to_owned());
    }
    refused(app, &sessions[0]).await;
    for kept in [&sessions[1], &sessions[50]] {
        let _ = refresh(app, kept).await.expect(200);
    }
}

async fn deleting_a_user_revokes_its_tokens(app: &App) {
    let t = app.tenant().await;
    let (access, refresh_token) = t.other.sign_in(app).await;
    let _ = app.get("/auth/profile").token(&access).gives(200).await;
    let _ = app.delete(&format!("/users/{}", t.other.id)).by(&t.admin).gives(204).await;
    for token in [&access, &t.other.token] {
        assert_eq!(app.get("/projects").token(token).send().await.expect(401).code(), "unauthenticated");
    }
    refused(app, &refresh_token).await;
}
