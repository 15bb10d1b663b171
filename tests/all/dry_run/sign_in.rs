//! A dry run of a sign-in creates no session, and that of a link does not consume it.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, PASSWORD, every_database};

use super::{ask, found_out};

every_database!(dry_run_of_sign_in_creates_no_session, dry_run_does_not_consume_single_use_links);

async fn dry_run_of_sign_in_creates_no_session(app: &App) {
    let t = app.tenant().await;
    let (access, refresh) = t.member.sign_in(app).await;
    let sessions = async || app.get("/auth/sessions").token(&access).gives(200).await["count"].clone();
    let sign_in = |password: &str| {
        app.post("/auth/token").json(&json!({ "email": t.member.email, "password": password }))
    };
    let asked = ask(sign_in(PASSWORD)).await.expect(200);
    assert_eq!(asked.header("preference-applied"), "validate-only");
    assert_eq!(asked.body["access_token"], "validate-only");
    assert_eq!(asked.body["refresh_token"], "validate-only");
    let refreshing = || app.post("/auth/token/refresh").json(&json!({ "refresh_token": refresh }));
    assert_eq!(ask(refreshing()).await.expect(200).body["refresh_token"], "validate-only");
    let _ = ask(app.post("/auth/token/revoke").json(&json!({ "token": refresh }))).await.expect(200);
    assert_eq!(sessions().await, 1);
    // The refresh token is still the current one: the dry run did not rotate it.
    let rotated = refreshing().gives(200).await;
    app.clock.advance(Duration::from_secs(11));
    // An old refresh token ends the session, even in a dry run.
    assert_eq!(ask(refreshing()).await.expect(401).code(), "invalid_refresh_token");
    let next = json!({ "refresh_token": rotated["refresh_token"] });
    let _ = app.post("/auth/token/refresh").json(&next).gives(401).await;
    // A dry run that confirms a password or a token is audited.
    assert_eq!(found_out(app, &t, &t.member.id.to_string()).await, ["sign_in", "refresh"]);
    // Failed dry runs count towards the login throttle.
    for _ in 0..5 {
        assert_eq!(ask(sign_in("not-the-password")).await.expect(401).code(), "invalid_credentials");
    }
    assert_eq!(ask(sign_in(PASSWORD)).await.expect(429).code(), "too_many_attempts");
    assert_eq!(sign_in(PASSWORD).send().await.expect(429).code(), "too_many_attempts");
}

async fn dry_run_does_not_consume_single_use_links(app: &App) {
    let t = app.tenant().await;
    let email = format!("grace@{}.example", t.slug);
    let _ = app.post("/invitations").by(&t.admin).json(&json!({ "email": email })).gives(201).await;
    let token = app.mail_to(&email).await.token;
    let user =
        json!({ "username": "grace", "password": PASSWORD, "first_name": "Grace", "last_name": "Hopper" });
    let register = || app.post("/auth/register").json(&json!({ "invitation": token, "user": user }));
    let asked = ask(register()).await.expect(201);
    assert_eq!(asked.body["user"]["email"], email.as_str());
    assert_eq!(app.get("/audit?action=asked").by(&t.admin).gives(200).await["count"], 1);
    assert_eq!(app.get("/users?q=grace").by(&t.admin).gives(200).await["count"], 0);
    let _ = register().gives(201).await;
    // A dry run sends no password reset, and a dry run of the confirmation does not consume the
    // link.
    let link = || app.post("/auth/password-reset").json(&json!({ "email": email, "tenant": t.slug }));
    let _ = ask(link()).await.expect(202);
    let _ = link().gives(202).await;
    let token = app.mail_to(&email).await.token;
    assert_eq!(app.count_mail(&email), 2);
    let password = "nine-quiet-lanterns";
    let reset = || {
        app.post("/auth/password-reset/confirm").json(&json!({ "token": token, "new_password": password }))
    };
    let _ = ask(reset()).await.expect(204);
    let _ = ask(reset()).await.expect(204);
    let _ = reset().gives(204).await;
    assert_eq!(ask(reset()).await.expect(403).code(), "invalid_link");
}
