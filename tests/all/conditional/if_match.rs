//! `If-Match`: stale, malformed and missing entity tags.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::task;

every_database!(
    stale_if_match_is_rejected_with_412,
    malformed_entity_tag_is_rejected_with_400,
    missing_if_match_gets_428_where_the_tenant_requires_it,
);

async fn stale_if_match_is_rejected_with_412(app: &App) {
    let t = app.tenant().await;
    let path = task(app, &t).await;
    let body = json!({ "title": "After" });
    let send = async |method: &str, path: &str, tag: &str| {
        let call = app.call(method, path).by(&t.member).header("if-match", tag);
        if method == "DELETE" { call.send().await } else { call.json(&body).send().await }
    };
    // If-Match uses the strong comparison: a weak tag never matches.
    for tag in ["\"2\"", "\"0\"", "W/\"1\"", "\"one\"", "\"01\"", "\"+1\"", "\"2\", \"3\"", "\"1,1\""] {
        for (method, path) in [
            ("PATCH", path.clone()),
            ("PUT", path.clone()),
            ("DELETE", path.clone()),
            ("POST", format!("{path}/complete")),
        ] {
            let refused = send(method, &path, tag).await;
            assert_eq!((refused.status, refused.code()), (412, "stale"), "{method} {tag}: {}", refused.text);
        }
    }
    assert_eq!(app.get(&path).by(&t.member).gives(200).await["version"], 1);
    let changed = send("PATCH", &path, "\"7\", \"1\"").await.expect(200);
    assert_eq!(changed.header("etag"), "\"2\"");
    let changed = send("PUT", &path, "\"2\"").await.expect(200);
    assert_eq!(changed.body["title"], "After");
    let done = send("POST", &format!("{path}/complete"), "*").await.expect(200);
    assert_eq!(done.header("etag"), format!("\"{}\"", done.body["version"]));
    // 403 and 404 come before 412.
    let personal = app.delete(&path).by(&t.other).header("if-match", "\"99\"").send().await;
    assert_eq!(personal.expect(404).code(), "not_found");
    let tag = done.header("etag").to_owned();
    let _ = send("DELETE", &path, &tag).await.expect(204);
    let _ = send("DELETE", &path, &tag).await.expect(404);
    // The tenant and the profile have versions, too.
    let refused =
        app.patch("/tenant").by(&t.admin).header("if-match", "\"9\"").json(&json!({ "name": "New" }));
    assert_eq!(refused.send().await.expect(412).code(), "stale");
    let refused =
        app.patch("/auth/profile").by(&t.member).header("if-match", "\"9\"").json(&json!({ "phone": "1" }));
    assert_eq!(refused.send().await.expect(412).code(), "stale");
}

async fn malformed_entity_tag_is_rejected_with_400(app: &App) {
    let t = app.tenant().await;
    let path = task(app, &t).await;
    let long = format!("\"{}\"", "1".repeat(2000));
    for tag in ["1", "", "\"1", "1\"", "\"1\", 2", "W/1", "\"", long.as_str()] {
        let refused = app.get(&path).by(&t.member).header("if-none-match", tag).send().await.expect(400);
        assert_eq!(refused.code(), "invalid_header", "{tag}");
        let change =
            app.patch(&path).by(&t.member).header("if-match", tag).json(&json!({ "title": "After" }));
        assert_eq!(change.send().await.expect(400).code(), "invalid_header", "{tag}");
    }
}

async fn missing_if_match_gets_428_where_the_tenant_requires_it(app: &App) {
    let t = app.tenant().await;
    let path = task(app, &t).await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let project = format!("/projects/{}", project["id"].as_str().unwrap());
    let required = json!({ "require_if_match": true });
    let tenant = app.patch("/tenant").by(&t.admin).json(&required).gives(200).await;
    assert_eq!(tenant["require_if_match"], true);
    let calls = [
        ("PATCH", path.clone(), json!({ "title": "After" })),
        ("PUT", path.clone(), json!({ "title": "After" })),
        ("DELETE", path.clone(), Value::Null),
        ("POST", format!("{path}/complete"), Value::Null),
        ("PATCH", project.clone(), json!({ "name": "After" })),
        ("PATCH", format!("{project}/status"), json!({ "status": "active" })),
        ("DELETE", project.clone(), Value::Null),
        ("PATCH", "/tenant".to_owned(), json!({ "name": "After" })),
        ("PATCH", format!("/users/{}", t.other.id), json!({ "phone": "1" })),
        ("PATCH", "/auth/profile".to_owned(), json!({ "phone": "1" })),
    ];
    for (method, path, body) in &calls {
        let call = app.call(method, path).by(&t.admin);
        let call = if body.is_null() { call } else { call.json(body) };
        let refused = call.send().await;
        assert_eq!((refused.status, refused.code()), (428, "precondition_required"), "{method} {path}");
    }
    // A no-op update requires If-Match, too; `*` satisfies it.
    let same = app.patch(&path).by(&t.member).json(&json!({ "title": "Before" }));
    assert_eq!(same.send().await.expect(428).code(), "precondition_required");
    let any = app.patch(&path).by(&t.member).header("if-match", "*").json(&json!({ "title": "After" }));
    let _ = any.gives(200).await;
    let this = app.patch(&path).by(&t.member).header("if-match", "\"2\"").json(&json!({ "title": "Later" }));
    let _ = this.gives(200).await;
    // If-Match is not required for creating rows, signing in and changing the password.
    let _ = app.post("/tasks").by(&t.member).json(&json!({ "title": "Another" })).gives(201).await;
    let (access, _) = t.member.sign_in(app).await;
    let _ = app.post("/auth/logout").token(&access).gives(204).await;
    let off = app.patch("/tenant").by(&t.admin).header("if-match", "\"2\"");
    let _ = off.json(&json!({ "require_if_match": false })).gives(200).await;
    let _ = app.delete(&path).by(&t.member).gives(204).await;
}
