//! The spelling of enum values, ids and timestamps.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::project;

every_database!(enum_values_are_strings, ids_and_timestamps_accept_one_spelling);

async fn enum_values_are_strings(app: &App) {
    let t = app.tenant().await;
    let project = project(app, &t).await;
    let user = json!({ "email": "new@acme.example", "username": "new", "password": taskhub_tests::PASSWORD });
    for (method, path, body, field, word) in [
        ("POST", "/tasks".to_owned(), json!({ "title": "Write" }), "priority", "low"),
        ("POST", "/tasks".to_owned(), json!({ "title": "Write" }), "status", "todo"),
        ("POST", "/projects".to_owned(), json!({ "name": "Shop" }), "priority", "low"),
        ("PATCH", format!("{project}/status"), json!({}), "status", "active"),
        ("POST", "/users".to_owned(), user, "role", "member"),
        ("PATCH", format!("/users/{}", t.other.id), json!({}), "role", "member"),
        ("PATCH", "/tenant".to_owned(), json!({}), "registration", "open"),
    ] {
        let send = async |value: Value| {
            let mut body = body.clone();
            body[field] = value;
            app.call(method, &path).by(&t.admin).json(&body).send().await
        };
        for other in [json!({ word: null }), json!({ word: {} }), json!({ word: word }), json!([word])] {
            let refused = send(other).await.expect(422);
            assert_eq!(refused.pointer(), format!("/{field}"), "{method} {path}: {}", refused.text);
            assert_eq!(refused.body["errors"][0]["code"], "invalid_type", "{method} {path}");
        }
        let taken = send(json!(word)).await;
        assert!(taken.status < 300, "{method} {path}: {}", taken.text);
    }
    let sign_in = json!({ "grant_type": { "password": null }, "email": "a@b.example", "password": "x" });
    assert_eq!(app.post("/auth/token").json(&sign_in).send().await.expect(422).pointer(), "/grant_type");
    // The same holds for nested fields.
    let preferences = json!({ "notification_preferences": { "mention": { "mail": null } } });
    let refused = app.patch("/auth/profile").by(&t.member).json(&preferences).send().await.expect(422);
    assert_eq!(refused.pointer(), "/notification_preferences/mention");
    let listed = json!({ "notification_preferences": ["mail"] });
    let refused = app.patch("/auth/profile").by(&t.member).json(&listed).send().await.expect(422);
    assert_eq!(refused.pointer(), "/notification_preferences");
}

async fn ids_and_timestamps_accept_one_spelling(app: &App) {
    let t = app.tenant().await;
    let project = project(app, &t).await;
    let id = project.strip_prefix("/projects/").unwrap();
    let _ = app.get(&format!("/projects/{}", id.to_uppercase())).by(&t.manager).gives(200).await;
    for other in [format!("urn:uuid:{id}"), format!("%7B{id}%7D"), id.replace('-', "")] {
        let wrong = app.get(&format!("/projects/{other}")).by(&t.manager).send().await.expect(404);
        assert_eq!(wrong.code(), "not_found");
        for query in [
            format!("/tasks?project={other}"),
            format!("/search?q=a&project={other}"),
            format!("/reports/completion?project={other}"),
            format!("/auth/permissions?noun=project&id={other}"),
        ] {
            let wrong = app.get(&query).by(&t.manager).send().await.expect(400);
            assert_eq!(wrong.code(), "invalid_parameter", "{query}");
        }
        let body = json!({ "title": "Write", "project_id": other.replace("%7B", "{").replace("%7D", "}") });
        assert_eq!(
            app.post("/tasks").by(&t.manager).json(&body).send().await.expect(422).pointer(),
            "/project_id"
        );
    }
    for (instant, status) in [
        ("2026-12-31T23:59:59.123456789+02:00", 201),
        ("2026-12-31 23:59:59Z", 422),
        ("2026-12-31t23:59:59z", 422),
        ("2026-12-31T23:59:60Z", 422),
        ("2026-12-31T23:59:59.11111111111111111111111111111111111111111111111Z", 422),
    ] {
        let body = json!({ "title": "Write", "due_at": instant });
        let answer = app.post("/tasks").by(&t.member).json(&body).send().await.expect(status);
        assert_eq!(answer.pointer().is_empty(), status == 201, "{instant}");
    }
}
