//! Sessions: rotation with its grace period, reuse, expiry, token verification, and signing out.

mod ended;
mod expiry;
mod rotation;

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{Answer, App};

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
