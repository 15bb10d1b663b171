//! Refresh tokens: rotation, its grace period, and reuse.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{refused, rotate};

every_database!(
    refresh_token_is_rotated,
    rotated_token_returns_its_successor_for_ten_seconds,
    reuse_of_a_refresh_token_ends_the_session,
);

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
