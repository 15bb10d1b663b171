//! The login throttle: how many failures are free, how long the next attempt is delayed and for
//! whom, and that concurrency does not evade it.

mod account;
mod checks;
mod evasion;
mod network;

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{Answer, App};

const WRONG: &str = "another-password";
const SECOND: Duration = Duration::from_secs(1);

async fn try_as(app: &App, email: &str, password: &str) -> Answer {
    app.post("/auth/token").json(&json!({ "email": email, "password": password })).send().await
}

/// Tries to sign in from the given address, through a trusted proxy.
async fn try_from(app: &App, address: &str, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    app.post("/auth/token").header("x-forwarded-for", address).json(&body).send().await
}

fn waits(answer: Answer, seconds: u64) {
    let answer = answer.expect(429);
    assert_eq!((answer.code(), answer.header("retry-after")), ("too_many_attempts", &*seconds.to_string()));
}

async fn fail(app: &App, email: &str, times: usize) {
    for _ in 0..times {
        assert_eq!(try_as(app, email, WRONG).await.expect(401).code(), "invalid_credentials");
    }
}
