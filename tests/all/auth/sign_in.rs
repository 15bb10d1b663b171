//! Signing in: by email address, by username, and with several organisations; and which callers are
//! refused.

use serde_json::{Value, json};
use taskhub_tests::{Answer, App, PASSWORD, Tenant, every_database};

every_database!(
    user_signs_in_by_email_or_username,
    sign_in_accepts_json_or_a_form,
    wrong_credentials_always_get_the_same_response,
    email_of_several_organisations_is_resolved_by_password,
    disabled_user_or_suspended_tenant_cannot_sign_in,
    unique_username_signs_in_without_a_tenant,
);

async fn token(app: &App, body: Value) -> Answer {
    app.post("/auth/token").json(&body).send().await
}

async fn user_signs_in_by_email_or_username(app: &App) {
    let t = app.tenant().await;
    let loud = t.member.email.to_uppercase();
    let ways = [
        json!({ "email": t.member.email }),
        json!({ "email": format!(" {loud} ") }),
        json!({ "email": t.member.email, "tenant": t.slug }),
        json!({ "username": t.member.email }),
        json!({ "username": "Member", "tenant": t.slug.to_uppercase() }),
        json!({ "username": "member", "tenant": t.slug, "grant_type": "password" }),
    ];
    for mut way in ways {
        way["password"] = json!(PASSWORD);
        let pair = token(app, way.clone()).await.expect(200).body;
        assert_eq!((&pair["token_type"], &pair["expires_in"]), (&json!("Bearer"), &json!(900)), "{way}");
        let profile = app.get("/auth/profile").token(pair["access_token"].as_str().unwrap()).gives(200).await;
        assert_eq!(profile["id"], json!(t.member.id), "{way}");
        assert!(profile["last_login_at"].is_string());
    }
    let pointer = async |mut body: Value| {
        body["password"] = json!(PASSWORD);
        token(app, body).await.expect(422).pointer().to_owned()
    };
    assert_eq!(pointer(json!({ "tenant": t.slug })).await, "/email");
    assert_eq!(pointer(json!({ "email": t.member.email, "username": "member" })).await, "/username");
    assert_eq!(
        pointer(json!({ "email": t.member.email, "grant_type": "client_credentials" })).await,
        "/email"
    );
    assert_eq!(pointer(json!({ "email": t.member.email, "grant_type": "implicit" })).await, "/grant_type");
    assert_eq!(pointer(json!({ "email": t.member.email, "remember": true })).await, "/remember");
}

async fn sign_in_accepts_json_or_a_form(app: &App) {
    let t = app.tenant().await;
    let form = format!("grant_type=password&username={}&password={PASSWORD}", t.member.email);
    let sent = app.post("/auth/token").body("application/x-www-form-urlencoded", form);
    let refresh = sent.gives(200).await["refresh_token"].as_str().unwrap().to_owned();
    let form = format!("refresh_token={refresh}");
    let sent = app.post("/auth/token/refresh").body("application/x-www-form-urlencoded; charset=utf-8", form);
    let _ = sent.gives(200).await;
    let sent = app.post("/auth/token").body("text/plain", "{}").send().await.expect(415);
    assert_eq!(sent.code(), "unsupported_media_type");
}

async fn wrong_credentials_always_get_the_same_response(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let wrong = [
        json!({ "email": t.member.email, "password": "another-password" }),
        json!({ "email": t.member.email, "password": "" }),
        json!({ "email": format!("nobody@{}.example", t.slug), "password": PASSWORD }),
        json!({ "email": t.member.email, "tenant": u.slug, "password": PASSWORD }),
        json!({ "email": t.member.email, "tenant": "no-such-tenant", "password": PASSWORD }),
        json!({ "username": "nobody", "tenant": t.slug, "password": PASSWORD }),
    ];
    let mut bodies = Vec::new();
    for body in wrong {
        let mut answer = token(app, body).await.expect(401);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        answer.body["instance"] = json!(null);
        bodies.push(answer.body);
    }
    assert_eq!(bodies[0]["code"], "invalid_credentials");
    assert!(bodies.windows(2).all(|two| two[0] == two[1]), "{bodies:#?}");
}

