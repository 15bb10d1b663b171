//! Requesting a link reveals nothing, and is limited.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{ask, verified};
use crate::mail::nothing_waits;

every_database!(
    requesting_links_reveals_nothing_and_is_limited,
    requests_from_one_address_do_not_starve_others,
);

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
