//! Scenario tests of `Prefer: validate-only`: the response is that of the committed request, and
//! nothing is stored. The contract tests check this for every operation.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_auth::Totp;
use taskhub_tests::{Answer, App, Call, PASSWORD, Tenant, every_database};

use crate::poll;

every_database!(
    dry_run_reports_errors_and_stores_nothing,
    concurrent_dry_runs_do_not_affect_committed_writes,
    dry_run_neither_stores_nor_replays_an_idempotency_key,
    dry_run_sends_no_mail_and_ends_no_session,
    dry_run_returns_a_placeholder_instead_of_a_secret,
    dry_run_counts_towards_the_throttle_and_the_audit,
    other_preferences_are_ignored,
    dry_run_of_sign_in_creates_no_session,
    dry_run_does_not_consume_single_use_links,
    credentials_confirmed_by_a_dry_run_are_audited,
    dry_run_with_a_credential_updates_its_last_use,
);

async fn ask(call: Call<'_>) -> Answer {
    call.header("prefer", "validate-only").send().await
}

async fn dry_run_reports_errors_and_stores_nothing(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "name": "urgent" });
    let create = || app.post("/labels").by(&t.manager).json(&body);
    let asked = ask(create()).await.expect(201);
    assert_eq!(asked.header("preference-applied"), "validate-only");
    assert_eq!((&asked.body["name"], asked.header("etag")), (&json!("urgent"), "\"1\""));
    let _ = app.get(asked.header("location")).by(&t.manager).gives(404).await;
    let made = create().send().await.expect(201);
    assert_eq!(made.header("preference-applied"), "");
    // A dry run fails with the same response as the committed request.
    for (asked, told, status) in [
        (ask(create()).await, create().send().await, 409),
        (
            ask(app.post("/labels").by(&t.manager).json(&json!({ "name": "" }))).await,
            app.post("/labels").by(&t.manager).json(&json!({ "name": "" })).send().await,
            422,
        ),
        (
            ask(app.delete(made.header("location")).by(&t.member)).await,
            app.delete(made.header("location")).by(&t.member).send().await,
            403,
        ),
    ] {
        let (asked, told) = (asked.expect(status), told.expect(status));
        assert_eq!((asked.code(), &asked.body["errors"]), (told.code(), &told.body["errors"]));
        assert_eq!(asked.header("preference-applied"), "validate-only");
    }
    let stale = app.delete(made.header("location")).by(&t.admin).header("if-match", "\"2\"");
    assert_eq!(ask(stale).await.expect(412).code(), "stale");
    let gone = ask(app.delete(made.header("location")).by(&t.admin)).await.expect(204);
    assert_eq!(gone.text, "");
    let _ = app.get(made.header("location")).by(&t.manager).gives(200).await;
}

async fn concurrent_dry_runs_do_not_affect_committed_writes(app: &App) {
    let t = app.tenant().await;
    let task =
        |number: usize| app.post("/tasks").by(&t.member).json(&json!({ "title": format!("Task {number}") }));
    let answers = join_all((0..60).map(|number| async move {
        if number % 3 == 0 { ask(task(number)).await } else { task(number).send().await }
    }));
    for (number, answer) in answers.await.into_iter().enumerate() {
        let answer = answer.expect(201);
        let there = if number % 3 == 0 { 404 } else { 200 };
        let _ = app.get(answer.header("location")).by(&t.member).gives(there).await;
    }
    assert_eq!(app.get("/tasks").by(&t.member).gives(200).await["count"], 40);
    assert_eq!(app.get("/audit?noun=task").by(&t.admin).gives(200).await["count"], 40);
}

async fn dry_run_neither_stores_nor_replays_an_idempotency_key(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "title": "Once" });
    let create = || app.post("/tasks").by(&t.member).header("idempotency-key", "one").json(&body);
    let _ = ask(create()).await.expect(201);
    let made = create().send().await.expect(201);
    assert_eq!(made.header("idempotency-replayed"), "");
    let asked = ask(create()).await.expect(201);
    assert_eq!(asked.header("idempotency-replayed"), "");
    assert_ne!(asked.body["id"], made.body["id"]);
    assert_eq!(create().send().await.expect(201).body, made.body);
    assert_eq!(app.get("/tasks").by(&t.member).gives(200).await["count"], 1);
}

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

async fn other_preferences_are_ignored(app: &App) {
    let t = app.tenant().await;
    let create = |prefer: &str| {
        app.post("/tasks").by(&t.member).header("prefer", prefer).json(&json!({ "title": "Made" }))
    };
    let ignored =
        ["respond-async, wait=10", "handling=lenient", "note=\"validate-only\"", "x; validate-only", ""];
    for prefer in ignored {
        assert_eq!(create(prefer).send().await.expect(201).header("preference-applied"), "", "{prefer}");
    }
    for prefer in ["Validate-Only", "wait=1, validate-only; reason=\"a, b\"", "validate-only=\"\""] {
        assert_eq!(create(prefer).send().await.expect(201).header("preference-applied"), "validate-only");
    }
    let twice = create("handling=strict").header("prefer", "validate-only").send().await.expect(201);
    assert_eq!(twice.header("preference-applied"), "validate-only");
    // A value may be meant to turn the dry run off. So the request is refused.
    assert_eq!(create("validate-only=false").send().await.expect(400).code(), "invalid_header");
    assert_eq!(create(&"x".repeat(1025)).send().await.expect(400).code(), "invalid_header");
    assert_eq!(app.get("/tasks").by(&t.member).gives(200).await["count"], json!(ignored.len()));
    let read = ask(app.get("/tasks").by(&t.member)).await.expect(200);
    assert_eq!(read.header("preference-applied"), "");
    let _: Value = app.get("/tasks").gives(401).await;
}

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

/// The credentials of a user that the audit reports as confirmed by dry runs, in order.
async fn found_out(app: &App, t: &Tenant, user: &str) -> Vec<Value> {
    let lines = app.get(&format!("/audit?action=asked&row={user}&sort=at")).by(&t.admin).gives(200).await;
    lines["results"].as_array().unwrap().iter().map(|line| line["new_values"]["what"].clone()).collect()
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
