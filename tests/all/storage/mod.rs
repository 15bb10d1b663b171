//! Failing storage: full, read-only, frozen, or with another schema.

mod frozen;
mod full;
mod readiness;

use reqwest::StatusCode;
use serde_json::Value;

/// The response of `/health/ready`: the status, and the reason why the server is not ready.
async fn ready(server: &str) -> (StatusCode, String) {
    let answer = reqwest::get(format!("{server}/health/ready")).await.unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    (status, body["detail"].as_str().unwrap_or_default().to_owned())
}
