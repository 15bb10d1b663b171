//! The second factor: setting it up, signing in with it, recovery codes, and removing a lost one.

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_auth::Totp;
use taskhub_tests::{Answer, App, PASSWORD, User, every_database};

every_database!(
    second_factor_is_set_up_confirmed_and_disabled,
    sign_in_requires_a_code,
    concurrent_uses_of_one_code_succeed_once,
    recovery_code_is_single_use,
    set_up_requires_a_session_and_the_password,
    admin_removes_the_second_factor_of_another_user,
    second_factor_secrets_are_not_stored_in_clear,
);

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

async fn sign_in_requires_a_code(app: &App) {
    let t = app.tenant().await;
    let guarded = guard(app, &t.member).await;
    assert_eq!(sign_in(app, &t.member, None).await.expect(401).code(), "second_factor_required");
    // Without the right password the caller does not learn that a code is required.
    let body = json!({ "email": t.member.email, "password": "another-password", "code": guarded.code(app) });
    assert_eq!(app.post("/auth/token").json(&body).send().await.expect(401).code(), "invalid_credentials");
    refused(sign_in(app, &t.member, Some("000000")).await);
    refused(sign_in(app, &t.member, Some("")).await);
    let code = guarded.code(app);
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let _ = sign_in(app, &t.member, Some(&spaced)).await.expect(200);
    refused(sign_in(app, &t.member, Some(&code)).await);
    // The clock of the client may be off by one time step. A code older than the last used one is
    // refused.
    app.clock.advance(3 * STEP);
    let seconds = app.clock.now().seconds();
    refused(sign_in(app, &t.member, Some(&guarded.totp.code(seconds + 60))).await);
    let _ = sign_in(app, &t.member, Some(&guarded.totp.code(seconds + 30))).await.expect(200);
    refused(sign_in(app, &t.member, Some(&guarded.totp.code(seconds))).await);
    // A superfluous code is ignored.
    let _ = sign_in(app, &t.other, Some("000000")).await.expect(200);
}

async fn concurrent_uses_of_one_code_succeed_once(app: &App) {
    let t = app.tenant().await;
    let guarded = guard(app, &t.member).await;
    let code = guarded.code(app);
    let answers = join_all((0..20).map(|_| sign_in(app, &t.member, Some(&code)))).await;
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(good, 1);
    let others = answers.iter().filter(|answer| answer.status != 200);
    others.for_each(|answer| assert!(matches!(answer.status, 422 | 429), "{}", answer.text));
    let sessions = app.get("/auth/sessions").token(&guarded.access).gives(200).await;
    assert_eq!(sessions["count"], 2);
}

async fn recovery_code_is_single_use(app: &App) {
    let t = app.tenant().await;
    let guarded = guard(app, &t.member).await;
    let [first, second] = [0, 1].map(|number| guarded.recovery[number].clone());
    let _ = sign_in(app, &t.member, Some(&first)).await.expect(200);
    refused(sign_in(app, &t.member, Some(&first)).await);
    let typed = second.to_lowercase().replace('-', " ");
    let answers = join_all((0..8).map(|_| sign_in(app, &t.member, Some(&typed)))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    let state = app.get("/auth/mfa/totp").token(&guarded.access).gives(200).await;
    assert_eq!(state["recovery_codes_left"], 8);
    // New recovery codes replace all others.
    app.clock.advance(Duration::from_hours(1));
    let pair = sign_in(app, &t.member, Some(&guarded.recovery[2])).await.expect(200).body;
    let access = pair["access_token"].as_str().unwrap();
    let body = json!({ "password": PASSWORD, "code": guarded.recovery[3] });
    let path = "/auth/mfa/totp/recovery-codes";
    let renewed = codes(&app.post(path).token(access).json(&body).gives(200).await);
    assert_eq!(renewed.len(), 10);
    refused(sign_in(app, &t.member, Some(&guarded.recovery[4])).await);
    let _ = sign_in(app, &t.member, Some(&renewed[0])).await.expect(200);
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

async fn admin_removes_the_second_factor_of_another_user(app: &App) {
    let t = app.tenant().await;
    let guarded = guard(app, &t.member).await;
    let (admin, _) = t.admin.sign_in(app).await;
    let path = format!("/users/{}/second-factor", t.member.id);
    let (manager, _) = t.manager.sign_in(app).await;
    let _ = app.delete(&path).token(&manager).gives(404).await;
    // Nobody can remove their own second factor without a proof, not even an admin.
    let _ = app.delete(&path).token(&guarded.access).gives(403).await;
    let _ = app.delete(&path).token(&admin).gives(204).await;
    let _ = app.delete(&path).token(&admin).gives(404).await;
    let _ = app.get("/tasks").token(&guarded.access).gives(401).await;
    let _ = sign_in(app, &t.member, None).await.expect(200);
    let audit = format!("/audit?noun=second_factor&action=delete&row={}", t.member.id);
    let line = &app.get(&audit).by(&t.admin).gives(200).await["results"][0];
    assert_eq!(line["actor_id"], json!(t.admin.id));
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
