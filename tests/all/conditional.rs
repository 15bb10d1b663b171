//! Scenario tests of conditional requests: entity tags, `If-None-Match` and `If-Match`.

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, every_database};

every_database!(
    matching_if_none_match_gets_304,
    stale_if_match_is_rejected_with_412,
    if_none_match_rejects_an_update_of_an_existing_row,
    malformed_entity_tag_is_rejected_with_400,
    missing_if_match_gets_428_where_the_tenant_requires_it,
    no_op_update_keeps_the_version,
    every_content_coding_has_its_own_etag,
);

async fn task(app: &App, t: &Tenant) -> String {
    let made = app.post("/tasks").by(&t.member).json(&json!({ "title": "Before" })).gives(201).await;
    format!("/tasks/{}", made["id"].as_str().unwrap())
}

async fn matching_if_none_match_gets_304(app: &App) {
    let t = app.tenant().await;
    let path = task(app, &t).await;
    for path in
        [path.clone(), "/tenant".to_owned(), "/auth/profile".to_owned(), format!("/users/{}", t.other.id)]
    {
        let fresh = app.get(&path).by(&t.member).send().await.expect(200);
        let tag = fresh.header("etag").to_owned();
        assert_eq!(tag, format!("\"{}\"", fresh.body["version"]), "{path}");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let same = app.get(&path).by(&t.member).header("if-none-match", &known).send().await.expect(304);
            assert_eq!((same.text.as_str(), same.header("etag")), ("", tag.as_str()), "{known}");
        }
        for known in ["\"0\"", "\"x\"", "W/\"99\""] {
            let _ = app.get(&path).by(&t.member).header("if-none-match", known).gives(200).await;
        }
    }
    let _ = app.patch(&path).by(&t.member).json(&json!({ "title": "After" })).gives(200).await;
    let changed = app.get(&path).by(&t.member).header("if-none-match", "\"1\"").send().await.expect(200);
    assert_eq!(changed.header("etag"), "\"2\"");
    // A caller of another tenant gets 404, whatever tag is sent.
    let u = app.tenant().await;
    let _ = app.get(&path).by(&u.admin).header("if-none-match", "*").gives(404).await;
}

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

async fn no_op_update_keeps_the_version(app: &App) {
    let t = app.tenant().await;
    let path = task(app, &t).await;
    let before = app.get(&path).by(&t.member).gives(200).await;
    for body in [json!({}), json!({ "title": " Before " }), json!({ "description": null })] {
        let same = app.patch(&path).by(&t.member).json(&body).send().await.expect(200);
        assert_eq!((same.header("etag"), &same.body), ("\"1\"", &before), "{body}");
    }
    let audit = format!("/audit?row={}", before["id"].as_str().unwrap());
    assert_eq!(app.get(&audit).by(&t.admin).gives(200).await["count"], 1);
}

async fn every_content_coding_has_its_own_etag(app: &App) {
    let t = app.tenant().await;
    let path = task(app, &t).await;
    let get = async |coding: &str, known: &str| {
        let call = app.get(&path).by(&t.member).header("accept-encoding", coding);
        let call = if known.is_empty() { call } else { call.header("if-none-match", known) };
        call.send().await
    };
    let tags =
        [("identity", "\"1\""), ("gzip", "\"1-gzip\""), ("zstd", "\"1-zstd\""), ("deflate", "\"1-deflate\"")];
    for (coding, tag) in tags {
        let fresh = get(coding, "").await.expect(200);
        assert_eq!(fresh.header("etag"), tag);
        let told = if coding == "identity" { "" } else { coding };
        assert_eq!(fresh.header("content-encoding"), told);
        // A tag matches only for the coding that it names.
        for known in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}"), format!("\"0\",{tag}")] {
            let same = get(coding, &known).await.expect(304);
            assert_eq!((same.text.as_str(), same.header("etag")), ("", tag), "{known}");
        }
        let other = get(coding, &tag.replace('1', "7")).await.expect(200);
        assert_eq!(other.header("etag"), tag);
    }
    // If-Match accepts the tag of any coding.
    let mut version = 1;
    for coding in ["gzip", "zstd", "deflate", "identity"] {
        let tag = get(coding, "").await.expect(200).header("etag").to_owned();
        let change = async |title: &str| {
            let call =
                app.patch(&path).by(&t.member).header("if-match", &tag).header("accept-encoding", coding);
            call.json(&json!({ "title": format!("{title} {coding}") })).send().await
        };
        let changed = change("After").await.expect(200);
        version += 1;
        let next = tag.replacen(&(version - 1).to_string(), &version.to_string(), 1);
        assert_eq!(changed.header("etag"), next);
        assert_eq!(change("Late").await.expect(412).header("etag"), "");
    }
    // A tag with an unknown coding does not match, nor does a weak tag.
    for tag in ["\"5-br\"", "\"5-\"", "\"-gzip\"", "W/\"5-gzip\"", "\"5-gzip-gzip-x\""] {
        let call = app.patch(&path).by(&t.member).header("if-match", tag).json(&json!({ "title": "Never" }));
        assert_eq!(call.send().await.expect(412).code(), "stale", "{tag}");
    }
}

async fn if_none_match_rejects_an_update_of_an_existing_row(app: &App) {
    let t = app.tenant().await;
    let path = task(app, &t).await;
    let change = json!({ "title": "After" });
    for tag in ["*", "\"1\"", "W/\"1\"", "\"7\", \"1\""] {
        let refused = app.patch(&path).by(&t.member).header("if-none-match", tag).json(&change).send().await;
        assert_eq!(refused.expect(412).code(), "stale", "{tag}");
        let refused = app.delete(&path).by(&t.member).header("if-none-match", tag).send().await;
        assert_eq!(refused.expect(412).code(), "stale", "{tag}");
    }
    let other = app.patch(&path).by(&t.member).header("if-none-match", "\"2\"").json(&change).send().await;
    assert_eq!(other.expect(200).header("etag"), "\"2\"");
}