async fn email_of_several_organisations_is_resolved_by_password(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let email = format!("both@{}.example", t.slug);
    let mut ids = Vec::new();
    for (tenant, password) in [(&t, PASSWORD), (&u, "tall-quiet-mountains")] {
        let body = json!({ "email": email, "username": "both", "password": password });
        ids.push(app.post("/users").by(&tenant.admin).json(&body).gives(201).await["id"].clone());
    }
    let who = async |body: Value| {
        let pair = token(app, body).await.expect(200).body;
        let profile = app.get("/auth/profile").token(pair["access_token"].as_str().unwrap()).gives(200).await;
        profile["id"].clone()
    };
    // The passwords differ: each determines its organisation.
    assert_eq!(who(json!({ "email": email, "password": PASSWORD })).await, ids[0]);
    assert_eq!(who(json!({ "email": email, "password": "tall-quiet-mountains" })).await, ids[1]);
    // The passwords are the same: the request must name the organisation.
    let v = app.tenant().await;
    let body = json!({ "email": email, "username": "both", "password": PASSWORD });
    ids.push(app.post("/users").by(&v.admin).json(&body).gives(201).await["id"].clone());
    let refused = token(app, json!({ "email": email, "password": PASSWORD })).await.expect(409);
    assert_eq!(refused.code(), "tenant_required");
    assert_eq!(who(json!({ "email": email, "tenant": t.slug, "password": PASSWORD })).await, ids[0]);
    assert_eq!(who(json!({ "email": email, "tenant": v.slug, "password": PASSWORD })).await, ids[2]);
    let _ = token(app, json!({ "email": email, "tenant": u.slug, "password": PASSWORD })).await.expect(401);
}

async fn disabled_user_or_suspended_tenant_cannot_sign_in(app: &App) {
    let t = app.tenant().await;
    let credentials = json!({ "email": t.member.email, "password": PASSWORD });
    let (access, refresh) = t.member.sign_in(app).await;
    let out = json!({ "is_active": false });
    let _ = app.patch(&format!("/users/{}", t.member.id)).by(&t.admin).json(&out).gives(200).await;
    assert_eq!(token(app, credentials.clone()).await.expect(401).code(), "invalid_credentials");
    let _ = app.get("/tasks").token(&access).gives(401).await;
    let _ = app.get("/tasks").by(&t.member).gives(401).await;
    let refused = app.post("/auth/token/refresh").json(&json!({ "refresh_token": refresh })).send().await;
    assert_eq!(refused.expect(401).code(), "invalid_refresh_token");
    // The tenant is suspended.
    let (access, refresh) = t.other.sign_in(app).await;
    crate::operator::set_active(app, &t, false).await;
    let credentials = json!({ "email": t.other.email, "password": PASSWORD });
    assert_eq!(token(app, credentials.clone()).await.expect(403).code(), "tenant_suspended");
    let refused = app.post("/auth/token/refresh").json(&json!({ "refresh_token": refresh })).send().await;
    assert_eq!(refused.expect(403).code(), "tenant_suspended");
    // A caller without the right password does not learn that the tenant is suspended.
    let guess = json!({ "email": t.other.email, "password": "another-password" });
    assert_eq!(token(app, guess).await.expect(401).code(), "invalid_credentials");
    crate::poll::until("the suspension is known here", async || {
        app.get("/tasks").token(&access).send().await.code() == "tenant_suspended"
    })
    .await;
    let refused = app.post("/tasks").token(&access).body("application/json", "{").send().await;
    assert_eq!((refused.status, refused.code()), (403, "tenant_suspended"));
    crate::operator::set_active(app, &t, true).await;
    let _ = token(app, credentials).await.expect(200);
    // A token that has not expired is accepted again.
    crate::poll::until("the activation is known here", async || {
        app.get("/tasks").token(&access).send().await.status == 200
    })
    .await;
}

async fn unique_username_signs_in_without_a_tenant(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let name = format!("ada-{}", t.slug);
    let add = async |tenant: &Tenant, password: &str| {
        let body = json!({ "email": format!("{name}@{}.example", tenant.slug), "username": name, "password": password });
        app.post("/users").by(&tenant.admin).json(&body).gives(201).await["id"].clone()
    };
    let id = add(&t, PASSWORD).await;
    let credentials = json!({ "username": name.to_uppercase(), "password": PASSWORD });
    let pair = token(app, credentials.clone()).await.expect(200).body;
    let profile = app.get("/auth/profile").token(pair["access_token"].as_str().unwrap()).gives(200).await;
    assert_eq!(profile["id"], id);
    let wrong = token(app, json!({ "username": name, "password": "another-password" })).await.expect(401);
    let nobody = token(app, json!({ "username": "nobody-has-this", "password": PASSWORD })).await.expect(401);
    assert_eq!((wrong.code(), &wrong.body["detail"]), ("invalid_credentials", &nobody.body["detail"]));
    // A second tenant has the same username. Only a caller whose password matches in both must name
    // the tenant.
    let _ = add(&u, PASSWORD).await;
    assert_eq!(token(app, credentials).await.expect(409).code(), "tenant_required");
    let wrong = token(app, json!({ "username": name, "password": "another-password" })).await.expect(401);
    assert_eq!((wrong.code(), &wrong.body["detail"]), ("invalid_credentials", &nobody.body["detail"]));
    let named = json!({ "username": name, "tenant": t.slug, "password": PASSWORD });
    let _ = token(app, named).await.expect(200);
}
