//! Verifying an email address by a link.

use serde_json::{Value, json};
use taskhub_tests::{App, PASSWORD, User, every_database};

use super::{NEW, ask, sign_in, verified, verify};
use crate::mail::nothing_waits;

every_database!(
    verification_link_is_single_use,
    changed_email_must_be_verified_again,
    unverified_user_cannot_sign_in_if_verification_is_required,
);

async fn profile(app: &App, user: &User) -> Value {
    app.get("/auth/profile").by(user).gives(200).await
}

async fn verification_link_is_single_use(app: &App) {
    let t = app.tenant().await;
    assert_eq!(profile(app, &t.member).await["email_verified_at"], Value::Null);
    let token = app.mail_about(&t.member.email, "verify-email").await.token;
    // Opening the page does not consume the link.
    let page = app.get("/account/verify-email").send().await.expect(200);
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    let _ = verify(app, &token).await.expect(204);
    assert!(profile(app, &t.member).await["email_verified_at"].is_string());
    assert_eq!(verify(app, &token).await.expect(403).code(), "invalid_link");
    let path = format!("/audit?noun=user&action=verify_email&row={}", t.member.id);
    let audit = app.get(&path).by(&t.admin).gives(200).await;
    assert_eq!((&audit["count"], &audit["results"][0]["actor_id"]), (&json!(1), &json!(t.member.id)));
    // A verified user gets no further verification mail.
    let before = app.count_mail(&t.member.email);
    let _ = ask(app, "/auth/verify-email/request", &t.member.email).await;
    nothing_waits(app, t.id).await;
    assert_eq!(app.count_mail(&t.member.email), before);
}

async fn changed_email_must_be_verified_again(app: &App) {
    let t = app.tenant().await;
    let old = app.mail_about(&t.member.email, "verify-email").await.token;
    let email = format!("other-address@{}.example", t.slug);
    let path = format!("/users/{}", t.member.id);
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "email": email })).gives(200).await;
    assert_eq!(verify(app, &old).await.expect(403).code(), "invalid_link");
    let new = app.mail_about(&email, "verify-email").await.token;
    let _ = verify(app, &new).await.expect(204);
    // Returning to an address that was verified earlier requires a new verification.
    let back = json!({ "email": t.member.email });
    let changed = app.patch(&path).by(&t.admin).json(&back).gives(200).await;
    assert_eq!(changed["email_verified_at"], Value::Null);
    verified(app, &t.member).await;
}

async fn unverified_user_cannot_sign_in_if_verification_is_required(app: &App) {
    let t = app.tenant().await;
    let demand = json!({ "require_verified_email": true });
    let _ = app.patch("/tenant").by(&t.admin).json(&demand).gives(200).await;
    assert_eq!(sign_in(app, &t.member, PASSWORD).await.expect(403).code(), "email_unverified");
    // Only a caller with the right password learns that the email is unverified.
    assert_eq!(sign_in(app, &t.member, NEW).await.expect(401).code(), "invalid_credentials");
    verified(app, &t.member).await;
    let _ = sign_in(app, &t.member, PASSWORD).await.expect(200);
}
