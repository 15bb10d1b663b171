//! Credentials that a dry run checks count for the throttle, the audit and their last use.

use std::time::Duration;

use serde_json::json;
use taskhub_auth::Totp;
use taskhub_tests::{App, PASSWORD, every_database};

use super::{ask, found_out};
use crate::poll;

every_database!(
    dry_run_counts_towards_the_throttle_and_the_audit,
    credentials_confirmed_by_a_dry_run_are_audited,
    dry_run_with_a_credential_updates_its_last_use,
);

async fn dry_run_counts_towards_the_throttle_and_the_audit(app: &App) {
    let t = app.tenant().await;
    let (session, _) = t.member.sign_in(app).await;
    let wrong = json!({ "old_password": "not-the-password", "new_password": "nine-quiet-lanterns" });
    let guess = || ask(app.post("/auth/change-password").token(&session).json(&wrong));
    for _ in 0..5 {
        assert_eq!(guess().await.expect(422).pointer(), "/old_password");
    }
    assert_eq!(guess().await.expect(429).code(), "too_many_attempts");
    let (other, _) = t.manager.sign_in(app).await;
    let right = json!({ "old_password": PASSWORD, "new_password": "nine-quiet-lanterns" });
    let _ = ask(app.post("/auth/change-password").token(&other).json(&right)).await.expect(204);
    assert_eq!(app.get("/audit?action=asked").by(&t.admin).gives(200).await["count"], 1);
    let _ = ask(app.post("/labels").by(&t.member).json(&json!({ "name": "mine" }))).await.expect(403);
    for action in ["proof_failed", "refused"] {
        let path = format!("/audit?action={action}");
        let told = async || app.get(&path).by(&t.admin).gives(200).await["count"] != 0;
        poll::until(action, told).await;
    }
}

async fn credentials_confirmed_by_a_dry_run_are_audited(app: &App) {
    let t = app.tenant().await;
    let (access, _) = t.member.sign_in(app).await;
    let enrol = app.post("/auth/mfa/totp").token(&access).json(&json!({ "password": PASSWORD }));
    let secret = enrol.gives(200).await["secret"].clone();
    let code = Totp::parse(secret.as_str().unwrap()).unwrap().code(app.clock.now().seconds());
    let confirm = app.post("/auth/mfa/totp/confirm").token(&access).json(&json!({ "code": code }));
    let _ = ask(confirm).await.expect(200);
    let token = app.mail_about(&t.member.email, "verify-email").await.token;
    let verify = || app.post("/auth/verify-email").json(&json!({ "token": token }));
    let _ = ask(verify()).await.expect(204);
    let _ = verify().gives(204).await;
    let link = app.post("/auth/password-reset").json(&json!({ "email": t.member.email, "tenant": t.slug }));
    let _ = link.gives(202).await;
    let token = app.mail_about(&t.member.email, "reset-password").await.token;
    let reset = json!({ "token": token, "new_password": "nine-quiet-lanterns" });
    let _ = ask(app.post("/auth/password-reset/confirm").json(&reset)).await.expect(204);
    assert_eq!(
        found_out(app, &t, &t.member.id.to_string()).await,
        ["code", "verify_email", "reset_password"]
    );
}

async fn dry_run_with_a_credential_updates_its_last_use(app: &App) {
    let t = app.tenant().await;
    let now = json!(app.clock.now().to_string());
    let service = json!({ "name": "importer", "scopes": ["tasks:read"] });
    let service = app.post("/service-accounts").by(&t.admin).json(&service).gives(201).await;
    let sign_in = json!({ "grant_type": "client_credentials", "client_id": service["id"], "client_secret": service["client_secret"] });
    assert_eq!(
        ask(app.post("/auth/token").json(&sign_in)).await.expect(200).body["access_token"],
        "validate-only"
    );
    let path = format!("/service-accounts/{}", service["id"].as_str().unwrap());
    assert_eq!(app.get(&path).by(&t.admin).gives(200).await["last_used_at"], now);
    let soon = app.clock.now().plus(Duration::from_hours(1)).to_string();
    let personal = json!({ "name": "report", "scopes": ["tasks:write"], "expires_at": soon });
    let personal = app.post("/access-tokens").by(&t.member).json(&personal).gives(201).await;
    let task =
        app.post("/tasks").token(personal["token"].as_str().unwrap()).json(&json!({ "title": "Asked" }));
    let _ = ask(task).await.expect(201);
    let path = format!("/access-tokens/{}", personal["id"].as_str().unwrap());
    assert_eq!(app.get(&path).by(&t.member).gives(200).await["last_used_at"], now);
}
