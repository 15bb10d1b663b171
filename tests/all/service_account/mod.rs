//! Service accounts: signing in, revocation, and permissions to manage them.

mod permissions;
mod refused;
mod revoked;
mod secret;
mod sign_in;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use taskhub_tests::{Answer, App, Tenant};

const HOUR: Duration = Duration::from_hours(1);
const SECOND: Duration = Duration::from_secs(1);

/// Creates a service account. Returns its id and secret.
async fn make(app: &App, t: &Tenant, scopes: &[&str]) -> (String, String) {
    let body = json!({ "name": "importer", "scopes": scopes });
    let made = app.post("/service-accounts").by(&t.admin).json(&body).gives(201).await;
    (text(&made["client_id"]), text(&made["client_secret"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn sign_in(app: &App, id: &str, secret: &str) -> Answer {
    let body = json!({ "grant_type": "client_credentials", "client_id": id, "client_secret": secret });
    app.post("/auth/token").json(&body).send().await
}

async fn token(app: &App, id: &str, secret: &str) -> String {
    text(&sign_in(app, id, secret).await.expect(200).body["access_token"])
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

async fn form(app: &App, header: Option<&str>, form: &str) -> Answer {
    let call = app.post("/auth/token").body("application/x-www-form-urlencoded", form.to_owned());
    match header {
        Some(header) => call.header("authorization", header).send().await,
        None => call.send().await,
    }
}
