//! Joining an organisation: by invitation, by the domain of the email address, or freely.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{Answer, App, PASSWORD, Tenant, every_database};

every_database!(
    invitation_registers_one_user,
    invitation_is_valid_for_its_address_until_it_expires,
    concurrent_registrations_with_one_invitation_create_one_user,
    open_organisation_accepts_any_registration,
    domain_mode_accepts_its_domains_after_verification,
    closed_suspended_and_absent_tenants_answer_alike,
    contradictory_registration_is_rejected_with_422,
);

async fn register(app: &App, body: Value) -> Answer {
    app.post("/auth/register").json(&body).send().await
}

fn user(name: &str) -> Value {
    json!({ "username": name, "password": PASSWORD, "first_name": "Grace", "last_name": "Hopper" })
}

fn with_email(name: &str, email: &str) -> Value {
    let mut user = user(name);
    user["email"] = json!(email);
    user
}

/// Invites an email address. Returns the invitation and its token.
async fn invite(app: &App, t: &Tenant, email: &str, role: &str) -> (Value, String) {
    let body = json!({ "email": email, "role": role });
    let made = app.post("/invitations").by(&t.admin).json(&body).gives(201).await;
    (made, app.mail_about(email, "accept-invitation").await.token)
}

async fn settings(app: &App, t: &Tenant, settings: Value) {
    let _ = app.patch("/tenant").by(&t.admin).json(&settings).gives(200).await;
}

async fn sign_in(app: &App, email: &str) -> Answer {
    app.post("/auth/token").json(&json!({ "email": email, "password": PASSWORD })).send().await
}

async fn invitation_registers_one_user(app: &App) {
    let t = app.tenant().await;
    let email = format!("grace@{}.example", t.slug);
    let (invitation, token) = invite(app, &t, &email, "manager").await;
    let body = json!({ "invitation": token, "user": user("grace") });
    let joined = register(app, body.clone()).await.expect(201).body;
    assert_eq!((&joined["user"]["email"], &joined["user"]["role"]), (&json!(email), &json!("manager")));
    assert_eq!(joined["tenant"]["id"], json!(t.id));
    assert!(joined["user"]["email_verified_at"].is_string(), "the invitation reached them");
    let _ = sign_in(app, &email).await.expect(200);
    let mut again = body;
    again["user"] = user("again");
    assert_eq!(register(app, again).await.expect(403).code(), "registration_closed");
    let path = format!("/invitations/{}", invitation["id"].as_str().unwrap());
    let accepted = app.get(&path).by(&t.admin).gives(200).await;
    assert_eq!(accepted["accepted_by"], joined["user"]["id"]);
    let audit = format!("/audit?noun=invitation&action=accept&row={}", invitation["id"].as_str().unwrap());
    assert_eq!(app.get(&audit).by(&t.admin).gives(200).await["count"], 1);
    // An existing user of the tenant cannot be invited again.
    let again = json!({ "email": email });
    let refused = app.post("/invitations").by(&t.admin).json(&again).send().await.expect(409);
    assert_eq!(refused.pointer(), "/email");
    // No verification mail is sent: the invitation has verified the address.
    assert_eq!(app.count_mail(&email), 1);
}

async fn invitation_is_valid_for_its_address_until_it_expires(app: &App) {
    let t = app.tenant().await;
    let email = format!("grace@{}.example", t.slug);
    let (_, token) = invite(app, &t, &email, "member").await;
    let other = with_email("grace", &format!("mallory@{}.example", t.slug));
    let refused = register(app, json!({ "invitation": token, "user": other })).await.expect(422);
    assert_eq!(refused.pointer(), "/user/email");
    let clash = register(app, json!({ "invitation": token, "user": user("admin") })).await.expect(409);
    assert_eq!(clash.pointer(), "/user/username");
    // An organisation that closes its registration also refuses earlier invitations.
    settings(app, &t, json!({ "registration": "closed" })).await;
    let body = json!({ "invitation": token, "user": with_email("grace", &email.to_uppercase()) });
    assert_eq!(register(app, body.clone()).await.expect(403).code(), "registration_closed");
    settings(app, &t, json!({ "registration": "invitation" })).await;
    app.clock.advance(Duration::from_hours(7 * 24));
    assert_eq!(register(app, body).await.expect(403).code(), "registration_closed");
}

