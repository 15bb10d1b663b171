//! Scenario tests of `Idempotency-Key`: a repeated request gets the first response and has no
//! second effect.

mod rejected;
mod repeated;
mod stored;

use serde_json::Value;
use taskhub_tests::{Answer, App, User};

async fn create(app: &App, user: &User, key: &str, body: &Value) -> Answer {
    app.post("/tasks").by(user).header("idempotency-key", key).json(body).send().await
}

async fn count(app: &App, user: &User) -> Value {
    app.get("/tasks").by(user).gives(200).await["count"].clone()
}
