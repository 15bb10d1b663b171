//! A service token reaches what its scopes name and nothing else.

use serde_json::json;
use taskhub_tests::{App, every_database};

every_database!(
    service_token_reaches_what_its_scopes_name,
    service_account_owns_no_rows,
    operator_token_reads_nothing_of_a_tenant
);

async fn service_token_reaches_what_its_scopes_name(app: &App) {
    let t = app.tenant().await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let new = json!({ "title": "Write it", "project_id": project["id"] });
    let task = app.post("/tasks").by(&t.member).json(&new).gives(201).await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let (reads, writes) = (t.service(app, &["tasks:read"]), t.service(app, &["tasks:write"]));
    let none = t.service(app, &[]);
    assert_eq!(app.get(&path).token(&reads).gives(200).await, task);
    assert_eq!(app.get("/tasks").token(&reads).gives(200).await["count"], 1);
    let beyond = async |token: &str, method: &str, path: &str| {
        let call = app.call(method, path).token(token).json(&json!({ "title": "Another one" }));
        let refused = call.send().await.expect(403);
        assert_eq!(refused.code(), "insufficient_scope");
        refused.body["detail"].as_str().unwrap().to_owned()
    };
    assert_eq!(beyond(&reads, "POST", "/tasks").await, "The token needs the scope tasks:write.");
    assert_eq!(beyond(&reads, "PATCH", &path).await, "The token needs the scope tasks:write.");
    assert_eq!(beyond(&reads, "DELETE", &path).await, "The token needs the scope tasks:write.");
    assert_eq!(beyond(&writes, "GET", &path).await, "The token needs the scope tasks:read.");
    assert_eq!(beyond(&reads, "GET", "/projects").await, "The token needs the scope projects:read.");
    assert_eq!(beyond(&reads, "GET", "/audit").await, "The token needs the scope audit:read.");
    assert_eq!(beyond(&reads, "GET", "/users").await, "The token needs the scope users:read.");
    assert_eq!(beyond(&none, "GET", "/tasks").await, "The token needs the scope tasks:read.");
    // The scope is checked before the row, so an absent row answers like an existing one.
    let absent = format!("/tasks/{}", t.member.id);
    assert_eq!(beyond(&none, "GET", &absent).await, "The token needs the scope tasks:read.");
    let changed = app.patch(&path).token(&writes).json(&json!({ "title": "Write it well" })).gives(200).await;
    assert_eq!(changed["title"], "Write it well");
    let _ = app.delete(&path).token(&writes).gives(204).await;
}

async fn service_account_owns_no_rows(app: &App) {
    let t = app.tenant().await;
    let service = t.service(app, &["tasks:read", "tasks:write", "projects:write"]);
    let project = app.post("/projects").token(&service).json(&json!({ "name": "Import" })).gives(201).await;
    assert_eq!(project["manager_id"], json!(null));
    // A scope for tasks is enough to reference a project and a user in a task.
    let new = json!({ "title": "Imported", "project_id": project["id"], "assignee_id": t.member.id });
    let task = app.post("/tasks").token(&service).json(&new).gives(201).await;
    assert_eq!((&task["owner_id"], &task["assignee_id"]), (&json!(null), &json!(t.member.id)));
    let path = format!("/audit?row={}", task["id"].as_str().unwrap());
    let audit = app.get(&path).by(&t.admin).gives(200).await;
    assert_eq!(audit["results"][0]["actor_kind"], "service");
    for path in ["/auth/profile", "/audit"] {
        let _ = app.get(path).token(&service).gives(403).await;
    }
    let _ = app.post("/auth/logout").token(&service).gives(403).await;
    let me = app.get("/tasks?assignee=me").token(&service).gives(200).await;
    assert_eq!(me["count"], 0);
}

async fn operator_token_reads_nothing_of_a_tenant(app: &App) {
    let grant = taskhub_auth::Grant {
        kind: taskhub_auth::Kind::Operator,
        id: app.clock.now().token_id(),
        tenant: None,
        role: None,
        scopes: None,
        session: None,
        lifetime: 3600,
    };
    let operator = app.mint(&grant);
    for path in ["/tasks", "/users", "/tenant", "/audit", "/projects/statistics", "/auth/profile"] {
        let _ = app.get(path).token(&operator).gives(403).await;
    }
}
