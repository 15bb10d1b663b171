//! Invalid credentials of every kind: malformed, forged, expired or revoked, and insufficient.

use std::fs;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use taskhub_auth::{Algorithm, Grant, KeySet, Kind, Signer};
use taskhub_domain::{context::Request, scopes, tenant};
use taskhub_tests::{App, Tenant, User};
use uuid::Uuid;

use super::fixture::{Fixture, person};
use crate::poll::until;

/// An invalid credential and the expected refusal.
pub(super) struct Bad {
    /// What is wrong with it.
    pub(super) what: &'static str,
    /// The values of `Authorization`.
    pub(super) headers: Vec<String>,
    /// The status and code of the refusal.
    pub(super) refusal: (u16, &'static str),
}

const UNAUTHENTICATED: (u16, &str) = (401, "unauthenticated");

impl Bad {
    fn token(what: &'static str, token: &str) -> Self {
        Self { what, headers: vec![format!("Bearer {token}")], refusal: UNAUTHENTICATED }
    }

    fn header(what: &'static str, value: &str) -> Self {
        Self { what, headers: vec![value.to_owned()], refusal: UNAUTHENTICATED }
    }
}

/// The grant of an admin of the tenant.
fn grant(tenant: &Tenant) -> Grant {
    Grant {
        kind: Kind::User,
        id: tenant.admin.id,
        tenant: Some(tenant.id),
        role: Some("admin".to_owned()),
        scopes: None,
        session: None,
        lifetime: 3600,
    }
}

/// Credentials that every operation refuses in the same way.
pub(super) async fn refused_everywhere(app: &App, fixture: &Fixture) -> Vec<Bad> {
    let good = fixture.people.admin.token.as_str();
    let mut all = vec![
        Bad::header("an empty header", ""),
        Bad::header("another scheme", &format!("Basic {good}")),
        Bad::header("no scheme", good),
        Bad::header("an empty token", "Bearer "),
        Bad::token("no token at all", "garbage"),
        Bad::token("three parts of nothing", "a.b.c"),
        Bad::token("more than fits", &"x".repeat(6000)),
        Bad { what: "two tokens", headers: vec![format!("Bearer {good}"); 2], refusal: UNAUTHENTICATED },
        Bad::token("a refresh token", &fixture.refresh),
        Bad::token("a service account's secret", &fixture.client_secret),
        Bad::token("a refresh token under another name", &fixture.refresh.replacen("thr_", "thp_", 1)),
        Bad::token("another's personal access token", &forged_personal(&fixture.personal)),
    ];
    all.extend(forged(app, &fixture.people));
    all.extend(outlived(app, fixture).await);
    all
}

/// A personal access token with one changed character in its secret.
fn forged_personal(good: &str) -> String {
    let (start, rest) = good.split_at(60);
    let other = if rest.starts_with('A') { "B" } else { "A" };
    format!("{start}{other}{}", &rest[1..])
}

/// Forged or modified tokens.
fn forged(app: &App, tenant: &Tenant) -> Vec<Bad> {
    let state = &app.state;
    let now = app.clock.now();
    let good = tenant.member.token.as_str();
    let parts: Vec<_> = good.split('.').collect();
    let part =
        |at: usize| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[at]).unwrap()).unwrap() };
    let write = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let (header, mut claims) = (part(0), part(1));
    claims["role"] = json!("admin");
    let mut unsigned = header.clone();
    unsigned["alg"] = json!("none");
    let mut symmetric = header.clone();
    symmetric["alg"] = json!("HS256");
    let mut signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    signature[0] ^= 1;
    let ours = KeySet::from_json(&fs::read_to_string(state.settings.keys_file()).unwrap()).unwrap();
    // An attacker's key with the id of ours.
    let mut theirs: Value =
        serde_json::from_str(KeySet::generate(Algorithm::EdDsa).unwrap().to_private_json().expose_secret())
            .unwrap();
    theirs["keys"][0]["kid"] = header["kid"].clone();
    let theirs = KeySet::from_json(&theirs.to_string()).unwrap();
    let audience = &state.settings.token_audience;
    let signed = |keys: &KeySet, issuer: &str, audience: &str, at: i64| {
        let signer = Signer::new(keys, issuer, audience).unwrap();
        signer.mint(&grant(tenant), now.token_id(), at).unwrap().expose_secret().to_owned()
    };
    let by_key = signed(&theirs, &state.public_url, audience, now.seconds());
    let by_issuer = signed(&ours, "https://elsewhere.example", audience, now.seconds());
    let for_other = signed(&ours, &state.public_url, "elsewhere", now.seconds());
    let early = signed(&ours, &state.public_url, audience, now.seconds() + 3600);
    let late = signed(&ours, &state.public_url, audience, now.seconds() - 3600);
    vec![
        Bad::token("claims that were changed", &format!("{}.{}.{}", parts[0], write(&claims), parts[2])),
        Bad::token(
            "a signature that was changed",
            &format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode(signature)),
        ),
        Bad::token("no signature", &format!("{}.{}.", parts[0], parts[1])),
        Bad::token("the algorithm none", &format!("{}.{}.", write(&unsigned), write(&claims))),
        Bad::token("another algorithm", &format!("{}.{}.{}", write(&symmetric), parts[1], parts[2])),
        Bad::token("another key", &by_key),
        Bad::token("another issuer", &by_issuer),
        Bad::token("another audience", &for_other),
        Bad::token("issued in an hour", &early),
        Bad::token("expired", &late),
    ]
}

