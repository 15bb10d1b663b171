//! Scenario tests of documents.

mod versions;

use serde_json::json;
use taskhub_tests::{App, every_database};

every_database!(
    document_is_created_moved_replaced_and_deleted,
    document_list_omits_the_content,
    only_author_managers_and_admins_change_a_document,
    invalid_document_is_rejected_with_422
);

async fn project(app: &App, t: &taskhub_tests::Tenant) -> serde_json::Value {
    app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await["id"].clone()
}

async fn document_is_created_moved_replaced_and_deleted(app: &App) {
    let t = app.tenant().await;
    let (here, there) = (project(app, &t).await, project(app, &t).await);
    let content = "# Minutes\n\n\tAll present: Ada, Grace 😀\r\n";
    let new = json!({ "title": " Minutes ", "project_id": here, "content": content });
    let made = app.post("/documents").by(&t.member).json(&new).send().await.expect(201);
    let path = made.header("location").to_owned();
    assert_eq!((&made.body["title"], &made.body["content"]), (&json!("Minutes"), &json!(content)));
    assert_eq!(made.body["author_id"], json!(t.member.id));
    assert_eq!(app.get(&path).by(&t.other).gives(200).await, made.body);
    let moved = app.patch(&path).by(&t.member).json(&json!({ "project_id": there })).gives(200).await;
    assert_eq!((&moved["project_id"], &moved["content"]), (&there, &json!(content)));
    let replaced =
        app.put(&path).by(&t.member).json(&json!({ "title": "Notes", "project_id": here })).gives(200).await;
    assert_eq!((&replaced["content"], &replaced["author_id"]), (&json!(""), &json!(t.member.id)));
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    let _ = app.get(&path).by(&t.member).gives(404).await;
    let row = format!("/audit?sort=at&row={}", made.body["id"].as_str().unwrap());
    let audit = app.get(&row).by(&t.admin).gives(200).await;
    assert_eq!(audit["count"], 4);
    assert_eq!(audit["results"][2]["old_values"]["content"], content);
}

async fn document_list_omits_the_content(app: &App) {
    let t = app.tenant().await;
    let (here, there) = (project(app, &t).await, project(app, &t).await);
    for (title, project) in [("one", &here), ("two", &here), ("three", &there)] {
        let body = json!({ "title": title, "project_id": project, "content": "secret recipe" });
        let _ = app.post("/documents").by(&t.member).json(&body).gives(201).await;
    }
    let listed = app.get(&format!("/documents?project={}&sort=title", here.as_str().unwrap()));
    let listed = listed.by(&t.other).send().await.expect(200);
    assert_eq!(listed.body["count"], 2);
    assert_eq!(listed.body["results"][0]["title"], "one");
    assert!(!listed.text.contains("secret recipe"));
    assert_eq!(app.get("/documents?author=me").by(&t.member).gives(200).await["count"], 3);
    assert_eq!(app.get("/documents?author=me").by(&t.other).gives(200).await["count"], 0);
    let _ = app.get("/documents?fields=content").by(&t.other).gives(400).await;
    let u = app.tenant().await;
    assert_eq!(app.get("/documents").by(&u.admin).gives(200).await["count"], 0);
}

async fn only_author_managers_and_admins_change_a_document(app: &App) {
    let t = app.tenant().await;
    let here = project(app, &t).await;
    let new = json!({ "title": "Minutes", "project_id": here });
    let made = app.post("/documents").by(&t.member).json(&new).send().await.expect(201);
    let path = made.header("location");
    let body = json!({ "title": "Changed" });
    let _ = app.patch(path).by(&t.other).json(&body).gives(403).await;
    let _ = app.delete(path).by(&t.other).gives(403).await;
    for (number, user) in [&t.member, &t.manager, &t.admin].into_iter().enumerate() {
        let _ =
            app.patch(path).by(user).json(&json!({ "title": format!("Changed {number}") })).gives(200).await;
    }
    let u = app.tenant().await;
    let _ = app.patch(path).by(&u.admin).json(&body).gives(404).await;
    let _ = app.delete(path).by(&u.admin).gives(404).await;
    let _ = app.delete(path).by(&t.manager).gives(204).await;
}

async fn invalid_document_is_rejected_with_422(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let (here, theirs) = (project(app, &t).await, project(app, &u).await);
    let wrong = [
        (json!({ "title": "Minutes" }), "/project_id"),
        (json!({ "title": "Minutes", "project_id": null }), "/project_id"),
        (json!({ "title": "Minutes", "project_id": theirs }), "/project_id"),
        (json!({ "title": " ", "project_id": here }), "/title"),
        (json!({ "title": "Minutes", "project_id": here, "content": "a\u{0}b" }), "/content"),
        (json!({ "title": "Minutes", "project_id": here, "content": "a".repeat(200_001) }), "/content"),
        (json!({ "title": "Minutes", "project_id": here, "content": null }), "/content"),
        (json!({ "title": "Minutes", "project_id": here, "author_id": t.other.id }), "/author_id"),
    ];
    for (body, pointer) in wrong {
        let refused = app.post("/documents").by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(refused.pointer(), pointer);
    }
    // The maximum length counts characters, not bytes.
    let body = json!({ "title": "Long", "project_id": here, "content": "ä".repeat(200_000) });
    let made = app.post("/documents").by(&t.member).json(&body).send().await.expect(201);
    assert_eq!(app.get(made.header("location")).by(&t.other).gives(200).await["content"], body["content"]);
}
