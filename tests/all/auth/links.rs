//! Links by mail verify an email address or reset a password. A link is single-use, and requesting
//! one does not reveal whether an account exists.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{Answer, App, PASSWORD, User, every_database};

use crate::mail::nothing_waits;

every_database!(
    verification_link_is_single_use,
    changed_email_must_be_verified_again,
    unverified_user_cannot_sign_in_if_verification_is_required,
    password_is_reset_by_mail,
    link_is_refused_after_its_expiry_or_a_change_of_the_account,
    concurrent_uses_of_one_link_succeed_once,
    requesting_links_reveals_nothing_and_is_limited,
    link_is_refused_for_another_purpose,
    link_of_a_suspended_organisation_is_refused,
    newer_link_invalidates_older_ones,
    requests_from_one_address_do_not_starve_others,
);

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

async fn password_is_reset_by_mail(app: &App) {
    let t = app.tenant().await;
    verified(app, &t.member).await;
    let (access, refresh) = t.member.sign_in(app).await;
    let token = asked(app, &t.member).await;
    for weak in ["too-short", "password123456", t.member.email.as_str()] {
        let refused = reset(app, &token, weak).await.expect(422);
        assert_eq!((refused.pointer(), refused.text.contains(weak)), ("/new_password", false));
    }
    let done = reset(app, &token, NEW).await.expect(204);
    assert_eq!(done.text, "", "it signs nobody in");
    assert_eq!(sign_in(app, &t.member, PASSWORD).await.status, 401);
    assert_eq!(sign_in(app, &t.member, NEW).await.status, 200);
    // All sessions have ended, and tokens without a session are revoked, too.
    for token in [&access, &t.member.token] {
        let _ = app.get("/tasks").token(token).gives(401).await;
    }
    let body = json!({ "refresh_token": refresh });
    let _ = app.post("/auth/token/refresh").json(&body).gives(401).await;
    assert_eq!(reset(app, &token, PASSWORD).await.expect(403).code(), "invalid_link");
    let mail = app.mail_with(&t.member.email, "was changed").await;
    assert_eq!(mail.token, "");
    let path = format!("/audit?noun=user&action=reset_password&row={}", t.member.id);
    let audit = app.get(&path).by(&t.admin).gives(200).await;
    assert_eq!(audit["results"][0]["new_values"]["password_hash"], "[redacted]");
}

async fn link_is_refused_after_its_expiry_or_a_change_of_the_account(app: &App) {
    let t = app.tenant().await;
    verified(app, &t.member).await;
    let token = asked(app, &t.member).await;
    app.clock.advance(Duration::from_mins(59));
    let _ = reset(app, &token, NEW).await.expect(204);
    app.clock.advance(Duration::from_mins(1));
    let late = asked(app, &t.member).await;
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(reset(app, &late, PASSWORD).await.expect(403).code(), "invalid_link");
    let token = app.mail_about(&t.other.email, "verify-email").await.token;
    app.clock.advance(Duration::from_hours(22));
    assert_eq!(verify(app, &token).await.expect(403).code(), "invalid_link");
    // A disabled user gets no link, and earlier links are refused.
    let fresh = {
        let _ = ask(app, "/auth/verify-email/request", &t.other.email).await;
        app.mail_about(&t.other.email, "verify-email").await.token
    };
    let disable = json!({ "is_active": false });
    let admin = t.admin.sign_in(app).await.0;
    let _ = app.patch(&format!("/users/{}", t.other.id)).token(&admin).json(&disable).gives(200).await;
    assert_eq!(verify(app, &fresh).await.expect(403).code(), "invalid_link");
}

async fn concurrent_uses_of_one_link_succeed_once(app: &App) {
    let t = app.tenant().await;
    verified(app, &t.member).await;
    let token = asked(app, &t.member).await;
    let passwords: Vec<_> = (0..8).map(|number| format!("tall-quiet-mountains-{number}")).collect();
    let tries = passwords.iter().map(|password| reset(app, &token, password));
    let answers = futures::future::join_all(tries).await;
    let good: Vec<_> = answers.iter().enumerate().filter(|(_, answer)| answer.status == 204).collect();
    assert_eq!(good.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer.status, 204 | 403)), "{answers:?}");
    let _ = sign_in(app, &t.member, &passwords[good[0].0]).await.expect(200);
}

