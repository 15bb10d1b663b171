//! Token introspection (RFC 7662) and the authorization server metadata (RFC 8414).

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

every_database!(
    introspection_returns_the_claims_of_a_token,
    introspection_reports_only_tokens_the_caller_may_know,
    introspection_accepts_every_client_authentication,
    metadata_names_existing_endpoints_and_scopes,
);

async fn ask(app: &App, by: &str, token: &str) -> Value {
    app.post("/auth/token/introspect").token(by).json(&json!({ "token": token })).gives(200).await
}

fn inactive() -> Value {
    json!({ "active": false })
}

async fn introspection_returns_the_claims_of_a_token(app: &App) {
    let t = app.tenant().await;
    let (access, refresh) = t.member.sign_in(app).await;
    let told = ask(app, &t.admin.token, &access).await;
    let now = app.clock.now().seconds();
    let expected = json!({
        "active": true, "username": "member", "token_type": "Bearer", "exp": now + 900, "iat": now,
        "sub": format!("user:{}", t.member.id), "aud": "taskhub", "iss": app.url, "jti": told["jti"],
        "tenant": t.id, "role": "member",
    });
    assert_eq!(told, expected);
    let service = t.service(app, &["tasks:read", "users:read"]);
    let told = ask(app, &t.admin.token, &service).await;
    assert_eq!((&told["scope"], told.get("role")), (&json!("tasks:read users:read"), None));
    assert_eq!(told["sub"], format!("service:{}", told["client_id"].as_str().unwrap()));
    let soon = app.clock.now().plus(std::time::Duration::from_hours(1)).to_string();
    let body = json!({ "name": "report", "scopes": ["tasks:read"], "expires_at": soon });
    let personal = app.post("/access-tokens").by(&t.member).json(&body).gives(201).await;
    let told = ask(app, &t.admin.token, personal["token"].as_str().unwrap()).await;
    assert_eq!((&told["scope"], &told["username"]), (&json!("tasks:read"), &json!("member")));
    for nothing in [&refresh, "rubbish", "thp_rubbish"] {
        assert_eq!(ask(app, &t.admin.token, nothing).await, inactive());
    }
    let _ = app.post("/auth/logout").token(&access).gives(204).await;
    assert_eq!(ask(app, &t.admin.token, &access).await, inactive());
}

async fn introspection_reports_only_tokens_the_caller_may_know(app: &App) {
    let (t, foreign) = (app.tenant().await, app.tenant().await);
    let service = t.service(app, &["tasks:read"]);
    for (by, token, may) in [
        (&t.member.token, &t.member.token, true),
        (&t.member.token, &t.other.token, false),
        (&t.manager.token, &t.member.token, false),
        (&t.member.token, &service, false),
        (&t.admin.token, &t.member.token, true),
        (&t.admin.token, &service, true),
        (&service, &t.member.token, true),
        (&service, &service, true),
        (&foreign.admin.token, &t.member.token, false),
        (&service, &foreign.member.token, false),
    ] {
        let told = ask(app, by, token).await;
        if may {
            assert_eq!(told["active"], true);
        } else {
            assert_eq!(told, inactive());
        }
    }
}

async fn introspection_accepts_every_client_authentication(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "name": "gateway", "scopes": [] });
    let made = app.post("/service-accounts").by(&t.admin).json(&body).gives(201).await;
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    let basic = |secret: &str| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let token = json!({ "token": t.member.token });
    let call = || app.post("/auth/token/introspect").json(&token);
    assert_eq!(call().header("authorization", &basic(secret)).gives(200).await["active"], true);
    let body = json!({ "token": t.member.token, "client_id": id, "client_secret": secret });
    let in_body = || app.post("/auth/token/introspect").json(&body);
    assert_eq!(in_body().gives(200).await["active"], true);
    let form = format!("token={}&client_id={id}&client_secret={secret}", t.member.token);
    let form = app.post("/auth/token/introspect").body("application/x-www-form-urlencoded", form);
    assert_eq!(form.gives(200).await["active"], true);
    for (call, code) in [
        (call(), "unauthenticated"),
        (call().token("rubbish"), "unauthenticated"),
        (call().header("authorization", &basic("rubbish")), "invalid_client"),
    ] {
        let refused = call.send().await.expect(401);
        assert_eq!((refused.code(), &refused.body["error"]), (code, &json!("invalid_client")));
    }
    // Two ways to authenticate at once are refused.
    let _ = in_body().by(&t.admin).send().await.expect(400);
    let _ = in_body().header("authorization", &basic(secret)).send().await.expect(422);
}

async fn metadata_names_existing_endpoints_and_scopes(app: &App) {
    let told = app.get("/.well-known/oauth-authorization-server").gives(200).await;
    assert_eq!(told["issuer"], app.url.as_str());
    for (name, method) in [
        ("token_endpoint", "post"),
        ("revocation_endpoint", "post"),
        ("introspection_endpoint", "post"),
        ("jwks_uri", "get"),
    ] {
        let path = told[name].as_str().unwrap().strip_prefix(&app.url).unwrap();
        assert!(app.document["paths"][path][method].is_object(), "{name}: {path}");
    }
    let scopes = told["scopes_supported"].as_array().unwrap();
    assert_eq!(scopes.len(), taskhub_domain::scopes::all().len());
    // Every listed scope can be granted.
    let t = app.tenant().await;
    let body = json!({ "name": "all", "scopes": scopes });
    let _ = app.post("/service-accounts").by(&t.admin).json(&body).gives(201).await;
}
