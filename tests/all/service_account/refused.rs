//! Sign-ins of service accounts that are refused.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{SECOND, basic, form, make, sign_in, text};

every_database!(
    every_refused_sign_in_gets_the_same_response,
    ambiguous_or_incomplete_client_credentials_are_rejected,
);

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
