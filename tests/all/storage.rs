//! Storage that fails: full, read-only, frozen, of another schema.

mod frozen;
mod full;
mod readiness;

use reqwest::StatusCode;
use serde_json::Value;

/// What `/health/ready` answers: the status, and why the server can't serve.
async fn ready(server: &str) -> (StatusCode, String) {
    let answer = reqwest::get(format!("{server}/health/ready")).await.unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    (status, body["detail"].as_str().unwrap_or_default().to_owned())
}
