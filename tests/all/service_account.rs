//! Service accounts: signing in, revocation, and permissions to manage them.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use taskhub_tests::{Answer, App, Tenant, every_database};

use crate::{
    contract::database::{Database, hold},
    operator::set_active,
    poll,
};

every_database!(
    service_account_signs_in,
    every_refused_sign_in_gets_the_same_response,
    ambiguous_or_incomplete_client_credentials_are_rejected,
    restricting_a_service_account_revokes_its_tokens,
    disabled_account_is_refused_by_another_node_within_a_second,
    rotated_secret_stays_valid_for_the_overlap,
    caller_cannot_grant_scopes_that_it_lacks,
    last_use_is_recorded_without_a_new_version,
    secret_is_replayed_only_for_its_idempotency_key,
    token_expires_no_later_than_its_account,
    only_admins_create_service_accounts_and_names_are_unique,
);

const HOUR: Duration = Duration::from_hours(1);
const SECOND: Duration = Duration::from_secs(1);

/// Creates a service account. Returns its id and secret.
async fn make(app: &App, t: &Tenant, scopes: &[&str]) -> (String, String) {
    let body = json!({ "name": "importer", "scopes": scopes });
    let made = app.post("/service-accounts").by(&t.admin).json(&body).gives(201).await;
    (text(&made["client_id"]), text(&made["client_secret"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn sign_in(app: &App, id: &str, secret: &str) -> Answer {
    let body = json!({ "grant_type": "client_credentials", "client_id": id, "client_secret": secret });
    app.post("/auth/token").json(&body).send().await
}

async fn token(app: &App, id: &str, secret: &str) -> String {
    text(&sign_in(app, id, secret).await.expect(200).body["access_token"])
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

async fn form(app: &App, header: Option<&str>, form: &str) -> Answer {
    let call = app.post("/auth/token").body("application/x-www-form-urlencoded", form.to_owned());
    match header {
        Some(header) => call.header("authorization", header).send().await,
        None => call.send().await,
    }
}

async fn service_account_signs_in(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "name": " importer ", "scopes": ["tasks:read", "projects:read"] });
    let made = app.post("/service-accounts").by(&t.admin).json(&body).send().await.expect(201);
    let (id, secret) = (text(&made.body["client_id"]), text(&made.body["client_secret"]));
    assert_eq!((&made.body["id"], &made.body["name"]), (&json!(id), &json!("importer")));
    assert!(secret.starts_with("ths_"), "{secret}");
    let path = format!("/service-accounts/{id}");
    assert_eq!(made.header("location"), format!("/api/v1{path}"));
    // The secret is shown once.
    for again in [app.get(&path), app.get("/service-accounts")] {
        let told = again.by(&t.admin).send().await.expect(200);
        assert!(!told.text.contains("secret"), "{}", told.text);
    }
    // In the body as JSON or a form, and in the header, plain or form-urlencoded.
    let answer = sign_in(app, &id, &secret).await.expect(200).body;
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!((&answer["scope"], answer.get("refresh_token")), (&json!("tasks:read projects:read"), None));
    let whole = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let _ = form(app, None, &whole).await.expect(200);
    let header = basic(&id.replace('-', "%2D"), &secret.replace('_', "%5F"));
    for header in [header, basic(&id, &secret)] {
        let _ = form(app, Some(&header), "grant_type=client_credentials").await.expect(200);
    }
    let access = text(&answer["access_token"]);
    let _ = app.get("/tasks").token(&access).gives(200).await;
    assert_eq!(app.get("/users").token(&access).send().await.expect(403).code(), "insufficient_scope");
    // Requested scopes can narrow the token, but not widen it.
    let asked = |scope: &str| format!("{whole}&scope={scope}");
    let less = form(app, None, &asked("projects:read")).await.expect(200).body;
    assert_eq!(less["scope"], "projects:read");
    let _ = app.get("/tasks").token(&text(&less["access_token"])).gives(403).await;
    assert_eq!(form(app, None, &asked("")).await.expect(200).body["scope"], answer["scope"]);
    for beyond in ["users:read", "projects:read+users:read", "rubbish"] {
        let refused = form(app, None, &asked(beyond)).await.expect(422);
        assert_eq!((refused.pointer(), &refused.body["error"]), ("/scope", &json!("invalid_scope")));
    }
}

async fn every_refused_sign_in_gets_the_same_response(app: &App) {
    let t = app.tenant().await;
    let (id, secret) = make(app, &t, &["tasks:read"]).await;
    let other = json!({ "name": "other", "scopes": [] });
    let other = app.post("/service-accounts").by(&t.admin).json(&other).gives(201).await;
    let path = format!("/service-accounts/{id}");
    let set = async |change: Value| app.patch(&path).by(&t.admin).json(&change).gives(200).await;
    let mut told = vec![
        sign_in(app, &t.admin.id.to_string(), &secret).await,
        sign_in(app, &id, &text(&other["client_secret"])).await,
        sign_in(app, &id, "rubbish").await,
        form(app, Some(&basic(&id, "rubbish")), "grant_type=client_credentials").await,
        form(app, Some("Basic !"), "grant_type=client_credentials").await,
    ];
    set(json!({ "is_active": false })).await;
    told.push(sign_in(app, &id, &secret).await);
    let soon = app.clock.now().plus(SECOND).to_string();
    set(json!({ "is_active": true, "expires_at": soon })).await;
    let _ = sign_in(app, &id, &secret).await.expect(200);
    app.clock.advance(SECOND);
    told.push(sign_in(app, &id, &secret).await);
    set(json!({ "expires_at": null })).await;
    let _ = sign_in(app, &id, &secret).await.expect(200);
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
    told.push(sign_in(app, &id, &secret).await);
    for told in told {
        let mut body = told.body.clone();
        body.as_object_mut().unwrap().remove("instance");
        let title = "The client credentials are invalid.";
        let expected = json!({
            "type": "/problems/invalid_client", "title": title, "status": 401, "code": "invalid_client",
            "error": "invalid_client",
        });
        assert_eq!(body, expected);
        assert!(told.header("www-authenticate").starts_with("Basic "));
    }
}

async fn ambiguous_or_incomplete_client_credentials_are_rejected(app: &App) {
    let t = app.tenant().await;
    let (id, secret) = make(app, &t, &["tasks:read"]).await;
    let header = basic(&id, &secret);
    let grant = "grant_type=client_credentials";
    let email = t.admin.email.replace('@', "%40");
    for (header, body, pointer, error) in [
        (Some(&header), format!("{grant}&client_secret={secret}"), "/client_id", "invalid_request"),
        (Some(&header), format!("{grant}&client_id={}", t.id), "/client_id", "invalid_request"),
        (Some(&header), format!("email={email}&password=x"), "/grant_type", "invalid_request"),
        (None, grant.to_owned(), "/client_id", "invalid_request"),
        (None, format!("{grant}&client_id={id}"), "/client_secret", "invalid_request"),
        (None, format!("{grant}&client_secret={secret}"), "/client_id", "invalid_request"),
        (
            None,
            format!("{grant}&client_id={id}&client_secret={secret}&email={email}"),
            "/email",
            "invalid_request",
        ),
        (None, format!("email={email}&password=x&client_id={id}"), "/client_id", "invalid_request"),
        (None, "grant_type=password&nonsense=x".to_owned(), "/nonsense", "invalid_request"),
        (None, "grant_type=implicit".to_owned(), "/grant_type", "unsupported_grant_type"),
    ] {
        let refused = form(app, header.map(String::as_str), &body).await.expect(422);
        assert_eq!((refused.pointer(), &refused.body["error"]), (pointer, &json!(error)), "{body}");
    }
    let _ = form(app, Some(&header), &format!("{grant}&client_id={id}")).await.expect(200);
    let wrong = form(app, None, &format!("email={email}&password=x")).await.expect(401);
    assert_eq!(wrong.body["error"], "invalid_grant");
    // Other endpoints do not accept Basic authentication, not even public ones.
    for call in [app.get("/tasks"), app.get("/.well-known/jwks.json"), app.post("/auth/token/verify")] {
        let refused = call.header("authorization", &header).send().await.expect(401);
        assert_eq!((refused.code(), refused.body.get("error")), ("unauthenticated", None));
    }
}

async fn restricting_a_service_account_revokes_its_tokens(app: &App) {
    let t = app.tenant().await;
    let (id, secret) = make(app, &t, &["tasks:read", "projects:read"]).await;
    let path = format!("/service-accounts/{id}");
    let later = app.clock.now().plus(HOUR).to_string();
    let status = async |token: &str| app.get("/tasks").token(token).send().await.status;
    for change in
        [json!({ "scopes": ["tasks:read"] }), json!({ "expires_at": later }), json!({ "is_active": false })]
    {
        let before = token(app, &id, &secret).await;
        // A new name revokes nothing.
        app.patch(&path).by(&t.admin).json(&json!({ "name": change.to_string() })).gives(200).await;
        assert_eq!(status(&before).await, 200);
        app.clock.advance(SECOND);
        app.patch(&path).by(&t.admin).json(&change).gives(200).await;
        assert_eq!(status(&before).await, 401, "{change}");
        app.clock.advance(SECOND);
        app.patch(&path).by(&t.admin).json(&json!({ "is_active": true })).gives(200).await;
        app.clock.advance(SECOND);
        let after = token(app, &id, &secret).await;
        assert_eq!((status(&after).await, status(&before).await), (200, 401), "{change}");
    }
    let before = token(app, &id, &secret).await;
    set_active(app, &t, false).await;
    assert_eq!(sign_in(app, &id, &secret).await.expect(403).code(), "tenant_suspended");
    set_active(app, &t, true).await;
    poll::until("the tenant is let in", async || status(&before).await == 200).await;
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
    assert_eq!(status(&before).await, 401);
}

async fn disabled_account_is_refused_by_another_node_within_a_second(app: &App) {
    let t = app.tenant().await;
    let (id, secret) = make(app, &t, &["tasks:read"]).await;
    let token = token(app, &id, &secret).await;
    let second = app.second(&[]).await;
    let _ = second.get("/tasks").token(&token).gives(200).await;
    let path = format!("/service-accounts/{id}");
    app.patch(&path).by(&t.admin).json(&json!({ "is_active": false })).gives(200).await;
    poll::within(SECOND, "the token is refused", async || {
        second.get("/tasks").token(&token).send().await.status == 401
    })
    .await;
    second.finish().await;
}

async fn rotated_secret_stays_valid_for_the_overlap(app: &App) {
    let t = app.tenant().await;
    let (id, first) = make(app, &t, &["tasks:read"]).await;
    let path = format!("/service-accounts/{id}/rotate");
    let rotate = async |body: Value| {
        let (admin, _) = t.admin.sign_in(app).await;
        text(&app.post(&path).token(&admin).json(&body).gives(200).await["client_secret"])
    };
    let good = async |secret: &str| sign_in(app, &id, secret).await.status == 200;
    let second = rotate(json!({})).await;
    app.clock.advance((24 * HOUR).saturating_sub(SECOND));
    assert!(good(&first).await && good(&second).await);
    app.clock.advance(SECOND);
    assert!(!good(&first).await && good(&second).await);
    // The secret before the previous one is invalid, whatever its overlap was.
    let third = rotate(json!({ "overlap_seconds": 604_800 })).await;
    let fourth = rotate(json!({ "overlap_seconds": 10 })).await;
    assert!(!good(&second).await && good(&third).await && good(&fourth).await);
    let fifth = rotate(json!({ "overlap_seconds": 0 })).await;
    assert!(!good(&fourth).await && good(&fifth).await);
    let (admin, _) = t.admin.sign_in(app).await;
    let audit = app.get("/audit?noun=service_account&action=rotate").token(&admin).send().await.expect(200);
    assert_eq!(audit.body["count"], 4);
    assert!(audit.text.contains("[redacted]") && !audit.text.contains("ths_"));
}

async fn caller_cannot_grant_scopes_that_it_lacks(app: &App) {
    let t = app.tenant().await;
    let (wide, _) = make(app, &t, &["tasks:read", "users:write"]).await;
    let soon = app.clock.now().plus(HOUR).to_string();
    let own = json!({ "name": "ci", "scopes": ["tasks:read", "service-accounts:write"], "expires_at": soon });
    let own = text(&app.post("/access-tokens").by(&t.admin).json(&own).gives(201).await["token"]);
    let (builder, secret) = {
        let body = json!({ "name": "builder", "scopes": ["tasks:read", "service-accounts:write"] });
        let made = app.post("/service-accounts").by(&t.admin).json(&body).gives(201).await;
        (text(&made["client_id"]), text(&made["client_secret"]))
    };
    let service = token(app, &builder, &secret).await;
    for (number, narrowed) in [own, service].iter().enumerate() {
        let body = |scope: &str| json!({ "name": format!("made-{number}"), "scopes": [scope] });
        let create =
            async |scope: &str| app.post("/service-accounts").token(narrowed).json(&body(scope)).send().await;
        assert_eq!(create("users:write").await.expect(403).code(), "insufficient_scope");
        let made = create("tasks:read").await.expect(201).body;
        let made = format!("/service-accounts/{}", text(&made["id"]));
        for scope in ["users:write", "service-accounts:read"] {
            let wider = json!({ "scopes": ["tasks:read", scope] });
            let refused = app.patch(&made).token(narrowed).json(&wider).send().await.expect(403);
            assert_eq!(refused.code(), "insufficient_scope");
        }
        // Nor can the caller read the secret of a more powerful account or extend its life.
        let wide = format!("/service-accounts/{wide}");
        for call in [
            app.post(&format!("{wide}/rotate")).json(&json!({})),
            app.patch(&wide).json(&json!({ "expires_at": null })),
        ] {
            assert_eq!(call.token(narrowed).send().await.expect(403).code(), "insufficient_scope");
        }
        let _ = app.post(&format!("{made}/rotate")).token(narrowed).json(&json!({})).gives(200).await;
    }
}

async fn last_use_is_recorded_without_a_new_version(app: &App) {
    let t = app.tenant().await;
    let (id, secret) = make(app, &t, &["tasks:read"]).await;
    let row = async || app.get(&format!("/service-accounts/{id}")).by(&t.admin).gives(200).await;
    assert_eq!(row().await["last_used_at"], json!(null));
    let _ = token(app, &id, &secret).await;
    let first = row().await;
    assert_eq!(first["last_used_at"], app.clock.now().to_string());
    app.clock.advance(Duration::from_secs(59));
    let _ = token(app, &id, &secret).await;
    assert_eq!(row().await, first);
    app.clock.advance(SECOND);
    let _ = token(app, &id, &secret).await;
    assert_eq!(row().await["last_used_at"], app.clock.now().to_string());
    assert_eq!(row().await["version"], 1);
    let audit = app.get(&format!("/audit?row={id}")).by(&t.admin).gives(200).await;
    assert_eq!(audit["count"], 1);
}

async fn secret_is_replayed_only_for_its_idempotency_key(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "name": "importer", "scopes": [] });
    let create = async || {
        let call = app.post("/service-accounts").by(&t.admin).header("idempotency-key", "one").json(&body);
        call.send().await.expect(201)
    };
    let (first, second) = (create().await, create().await);
    assert_eq!(first.text, second.text);
    assert_eq!(second.header("idempotency-replayed"), "true");
    // The stored secret is encrypted.
    let rows = Database::of(app).await.rows_of(t.id).await;
    let secret = text(&first.body["client_secret"]);
    assert!(!hold(&rows, &secret) && !rows["idempotency"].is_empty());
}

async fn token_expires_no_later_than_its_account(app: &App) {
    let t = app.tenant().await;
    let soon = app.clock.now().plus(Duration::from_secs(100)).to_string();
    let body = json!({ "name": "importer", "scopes": ["tasks:read"], "expires_at": soon });
    let made = app.post("/service-accounts").by(&t.admin).json(&body).gives(201).await;
    let (id, secret) = (text(&made["client_id"]), text(&made["client_secret"]));
    let answer = sign_in(app, &id, &secret).await.expect(200).body;
    assert_eq!(answer["expires_in"], 100);
    let status = async || app.get("/tasks").token(&text(&answer["access_token"])).send().await.status;
    app.clock.advance(Duration::from_secs(99));
    assert_eq!(status().await, 200);
    app.clock.advance(SECOND);
    assert_eq!(status().await, 401);
}

async fn only_admins_create_service_accounts_and_names_are_unique(app: &App) {
    let (t, other) = (app.tenant().await, app.tenant().await);
    let (id, _) = make(app, &t, &["tasks:read"]).await;
    let _ = make(app, &other, &["tasks:read"]).await;
    let body = json!({ "name": "importer", "scopes": [] });
    let taken = app.post("/service-accounts").by(&t.admin).json(&body).send().await.expect(409);
    assert_eq!(taken.pointer(), "/name");
    for user in [&t.manager, &t.member] {
        let _ = app.post("/service-accounts").by(user).json(&body).gives(403).await;
        let _ = app.get("/service-accounts").by(user).gives(403).await;
        let _ = app.get(&format!("/service-accounts/{id}")).by(user).gives(404).await;
    }
    for scopes in [json!(["tasks:read", "tasks:read"]), json!(["tasks:delete"]), json!(["*"]), json!([1])] {
        let body = json!({ "name": "another", "scopes": scopes });
        let refused = app.post("/service-accounts").by(&t.admin).json(&body).send().await.expect(422);
        assert!(refused.pointer().starts_with("/scopes"), "{scopes}");
    }
}
