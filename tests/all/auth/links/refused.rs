//! Links that are refused: expired, used, replaced, of another purpose, or of a suspended
//! organisation.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, PASSWORD, every_database};

use super::{NEW, ask, asked, reset, sign_in, verified, verify};
use crate::mail::nothing_waits;

every_database!(
    link_is_refused_after_its_expiry_or_a_change_of_the_account,
    concurrent_uses_of_one_link_succeed_once,
    link_is_refused_for_another_purpose,
    link_of_a_suspended_organisation_is_refused,
    newer_link_invalidates_older_ones,
);

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
