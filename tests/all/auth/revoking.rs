//! Token revocation by its holder (RFC 7009).

use serde_json::{Value, json};
use taskhub_tests::{Answer, App, every_database};

every_database!(
    revoking_a_token_of_a_session_ends_the_session,
    revoking_another_token_ends_only_that_token,
    revoking_an_unknown_token_succeeds,
    revocation_with_wrong_client_credentials_is_rejected_with_401,
);

async fn revoke(app: &App, token: &str) -> Answer {
    let form = format!("token={token}&token_type_hint=refresh_token");
    let call = app.post("/auth/token/revoke").body("application/x-www-form-urlencoded", form);
    call.send().await.expect(200)
}

async fn status(app: &App, token: &str) -> u16 {
    app.get("/tasks").token(token).send().await.status
}

async fn audited(app: &App, t: &taskhub_tests::Tenant, query: &str) -> Value {
    app.get(&format!("/audit?{query}")).by(&t.admin).gives(200).await["count"].clone()
}

async fn revoking_a_token_of_a_session_ends_the_session(app: &App) {
    let t = app.tenant().await;
    let (other, _) = t.member.sign_in(app).await;
    for by_refresh in [true, false] {
        let (access, refresh) = t.member.sign_in(app).await;
        let told = revoke(app, if by_refresh { &refresh } else { &access }).await;
        assert_eq!(told.text, "");
        let _ = app
            .post("/auth/token/refresh")
            .json(&json!({ "refresh_token": refresh }))
            .send()
            .await
            .expect(401);
        assert_eq!((status(app, &access).await, status(app, &other).await), (401, 200));
        // Revoking again has no effect.
        let _ = revoke(app, &refresh).await;
        let _ = revoke(app, &access).await;
    }
    assert_eq!(audited(app, &t, "noun=session&action=revoke").await, 2);
}

async fn revoking_another_token_ends_only_that_token(app: &App) {
    let t = app.tenant().await;
    let (service, kept) = (t.service(app, &["tasks:read"]), t.service(app, &["tasks:read"]));
    let _ = revoke(app, &service).await;
    assert_eq!((status(app, &service).await, status(app, &kept).await), (401, 200));
    assert_eq!(audited(app, &t, "noun=service_account&action=revoke_token").await, 1);
    let _ = revoke(app, &t.member.token).await;
    assert_eq!(status(app, &t.member.token).await, 401);
    let soon = app.clock.now().plus(std::time::Duration::from_hours(1)).to_string();
    let body = json!({ "name": "report", "scopes": ["tasks:read"], "expires_at": soon });
    let made = app.post("/access-tokens").by(&t.other).json(&body).gives(201).await;
    let token = made["token"].as_str().unwrap();
    assert_eq!(status(app, token).await, 200);
    let _ = revoke(app, token).await;
    assert_eq!(status(app, token).await, 401);
    let _ =
        app.get(&format!("/access-tokens/{}", made["id"].as_str().unwrap())).by(&t.other).gives(404).await;
    assert_eq!(audited(app, &t, "noun=access_token&action=delete").await, 1);
    let _ = revoke(app, token).await;
}

async fn revoking_an_unknown_token_succeeds(app: &App) {
    for token in ["rubbish", "thr_AAAA", "thp_AAAA", "a.b.c", ""] {
        let _ = revoke(app, token).await;
    }
    let none = app.post("/auth/token/revoke").json(&json!({})).send().await.expect(422);
    assert_eq!((none.pointer(), &none.body["error"]), ("/token", &json!("invalid_request")));
}

async fn revocation_with_wrong_client_credentials_is_rejected_with_401(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "name": "importer", "scopes": [] });
    let made = app.post("/service-accounts").by(&t.admin).json(&body).gives(201).await;
    let (access, _) = t.member.sign_in(app).await;
    let mut body = json!({ "token": access, "client_id": made["client_id"], "client_secret": "ths_rubbish" });
    let refused = app.post("/auth/token/revoke").json(&body).send().await.expect(401);
    assert_eq!((refused.code(), &refused.body["error"]), ("invalid_client", &json!("invalid_client")));
    assert_eq!(status(app, &access).await, 200);
    body["client_secret"] = made["client_secret"].clone();
    let _ = app.post("/auth/token/revoke").json(&body).gives(200).await;
    assert_eq!(status(app, &access).await, 401);
}
