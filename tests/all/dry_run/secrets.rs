//! A dry run sends no mail, ends no session and returns no secret.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, PASSWORD, every_database};

use super::ask;

every_database!(dry_run_sends_no_mail_and_ends_no_session, dry_run_returns_a_placeholder_instead_of_a_secret);

async fn dry_run_sends_no_mail_and_ends_no_session(app: &App) {
    let t = app.tenant().await;
    let email = format!("grace@{}.example", t.slug);
    let invite = || app.post("/invitations").by(&t.admin).json(&json!({ "email": email }));
    let _ = ask(invite()).await.expect(201);
    let _ = invite().gives(201).await;
    let _ = app.mail_to(&email).await;
    assert_eq!(app.count_mail(&email), 1);
    let (access, refresh) = t.member.sign_in(app).await;
    let _ = ask(app.post("/auth/logout").token(&access)).await.expect(204);
    let path = format!("/users/{}", t.member.id);
    for call in [
        app.patch(&path).by(&t.admin).json(&json!({ "role": "manager" })),
        app.post(&format!("{path}/deactivate")).by(&t.admin),
    ] {
        let _ = ask(call).await.expect(200);
    }
    let _ = ask(app.delete(&path).by(&t.admin)).await.expect(204);
    for token in [&access, &t.member.token] {
        let _ = app.get("/tasks").token(token).gives(200).await;
    }
    let _ = app.post("/auth/token/refresh").json(&json!({ "refresh_token": refresh })).gives(200).await;
}

async fn dry_run_returns_a_placeholder_instead_of_a_secret(app: &App) {
    let t = app.tenant().await;
    let service = json!({ "name": "importer", "scopes": ["tasks:read"] });
    let create = || app.post("/service-accounts").by(&t.admin).json(&service);
    assert_eq!(ask(create()).await.expect(201).body["client_secret"], "validate-only");
    let made = create().gives(201).await;
    let rotate = format!("/service-accounts/{}/rotate", made["id"].as_str().unwrap());
    let rotated =
        ask(app.post(&rotate).by(&t.admin).json(&json!({ "overlap_seconds": 0 }))).await.expect(200);
    assert_eq!(rotated.body["client_secret"], "validate-only");
    // The secret is unchanged.
    let sign_in = json!({ "grant_type": "client_credentials", "client_id": made["id"], "client_secret": made["client_secret"] });
    let _ = app.post("/auth/token").json(&sign_in).gives(200).await;
    let soon = app.clock.now().plus(Duration::from_hours(1)).to_string();
    let personal = json!({ "name": "report", "scopes": ["tasks:read"], "expires_at": soon });
    let token = ask(app.post("/access-tokens").by(&t.member).json(&personal)).await.expect(201);
    assert_eq!(token.body["token"], "validate-only");
    let (session, _) = t.member.sign_in(app).await;
    let begun = app.post("/auth/mfa/totp").token(&session).json(&json!({ "password": PASSWORD }));
    let begun = ask(begun).await.expect(200).body;
    assert_eq!(begun, json!({ "secret": "validate-only", "uri": "validate-only" }));
}