/// Tokens of this server that are no longer valid.
async fn outlived(app: &App, fixture: &Fixture) -> Vec<Bad> {
    let people = &fixture.people;
    let mut all = Vec::new();
    for (what, role, change) in [
        ("a disabled user's", "admin", json!({ "is_active": false })),
        ("a user's who lost the role", "admin", json!({ "role": "member" })),
    ] {
        let user = person(app, people, role).await;
        app.patch(&format!("/users/{}", user.id)).by(&people.admin).json(&change).gives(200).await;
        all.push(Bad::token(what, &user.token));
    }
    let deleted = person(app, people, "admin").await;
    app.delete(&format!("/users/{}", deleted.id)).by(&people.admin).gives(204).await;
    all.push(Bad::token("a deleted user's", &deleted.token));
    let personal = async |user: &User| {
        let body = json!({ "name": "report", "scopes": scopes::all(), "expires_at": fixture.soon });
        app.post("/access-tokens").by(user).json(&body).gives(201).await
    };
    let gone = personal(&people.manager).await;
    let path = format!("/access-tokens/{}", gone["id"].as_str().unwrap());
    let token = gone["token"].as_str().unwrap();
    let _ = app.get("/tasks").token(token).gives(200).await;
    app.delete(&path).by(&people.manager).gives(204).await;
    all.push(Bad::token("a deleted personal access token", token));
    let disabled = person(app, people, "admin").await;
    let token = personal(&disabled).await["token"].as_str().unwrap().to_owned();
    let _ = app.get("/tasks").token(&token).gives(200).await;
    let change = json!({ "is_active": false });
    app.patch(&format!("/users/{}", disabled.id)).by(&people.admin).json(&change).gives(200).await;
    all.push(Bad::token("a disabled user's personal access token", &token));
    let away = person(app, people, "admin").await;
    let (token, _) = away.sign_in(app).await;
    app.post("/auth/logout").token(&token).gives(204).await;
    all.push(Bad::token("a session's that was signed out", &token));
    all.push(Bad { refusal: (403, "tenant_suspended"), ..suspended(app).await });
    all
}

/// The token of an admin of a suspended tenant.
async fn suspended(app: &App) -> Bad {
    let kept_out = app.tenant().await;
    let repository = &app.state.repository;
    let ctx = repository.system("a test", Request::default()).within(kept_out.id);
    repository.write(&ctx, false, |tx, active| Box::pin(tenant::set_active(tx, active))).await.unwrap();
    until("the suspension", async || app.get("/tenant").by(&kept_out.admin).send().await.status == 403).await;
    Bad::token("a suspended organisation's", &kept_out.admin.token)
}

/// Valid but insufficient credentials: that of an operator, and credentials with every scope but
/// this one.
pub(super) fn out_of_reach(app: &App, tenant: &Tenant, scope: &str) -> Vec<Bad> {
    let others: Vec<String> =
        scopes::all().into_iter().chain(["everything:write".to_owned()]).filter(|it| it != scope).collect();
    let mint = |grant: &Grant| app.mint(grant);
    let operator = Grant { kind: Kind::Operator, tenant: None, role: None, ..grant(tenant) };
    let narrowed = Grant { scopes: Some(others), ..grant(tenant) };
    let service = Grant { kind: Kind::Service, id: Uuid::from_u128(0x5e7), role: None, ..narrowed.clone() };
    let bad = |what, grant: &Grant, code| Bad { refusal: (403, code), ..Bad::token(what, &mint(grant)) };
    vec![
        bad("an operator's", &operator, "forbidden"),
        bad("an admin's without the scope", &narrowed, "insufficient_scope"),
        bad("a service's without the scope", &service, "insufficient_scope"),
        bad(
            "an admin's without any scope",
            &Grant { scopes: Some(Vec::new()), ..narrowed.clone() },
            "insufficient_scope",
        ),
    ]
}
