//! Scenario tests of stored responses: an idempotency key never reveals what its caller may no
//! longer see or do.

mod caller;
mod retried;
mod session;

use serde_json::json;
use taskhub_tests::{Answer, App, Call, User};

fn keyed<'a>(call: Call<'a>, token: &str) -> Call<'a> {
    call.token(token).header("idempotency-key", "one")
}

fn replayed(answer: &Answer) -> &str {
    answer.header("idempotency-replayed")
}

async fn make_account(app: &App, token: &str) -> Answer {
    let body = json!({ "name": "exporter", "scopes": ["tasks:read"] });
    keyed(app.post("/service-accounts"), token).json(&body).send().await
}

/// A personal access token of the user.
async fn personal(app: &App, user: &User, scopes: &[&str]) -> String {
    let soon = app.clock.now().plus(std::time::Duration::from_hours(240)).to_string();
    let body = json!({ "name": "script", "scopes": scopes, "expires_at": soon });
    let made = app.post("/access-tokens").by(user).json(&body).gives(201).await;
    made["token"].as_str().unwrap().to_owned()
}