async fn concurrent_registrations_with_one_invitation_create_one_user(app: &App) {
    let t = app.tenant().await;
    let email = format!("grace@{}.example", t.slug);
    let (_, token) = invite(app, &t, &email, "member").await;
    let names: Vec<_> = (0..6).map(|number| format!("grace{number}")).collect();
    let tries = names.iter().map(|name| register(app, json!({ "invitation": token, "user": user(name) })));
    let mut statuses: Vec<_> =
        futures::future::join_all(tries).await.into_iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 403, 403, 403, 403, 403]);
}

async fn open_organisation_accepts_any_registration(app: &App) {
    let t = app.tenant().await;
    settings(app, &t, json!({ "registration": "open" })).await;
    let email = format!("grace@{}.example", t.slug);
    let body = json!({ "tenant": t.slug.to_uppercase(), "user": with_email("grace", &email) });
    let joined = register(app, body).await.expect(201).body;
    assert_eq!((&joined["user"]["role"], &joined["tenant"]["id"]), (&json!("member"), &json!(t.id)));
    assert_eq!(joined["user"]["email_verified_at"], Value::Null);
    let _ = sign_in(app, &email).await.expect(200);
    assert!(app.mail_to(&email).await.text.contains("/account/verify-email#"));
    // The role cannot be chosen at registration.
    let mut greedy = with_email("greedy", "greedy@elsewhere.example");
    greedy["role"] = json!("admin");
    let refused = register(app, json!({ "tenant": t.slug, "user": greedy })).await.expect(422);
    assert_eq!(refused.pointer(), "/user/role");
}

async fn domain_mode_accepts_its_domains_after_verification(app: &App) {
    let t = app.tenant().await;
    let domain = format!("{}.example", t.slug);
    settings(app, &t, json!({ "registration": "domain", "email_domains": [domain] })).await;
    let join = async |name: &str, email: &str| {
        register(app, json!({ "tenant": t.slug, "user": with_email(name, email) })).await
    };
    for foreign in ["a@elsewhere.example".to_owned(), format!("a@sub.{domain}"), format!("a@not{domain}")] {
        assert_eq!(join("mallory", &foreign).await.expect(403).code(), "registration_closed");
    }
    let email = format!("grace@{domain}");
    let _ = join("grace", &email).await.expect(201);
    let token = app.mail_about(&email, "verify-email").await.token;
    assert_eq!(sign_in(app, &email).await.expect(403).code(), "email_unverified");
    // A later change of the registration mode does not admit an unverified address.
    for mode in ["open", "invitation", "closed"] {
        settings(app, &t, json!({ "registration": mode })).await;
        assert_eq!(sign_in(app, &email).await.expect(403).code(), "email_unverified", "{mode}");
    }
    let _ = app.post("/auth/verify-email").json(&json!({ "token": token })).gives(204).await;
    let _ = sign_in(app, &email).await.expect(200);
    // Other users of the tenant are not affected.
    let _ = t.member.sign_in(app).await;
}

async fn closed_suspended_and_absent_tenants_answer_alike(app: &App) {
    let (closed, suspended) = (app.tenant().await, app.tenant().await);
    settings(app, &suspended, json!({ "registration": "open" })).await;
    crate::operator::set_active(app, &suspended, false).await;
    let mut told = Vec::new();
    for slug in [closed.slug.as_str(), suspended.slug.as_str(), "no-such-tenant", ""] {
        let user = with_email("grace", "grace@elsewhere.example");
        let mut answer = register(app, json!({ "tenant": slug, "user": user })).await.expect(403);
        answer.body["instance"] = Value::Null;
        told.push(answer.body);
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["code"], "registration_closed");
}

async fn contradictory_registration_is_rejected_with_422(app: &App) {
    let (new, grace) = (json!({ "name": "New" }), with_email("grace", "grace@acme.example"));
    for (body, pointer) in [
        (json!({ "user": grace }), "/organisation"),
        (json!({ "organisation": new, "tenant": "acme", "user": grace }), "/tenant"),
        (json!({ "tenant": "acme", "invitation": "thi_x", "user": grace }), "/tenant"),
        (json!({ "organisation": new, "user": user("grace") }), "/user/email"),
        (json!({ "tenant": "acme", "user": user("grace") }), "/user/email"),
        (json!({ "organisation": new }), "/user"),
        (json!({ "organisation": ["New"], "user": grace }), "/organisation"),
    ] {
        assert_eq!(register(app, body.clone()).await.expect(422).pointer(), pointer, "{body}");
    }
    let made_up = json!({ "invitation": "thi_x", "user": user("grace") });
    assert_eq!(register(app, made_up).await.expect(403).code(), "registration_closed");
}
