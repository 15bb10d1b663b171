//! The stories of `Prefer: validate-only`: who only asks is told what would be, and nothing of it stays. That it is so of every operation is the
//! walks' to show.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_auth::Totp;
use taskhub_tests::{Answer, App, Call, PASSWORD, Tenant, every_database};

use crate::poll;

every_database!(
    what_is_wrong_is_told_and_nothing_stays,
    many_ask_among_many_who_do,
    no_key_is_kept_and_none_replayed,
    nothing_is_sent_and_nobody_is_signed_out,
    a_secret_that_opens_nothing_is_not_shown,
    what_was_guessed_and_refused_counts,
    other_preferences_are_ignored,
    who_may_sign_in_is_told_and_nobody_is_signed_in,
    what_opens_an_account_stays_good,
    what_is_proved_by_asking_is_in_the_audit,
    a_secret_that_was_shown_was_used,
);

async fn ask(call: Call<'_>) -> Answer {
    call.header("prefer", "validate-only").send().await
}

async fn what_is_wrong_is_told_and_nothing_stays(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "name": "urgent" });
    let create = || app.post("/labels").by(&t.manager).json(&body);
    let asked = ask(create()).await.expect(201);
    assert_eq!(asked.header("preference-applied"), "validate-only");
    assert_eq!((&asked.body["name"], asked.header("etag")), (&json!("urgent"), "\"1\""));
    let _ = app.get(asked.header("location")).by(&t.manager).gives(404).await;
    let made = create().send().await.expect(201);
    assert_eq!(made.header("preference-applied"), "");
    // What would be refused is, and by the same words.
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

async fn many_ask_among_many_who_do(app: &App) {
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

async fn no_key_is_kept_and_none_replayed(app: &App) {
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

async fn nothing_is_sent_and_nobody_is_signed_out(app: &App) {
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

async fn a_secret_that_opens_nothing_is_not_shown(app: &App) {
    let t = app.tenant().await;
    let service = json!({ "name": "importer", "scopes": ["tasks:read"] });
    let create = || app.post("/service-accounts").by(&t.admin).json(&service);
    assert_eq!(ask(create()).await.expect(201).body["client_secret"], "validate-only");
    let made = create().gives(201).await;
    let rotate = format!("/service-accounts/{}/rotate", made["id"].as_str().unwrap());
    let rotated =
        ask(app.post(&rotate).by(&t.admin).json(&json!({ "overlap_seconds": 0 }))).await.expect(200);
    assert_eq!(rotated.body["client_secret"], "validate-only");
    // The secret is the one that it was.
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

async fn what_was_guessed_and_refused_counts(app: &App) {
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
    // Whoever sets it to something may mean the contrary: nothing is done.
    assert_eq!(create("validate-only=false").send().await.expect(400).code(), "invalid_header");
    assert_eq!(create(&"x".repeat(1025)).send().await.expect(400).code(), "invalid_header");
    assert_eq!(app.get("/tasks").by(&t.member).gives(200).await["count"], json!(ignored.len()));
    let read = ask(app.get("/tasks").by(&t.member)).await.expect(200);
    assert_eq!(read.header("preference-applied"), "");
    let _: Value = app.get("/tasks").gives(401).await;
}

async fn who_may_sign_in_is_told_and_nobody_is_signed_in(app: &App) {
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
    // The token is still the last of its session: that it was asked about before did not rotate it.
    let rotated = refreshing().gives(200).await;
    app.clock.advance(Duration::from_secs(11));
    // One that was used long ago ends the session, whatever was asked for.
    assert_eq!(ask(refreshing()).await.expect(401).code(), "invalid_refresh_token");
    let next = json!({ "refresh_token": rotated["refresh_token"] });
    let _ = app.post("/auth/token/refresh").json(&next).gives(401).await;
    // Nobody finds out unseen that they have the right password, or a token.
    assert_eq!(found_out(app, &t, &t.member.id.to_string()).await, ["sign_in", "refresh"]);
    // Who guesses by asking is counted as who guesses.
    for _ in 0..5 {
        assert_eq!(ask(sign_in("not-the-password")).await.expect(401).code(), "invalid_credentials");
    }
    assert_eq!(ask(sign_in(PASSWORD)).await.expect(429).code(), "too_many_attempts");
    assert_eq!(sign_in(PASSWORD).send().await.expect(429).code(), "too_many_attempts");
}

async fn what_opens_an_account_stays_good(app: &App) {
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
    // A link to a new password is sent to who means it, and serves them after they asked.
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

/// What the audit says was found out about a user by asking, in its order.
async fn found_out(app: &App, t: &Tenant, user: &str) -> Vec<Value> {
    let lines = app.get(&format!("/audit?action=asked&row={user}&sort=at")).by(&t.admin).gives(200).await;
    lines["results"].as_array().unwrap().iter().map(|line| line["new_values"]["what"].clone()).collect()
}

async fn what_is_proved_by_asking_is_in_the_audit(app: &App) {
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

async fn a_secret_that_was_shown_was_used(app: &App) {
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
