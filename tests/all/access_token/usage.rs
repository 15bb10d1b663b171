//! What a personal access token can do, and with which role.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{SECOND, make, status};
use crate::contract::database::{Database, hold};

every_database!(token_acts_as_its_user_within_its_scopes, token_has_the_current_role_of_its_user);

async fn token_acts_as_its_user_within_its_scopes(app: &App) {
    let t = app.tenant().await;
    let (path, token) = make(app, &t.member, &["tasks:read", "tasks:write", "users:read"]).await;
    assert!(token.starts_with("thp_"));
    let profile = app.get("/auth/profile").token(&token).gives(200).await;
    assert_eq!(profile["id"], json!(t.member.id));
    let task = app.post("/tasks").token(&token).json(&json!({ "title": "Mine" })).gives(201).await;
    assert_eq!(task["owner_id"], json!(t.member.id));
    for (path, status_there) in [("/tasks?assignee=me", 200), ("/projects", 403), ("/service-accounts", 403)]
    {
        assert_eq!(status(app, path, &token).await, status_there, "{path}");
    }
    // A personal access token belongs to no session, so it cannot sign out.
    let (_, signs_out) = make(app, &t.member, &["sessions:write"]).await;
    assert_eq!(app.post("/auth/logout").token(&signs_out).send().await.expect(403).code(), "forbidden");
    let said = app.post("/auth/token/verify").json(&json!({ "token": token })).gives(200).await;
    assert_eq!((&said["active"], &said["id"]), (&json!(true), &json!(t.member.id)));
    // The token is shown once; only its digest is stored.
    let row = app.get(&path).by(&t.member).send().await.expect(200);
    assert!(!row.text.contains("thp_") && !row.text.contains("hash"), "{}", row.text);
    assert_eq!(row.body["last_used_at"], app.clock.now().to_string());
    let rows = Database::of(app).await.rows_of(t.id).await;
    assert!(!hold(&rows, &token));
}

async fn token_has_the_current_role_of_its_user(app: &App) {
    let t = app.tenant().await;
    let (_, token) = make(app, &t.member, &["projects:write"]).await;
    let create = async || {
        let call = app.post("/projects").token(&token).json(&json!({ "name": "Website" }));
        call.send().await.status
    };
    let set = async |role: &str| {
        app.clock.advance(SECOND);
        let path = format!("/users/{}", t.member.id);
        app.patch(&path).by(&t.admin).json(&json!({ "role": role })).gives(200).await;
        app.clock.advance(SECOND);
    };
    assert_eq!(create().await, 403);
    set("manager").await;
    assert_eq!(create().await, 201);
    set("member").await;
    assert_eq!(create().await, 403);
}
