//! Signing in as a service account.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{basic, form, sign_in, text};

every_database!(service_account_signs_in);

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
