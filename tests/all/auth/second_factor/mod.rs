//! The second factor: setting it up, signing in with it, recovery codes, and removing a lost one.

mod codes;
mod setup;

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_auth::Totp;
use taskhub_tests::{Answer, App, PASSWORD, User};

const STEP: Duration = Duration::from_secs(30);

/// A user with a second factor.
struct Guarded {
    access: String,
    totp: Totp,
    recovery: Vec<String>,
}

impl Guarded {
    fn code(&self, app: &App) -> String {
        self.totp.code(app.clock.now().seconds())
    }
}

async fn begin(app: &App, access: &str) -> Totp {
    let begun =
        app.post("/auth/mfa/totp").token(access).json(&json!({ "password": PASSWORD })).gives(200).await;
    let secret = begun["secret"].as_str().unwrap();
    assert!(begun["uri"].as_str().unwrap().contains(&format!("?secret={secret}&issuer=TaskHub&")));
    Totp::parse(secret).unwrap()
}

fn codes(body: &Value) -> Vec<String> {
    body["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// Enables the second factor of the user. The clock moves past the time step of the code that was
/// used.
async fn guard(app: &App, user: &User) -> Guarded {
    let (access, _) = user.sign_in(app).await;
    let totp = begin(app, &access).await;
    let code = json!({ "code": totp.code(app.clock.now().seconds()) });
    let confirmed = app.post("/auth/mfa/totp/confirm").token(&access).json(&code).gives(200).await;
    app.clock.advance(STEP);
    Guarded { access, totp, recovery: codes(&confirmed) }
}

async fn sign_in(app: &App, user: &User, code: Option<&str>) -> Answer {
    let mut body = json!({ "email": user.email, "password": PASSWORD });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    app.post("/auth/token").json(&body).send().await
}

/// Fails unless the code was refused.
fn refused(answer: Answer) {
    let answer = answer.expect(422);
    assert_eq!((answer.pointer(), &answer.body["errors"][0]["code"]), ("/code", &json!("invalid_code")));
}
