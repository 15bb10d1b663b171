//! Who manages service accounts, and which scopes they can grant.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{HOUR, make, text, token};

every_database!(
    caller_cannot_grant_scopes_that_it_lacks,
    only_admins_create_service_accounts_and_names_are_unique,
);

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
