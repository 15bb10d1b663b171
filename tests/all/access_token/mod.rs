//! Personal access tokens: what they call, what ends them, and who makes and sees them.

mod ended;
mod made;
mod revoked;
mod usage;

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, User};

const DAY: Duration = Duration::from_hours(24);
const SECOND: Duration = Duration::from_secs(1);

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn body(app: &App, scopes: &[&str]) -> Value {
    json!({ "name": "report", "scopes": scopes, "expires_at": app.clock.now().plus(DAY).to_string() })
}

/// Creates a token. Returns the path of its row and the token.
async fn make(app: &App, user: &User, scopes: &[&str]) -> (String, String) {
    let made = app.post("/access-tokens").by(user).json(&body(app, scopes)).gives(201).await;
    (format!("/access-tokens/{}", text(&made["id"])), text(&made["token"]))
}

async fn status(app: &App, path: &str, token: &str) -> u16 {
    app.get(path).token(token).send().await.status
}
