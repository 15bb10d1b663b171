//! Setting up, confirming and disabling the second factor.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use taskhub_auth::Totp;
use taskhub_tests::{App, PASSWORD, every_database};

use super::{STEP, begin, codes, guard, refused, sign_in};

every_database!(
    second_factor_is_set_up_confirmed_and_disabled,
    set_up_requires_a_session_and_the_password,
    second_factor_secrets_are_not_stored_in_clear,
);

async fn second_factor_is_set_up_confirmed_and_disabled(app: &App) {
    let t = app.tenant().await;
    let (access, _) = t.member.sign_in(app).await;
    let (other, _) = t.member.sign_in(app).await;
    let state = async || app.get("/auth/mfa/totp").token(&access).gives(200).await;
    let none = json!({ "enabled": false, "confirmed_at": null, "recovery_codes_left": 0 });
    assert_eq!(state().await, none);
    let post = async |path: &str, body: Value| app.post(path).token(&access).json(&body).send().await;
    let code = |totp: &Totp| totp.code(app.clock.now().seconds());
    // Until it is confirmed, the set-up can start again and signing in takes no code.
    let first = begin(app, &access).await;
    let second = begin(app, &access).await;
    assert_eq!(state().await, none);
    let _ = sign_in(app, &t.member, None).await.expect(200);
    refused(post("/auth/mfa/totp/confirm", json!({ "code": code(&first) })).await);
    let confirmed = post("/auth/mfa/totp/confirm", json!({ "code": code(&second) })).await.expect(200).body;
    assert_eq!(codes(&confirmed).into_iter().collect::<BTreeSet<_>>().len(), 10);
    let now = state().await;
    assert_eq!((&now["enabled"], &now["recovery_codes_left"]), (&json!(true), &json!(10)));
    assert_eq!(now["confirmed_at"], json!(app.clock.now()));
    // Sessions that began without the second factor end.
    let _ = app.get("/tasks").token(&other).gives(401).await;
    let _ = app.get("/tasks").token(&access).gives(200).await;
    // An enabled second factor cannot be set up again.
    let again = post("/auth/mfa/totp", json!({ "password": PASSWORD })).await.expect(409);
    assert_eq!(again.code(), "conflict");
    let _ = post("/auth/mfa/totp/confirm", json!({ "code": code(&second) })).await.expect(409);
    // Disabling takes the password and a code. A code cannot be used twice.
    let both = |code: &str| json!({ "password": PASSWORD, "code": code });
    refused(post("/auth/mfa/totp/disable", both(&code(&second))).await);
    app.clock.advance(STEP);
    let call = app.post("/auth/mfa/totp/disable").token(&access).header("idempotency-key", "once");
    let _ = call.json(&both(&code(&second))).gives(204).await;
    let call = app.post("/auth/mfa/totp/disable").token(&access).header("idempotency-key", "once");
    let again = call.json(&both(&code(&second))).send().await.expect(204);
    assert_eq!(again.header("idempotency-replayed"), "true");
    let _ = post("/auth/mfa/totp/disable", both("000000")).await.expect(409);
    assert_eq!(state().await, none);
    let _ = sign_in(app, &t.member, None).await.expect(200);
    let path = format!("/audit?noun=second_factor&row={}&sort=at", t.member.id);
    let audit = app.get(&path).by(&t.admin).gives(200).await;
    let actions: Vec<_> =
        audit["results"].as_array().unwrap().iter().map(|line| line["action"].clone()).collect();
    assert_eq!(actions, ["create", "enrol", "confirm", "delete"]);
}

async fn set_up_requires_a_session_and_the_password(app: &App) {
    let t = app.tenant().await;
    let (access, _) = t.member.sign_in(app).await;
    let service = t.service(app, &["second-factor:read", "second-factor:write", "users:read"]);
    for token in [&t.member.token, &service] {
        assert_eq!(app.get("/auth/mfa/totp").token(token).send().await.expect(403).code(), "forbidden");
        let body = json!({ "password": PASSWORD });
        let _ = app.post("/auth/mfa/totp").token(token).json(&body).gives(403).await;
        let _ = app.delete(&format!("/users/{}/second-factor", t.other.id)).token(token).gives(403).await;
    }
    let wrong = json!({ "password": "another-password" });
    let refused = app.post("/auth/mfa/totp").token(&access).json(&wrong).send().await.expect(422);
    assert_eq!(
        (refused.pointer(), &refused.body["errors"][0]["code"]),
        ("/password", &json!("wrong_password"))
    );
    let nothing =
        app.post("/auth/mfa/totp/confirm").token(&access).json(&json!({ "code": "000000" })).send().await;
    assert_eq!(nothing.expect(409).code(), "conflict");
}

async fn second_factor_secrets_are_not_stored_in_clear(app: &App) {
    use secrecy::ExposeSecret;
    let t = app.tenant().await;
    let guarded = guard(app, &t.member).await;
    let _ = sign_in(app, &t.member, Some(&guarded.recovery[0])).await.expect(200);
    let rows = crate::contract::database::Database::of(app).await.rows_of(t.id).await;
    assert_eq!(rows["second_factor"].len(), 1);
    let secret = guarded.totp.text().expose_secret().to_owned();
    let bare = guarded.recovery.iter().map(|code| code.replace('-', ""));
    for secret in guarded.recovery.iter().cloned().chain(bare).chain([secret]) {
        // The rows of MariaDB are shown in hexadecimal here.
        let hex = secret.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().concat();
        let shown = rows.values().flatten().find(|row| row.contains(&secret) || row.contains(&hex));
        assert_eq!(shown, None, "{secret}");
    }
}
