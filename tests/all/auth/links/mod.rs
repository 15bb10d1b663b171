//! Links by mail verify an email address or reset a password. A link is single-use, and requesting
//! one does not reveal whether an account exists.

mod refused;
mod request;
mod reset;
mod verify;

use serde_json::json;
use taskhub_tests::{Answer, App, User};

const NEW: &str = "tall-quiet-mountains";

async fn verify(app: &App, token: &str) -> Answer {
    app.post("/auth/verify-email").json(&json!({ "token": token })).send().await
}

async fn reset(app: &App, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "new_password": password });
    app.post("/auth/password-reset/confirm").json(&body).send().await
}

async fn ask(app: &App, what: &str, email: &str) -> Answer {
    app.post(what).json(&json!({ "email": email })).send().await.expect(202)
}

async fn sign_in(app: &App, user: &User, password: &str) -> Answer {
    app.post("/auth/token").json(&json!({ "email": user.email, "password": password })).send().await
}

/// Verifies the email address of the user.
async fn verified(app: &App, user: &User) {
    let token = app.mail_about(&user.email, "verify-email").await.token;
    let _ = verify(app, &token).await.expect(204);
}

/// Requests a password reset and returns the token of its link.
async fn asked(app: &App, user: &User) -> String {
    let _ = ask(app, "/auth/password-reset", &user.email).await;
    app.mail_about(&user.email, "reset-password").await.token
}