async fn requesting_links_reveals_nothing_and_is_limited(app: &App) {
    let t = app.tenant().await;
    verified(app, &t.member).await;
    let (verified, unverified) = (t.member.email.as_str(), t.other.email.as_str());
    let _ = app.mail_about(unverified, "verify-email").await;
    let nobody = format!("nobody@{}.example", t.slug);
    let mut answers = Vec::new();
    for email in [verified, unverified, &nobody, "no address"] {
        for what in ["/auth/password-reset", "/auth/verify-email/request"] {
            answers.push(ask(app, what, email).await.text);
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    nothing_waits(app, t.id).await;
    // One mail each: a verified user can reset the password, an unverified one can verify.
    assert!(app.mail_to(verified).await.text.contains("/account/reset-password#"));
    assert!(app.mail_to(unverified).await.text.contains("/account/verify-email#"));
    let before = (app.count_mail(verified), app.count_mail(unverified));
    for _ in 0..5 {
        let _ = ask(app, "/auth/password-reset", verified).await;
        let _ = ask(app, "/auth/verify-email/request", unverified).await;
        // A newer link invalidates the older ones, and mail with an invalid link is no longer sent.
        nothing_waits(app, t.id).await;
    }
    let after = (app.count_mail(verified), app.count_mail(unverified));
    // Three an hour are sent, including the first one and the one sent at registration.
    assert_eq!((after.0 - before.0, after.1 - before.1), (2, 1));
    app.clock.advance(Duration::from_hours(1));
    let _ = ask(app, "/auth/password-reset", verified).await;
    nothing_waits(app, t.id).await;
    assert_eq!(app.count_mail(verified), after.0 + 1);
}

async fn link_is_refused_for_another_purpose(app: &App) {
    let t = app.tenant().await;
    let verification = app.mail_about(&t.member.email, "verify-email").await.token;
    assert_eq!(reset(app, &verification, NEW).await.expect(403).code(), "invalid_link");
    let disguised = verification.replacen("thv_", "thw_", 1);
    assert_eq!(reset(app, &disguised, NEW).await.expect(403).code(), "invalid_link");
    let _ = verify(app, &verification).await.expect(204);
    let password = asked(app, &t.member).await;
    assert_eq!(verify(app, &password).await.expect(403).code(), "invalid_link");
    for other in ["", "made-up", t.member.token.as_str()].map(|it| it.chars().take(256).collect::<String>()) {
        assert_eq!(verify(app, &other).await.expect(403).code(), "invalid_link");
    }
    let _ = app.get("/tasks").token(&password).gives(401).await;
    let _ = reset(app, &password, NEW).await.expect(204);
}

async fn link_of_a_suspended_organisation_is_refused(app: &App) {
    let t = app.tenant().await;
    verified(app, &t.member).await;
    let token = asked(app, &t.member).await;
    let before = app.count_mail(&t.member.email);
    crate::operator::set_active(app, &t, false).await;
    assert_eq!(reset(app, &token, NEW).await.expect(403).code(), "tenant_suspended");
    let _ = ask(app, "/auth/password-reset", &t.member.email).await;
    nothing_waits(app, t.id).await;
    assert_eq!(app.count_mail(&t.member.email), before);
    crate::operator::set_active(app, &t, true).await;
    let _ = reset(app, &token, NEW).await.expect(204);
}

async fn newer_link_invalidates_older_ones(app: &App) {
    let t = app.tenant().await;
    let first = app.mail_about(&t.member.email, "verify-email").await.token;
    let _ = ask(app, "/auth/verify-email/request", &t.member.email).await;
    let second = app.mail_about(&t.member.email, "verify-email").await.token;
    assert_eq!(verify(app, &first).await.expect(403).code(), "invalid_link");
    let _ = verify(app, &second).await.expect(204);
    let older = [asked(app, &t.member).await, asked(app, &t.member).await];
    let newest = asked(app, &t.member).await;
    // Invalidated links count towards the three an hour.
    let before = app.count_mail(&t.member.email);
    let _ = ask(app, "/auth/password-reset", &t.member.email).await;
    nothing_waits(app, t.id).await;
    assert_eq!(app.count_mail(&t.member.email), before);
    assert_eq!(reset(app, &older[0], NEW).await.expect(403).code(), "invalid_link");
    let _ = reset(app, &newest, NEW).await.expect(204);
    // Using the newer link does not make the older one valid again.
    assert_eq!(reset(app, &older[1], NEW).await.expect(403).code(), "invalid_link");
}

async fn requests_from_one_address_do_not_starve_others(app: &App) {
    let t = app.tenant().await;
    verified(app, &t.member).await;
    let node = app.second(&["--trusted-proxies", "127.0.0.0/8"]).await;
    let from = async |address: &str, email: &str| {
        let call = node.post("/auth/password-reset").header("x-forwarded-for", address);
        call.json(&json!({ "email": email })).send().await
    };
    let many = (0..200).map(|number| {
        let email = if number % 2 == 0 {
            t.other.email.clone()
        } else {
            format!("nobody{number}@{}.example", t.slug)
        };
        let from = &from;
        async move { from("203.0.113.7", &email).await }
    });
    let answers = futures::future::join_all(many).await;
    assert!(answers.iter().all(|answer| matches!(answer.status, 202 | 429)), "{answers:?}");
    let _ = from("203.0.113.8", &t.member.email).await.expect(202);
    assert!(node.mail_about(&t.member.email, "reset-password").await.token.starts_with("thw_"));
    node.finish().await;
}
