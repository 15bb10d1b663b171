//! Invalid tasks are rejected, with an error of limited size.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{make, whole};

every_database!(
    error_response_is_limited_in_size,
    invalid_task_is_rejected_with_422,
    title_may_be_one_ideograph,
    reference_to_an_invisible_row_is_rejected_with_422,
);

async fn title_may_be_one_ideograph(app: &App) {
    let t = app.tenant().await;
    for title in ["木", "会議", "회의", "カ"] {
        assert_eq!(make(app, &t.member, json!({ "title": title })).await["title"], title);
    }
}

async fn invalid_task_is_rejected_with_422(app: &App) {
    let t = app.tenant().await;
    let (_, path) = whole(app, &t).await;
    let wrong = [
        (json!({ "title": "ab" }), "/title"),
        (json!({ "title": "a\u{200b}\u{200b}" }), "/title"),
        (json!({ "title": "   ab   " }), "/title"),
        (json!({ "title": "a".repeat(201) }), "/title"),
        (json!({ "title": "two\nlines" }), "/title"),
        (json!({ "title": "nul\u{0}" }), "/title"),
        (json!({ "title": null }), "/title"),
        (json!({ "title": 1 }), "/title"),
        (json!({ "description": "a\u{7}b" }), "/description"),
        (json!({ "description": "a".repeat(20_001) }), "/description"),
        (json!({ "status": "open" }), "/status"),
        (json!({ "status": null }), "/status"),
        (json!({ "priority": "urgentest" }), "/priority"),
        (json!({ "project_id": "website" }), "/project_id"),
        (json!({ "due_at": "tomorrow" }), "/due_at"),
        (json!({ "start_at": "2027-01-02T00:00:00Z", "due_at": "2027-01-01T00:00:00Z" }), "/due_at"),
        (json!({ "start_at": "2027-02-02T00:00:00Z" }), "/due_at"),
        (json!({ "estimate_minutes": -1 }), "/estimate_minutes"),
        (json!({ "estimate_minutes": 1_000_001 }), "/estimate_minutes"),
        (json!({ "estimate_minutes": 1.5 }), "/estimate_minutes"),
        (json!({ "owner_id": t.other.id }), "/owner_id"),
        (json!({ "tenant_id": t.id }), "/tenant_id"),
        (json!({ "id": t.id }), "/id"),
        (json!({ "version": 7 }), "/version"),
        (json!({ "created_at": "2027-01-01T00:00:00Z" }), "/created_at"),
        (json!({ "completed_at": "2027-01-01T00:00:00Z" }), "/completed_at"),
        (json!({ "titel": "Typo" }), "/titel"),
        (json!([]), ""),
        (json!(null), ""),
        (json!("title"), ""),
    ];
    for (body, pointer) in wrong {
        let refused = app.patch(&path).by(&t.member).json(&body).send().await.expect(422);
        assert_eq!((refused.code(), refused.pointer()), ("invalid", pointer), "{body}");
    }
    assert_eq!(app.get(&path).by(&t.member).gives(200).await["version"], 1);
    // Limits count characters, not bytes.
    for title in ["äöü".to_owned(), "😀".repeat(200)] {
        let changed = app.patch(&path).by(&t.member).json(&json!({ "title": title })).gives(200).await;
        assert_eq!(changed["title"], json!(title));
    }
    for caller in [&t.member, &t.admin] {
        let missing = app.get("/tasks/export").by(caller).send().await.expect(404);
        assert_eq!(missing.body["detail"], "There is no such path. An id in a path is a UUID with hyphens.");
    }
}

async fn reference_to_an_invisible_row_is_rejected_with_422(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let theirs = app.post("/projects").by(&u.manager).json(&json!({ "name": "Theirs" })).gives(201).await;
    let (_, path) = whole(app, &t).await;
    let absent = app.clock.now().token_id();
    let mut answers = Vec::new();
    for (field, foreign) in [("project_id", theirs["id"].clone()), ("assignee_id", json!(u.member.id))] {
        for id in [foreign, json!(absent)] {
            let new = json!({ "title": "Write it", field: id });
            let mut refused = app.post("/tasks").by(&t.member).json(&new).send().await.expect(422);
            assert_eq!(refused.pointer(), format!("/{field}"));
            refused.body["instance"] = Value::Null;
            answers.push(refused.body);
            let _ = app.patch(&path).by(&t.member).json(&json!({ field: id })).gives(422).await;
            let _ = app.put(&path).by(&t.member).json(&new).gives(422).await;
        }
    }
    // A row of another tenant gets the same response as an absent one.
    assert_eq!((&answers[0], &answers[2]), (&answers[1], &answers[3]));
}

async fn error_response_is_limited_in_size(app: &App) {
    let t = app.tenant().await;
    // Each of these strings is invalid, at a path that the client chose.
    let body = json!({ "x".repeat(5_000): vec!["\u{7f}"; 5_000], "title": "Bounded" });
    let answer = app.post("/tasks").by(&t.member).json(&body).send().await.expect(422);
    assert_eq!(answer.body["errors"].as_array().unwrap().len(), 20);
    assert!(answer.text.len() < 20_000, "{} octets", answer.text.len());
    let unknown = json!({ "y".repeat(5_000): 1, "title": "Bounded" });
    let answer = app.post("/tasks").by(&t.member).json(&unknown).send().await.expect(422);
    assert_eq!(answer.body["errors"][0]["code"], "unknown_field");
    assert!(answer.text.len() < 2_000, "{} octets", answer.text.len());
}
