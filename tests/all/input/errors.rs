//! All wrong fields are reported at once, by their pointers.

use serde_json::json;
use taskhub_tests::{App, every_database};

every_database!(
    all_wrong_fields_are_reported_at_once,
    wrong_references_are_reported_with_the_other_fields,
    error_pointer_is_escaped,
);

async fn error_pointer_is_escaped(app: &App) {
    let t = app.tenant().await;
    for (name, pointer) in [("a/b~", "/a~1b~0"), ("~1", "/~01"), ("", "/"), ("a.b[0]", "/a.b[0]")] {
        let body = json!({ "title": "Write", name: 1 });
        let wrong = app.post("/tasks").by(&t.member).json(&body).send().await.expect(422);
        assert_eq!((wrong.pointer(), &wrong.body["errors"][0]["code"]), (pointer, &json!("unknown_field")));
    }
}

async fn all_wrong_fields_are_reported_at_once(app: &App) {
    let t = app.tenant().await;
    let body = json!({
        "title": "x", "due_at": "soon", "priority": "soon", "assignee_id": "nobody", "label_ids": {}, "estimate_minutes": "5", "colour": 1,
    });
    let told = app.post("/tasks").by(&t.member).json(&body).send().await.expect(422);
    let mut errors: Vec<_> = told.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            let text = |name: &str| error[name].as_str().unwrap().to_owned();
            (text("pointer"), text("code"), text("message"))
        })
        .collect();
    errors.sort();
    let expected = [
        ("/assignee_id", "invalid_type", "Must be an id, like 0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5e."),
        ("/colour", "unknown_field", "There is no such field, or it can't be written."),
        ("/due_at", "invalid_type", "Must be a timestamp (RFC 3339), like 2026-01-31T12:00:00Z."),
        ("/estimate_minutes", "invalid_type", "Must be a whole number within the documented range."),
        ("/label_ids", "invalid_type", "Must be a list."),
        ("/priority", "invalid_type", "Must be one of: low, medium, high, urgent."),
        (
            "/title",
            "invalid_value",
            "Must be at least 3 characters, or contain a Han, kana or Hangul character.",
        ),
    ];
    let expected =
        expected.map(|(pointer, code, message)| (pointer.to_owned(), code.to_owned(), message.to_owned()));
    assert_eq!(errors, expected);
}

async fn wrong_references_are_reported_with_the_other_fields(app: &App) {
    let t = app.tenant().await;
    let nobody = "0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5e";
    let pointers = |told: &taskhub_tests::Answer| {
        let errors = told.body["errors"].as_array().unwrap().iter();
        let mut pointers: Vec<_> = errors.map(|it| it["pointer"].as_str().unwrap().to_owned()).collect();
        pointers.sort();
        pointers
    };
    let body = json!({ "title": "x", "project_id": nobody, "assignee_id": nobody, "due_at": "soon" });
    let told = app.post("/tasks").by(&t.member).json(&body).send().await.expect(422);
    assert_eq!(pointers(&told), ["/assignee_id", "/due_at", "/project_id", "/title"]);
    let labels = [nobody, "0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5f"];
    let body = json!({ "title": "Write", "project_id": nobody, "assignee_id": nobody, "label_ids": labels });
    let told = app.post("/tasks").by(&t.member).json(&body).send().await.expect(422);
    assert_eq!(pointers(&told), ["/assignee_id", "/label_ids/0", "/label_ids/1", "/project_id"]);
    let task = app.post("/tasks").by(&t.member).json(&json!({ "title": "Write" })).gives(201).await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let change = json!({ "title": "x", "assignee_id": nobody });
    let told = app.patch(&path).by(&t.member).json(&change).send().await.expect(422);
    assert_eq!(pointers(&told), ["/assignee_id", "/title"]);
}
