//! Creating, changing and deleting projects, and invalid ones.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

every_database!(
    project_is_created_changed_and_deleted,
    project_in_use_cannot_be_deleted,
    invalid_project_is_rejected_with_422,
);

async fn project_is_created_changed_and_deleted(app: &App) {
    let t = app.tenant().await;
    let new = json!({
        "name": " Website ", "description": "All of it.", "scope": "All pages\nbut the shop.", "objectives": "More visitors.",
        "priority": "high", "due_at": "2027-01-01T00:00:00Z",
    });
    let made = app.post("/projects").by(&t.manager).json(&new).send().await.expect(201);
    let path = made.header("location").to_owned();
    assert_eq!((&made.body["name"], &made.body["status"]), (&json!("Website"), &json!("planned")));
    assert_eq!(made.body["manager_id"], json!(t.manager.id));
    assert_eq!(
        (&made.body["scope"], &made.body["objectives"]),
        (&json!("All pages\nbut the shop."), &json!("More visitors."))
    );
    assert_eq!(app.get(&path).by(&t.member).gives(200).await, made.body);
    let changed =
        app.patch(&path).by(&t.manager).json(&json!({ "manager_id": t.member.id })).gives(200).await;
    assert_eq!(
        (&changed["manager_id"], &changed["description"]),
        (&json!(t.member.id), &json!("All of it."))
    );
    // A member who manages the project can change it and the rows in it.
    let _ = app.patch(&path).by(&t.member).json(&json!({ "name": "Web site" })).gives(200).await;
    let body = json!({ "title": "By another", "project_id": made.body["id"] });
    let task = app.post("/tasks").by(&t.other).json(&body).send().await.expect(201);
    let _ =
        app.patch(task.header("location")).by(&t.member).json(&json!({ "priority": "low" })).gives(200).await;
    let _ = app.delete(task.header("location")).by(&t.member).gives(204).await;
    let replaced = app.put(&path).by(&t.member).json(&json!({ "name": "Anew" })).gives(200).await;
    for name in ["description", "scope", "objectives", "due_at", "manager_id"] {
        assert_eq!(replaced[name], Value::Null, "{name}");
    }
    let _ = app.patch(&path).by(&t.member).json(&json!({ "name": "Not mine" })).gives(403).await;
    let _ = app.delete(&format!("{path}?purge=true")).by(&t.admin).gives(204).await;
    let _ = app.get(&path).by(&t.admin).gives(404).await;
    let audit = format!("/audit?sort=at&row={}", made.body["id"].as_str().unwrap());
    let audit = app.get(&audit).by(&t.admin).gives(200).await;
    let actions: Vec<_> =
        audit["results"].as_array().unwrap().iter().map(|line| line["action"].clone()).collect();
    assert_eq!(actions, ["create", "update", "update", "update", "delete"]);
    assert_eq!(audit["results"][4]["old_values"]["name"], "Anew");
    assert_eq!(audit["results"][4]["new_values"], Value::Null);
}

async fn project_in_use_cannot_be_deleted(app: &App) {
    let t = app.tenant().await;
    let made =
        app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).send().await.expect(201);
    let path = made.header("location");
    for place in ["/tasks", "/documents"] {
        let body = json!({ "title": "In it", "project_id": made.body["id"] });
        let inside = app.post(place).by(&t.member).json(&body).send().await.expect(201);
        assert_eq!(app.delete(path).by(&t.manager).send().await.expect(409).code(), "in_use");
        let _ = app.get(path).by(&t.member).gives(200).await;
        let _ = app.delete(inside.header("location")).by(&t.member).gives(204).await;
    }
    // The task can still be restored.
    assert_eq!(app.delete(path).by(&t.manager).send().await.expect(409).code(), "in_use");
    let _ = app.delete(&format!("{path}?purge=true")).by(&t.manager).gives(204).await;
}

async fn invalid_project_is_rejected_with_422(app: &App) {
    let t = app.tenant().await;
    let wrong = [
        (json!({}), "/name"),
        (json!({ "name": " " }), "/name"),
        (json!({ "name": "a".repeat(201) }), "/name"),
        (json!({ "name": "Ok", "manager_id": t.id }), "/manager_id"),
        (json!({ "name": "Ok", "scope": "a".repeat(20_001) }), "/scope"),
        (json!({ "name": "Ok", "objectives": "a".repeat(20_001) }), "/objectives"),
        (json!({ "name": "Ok", "status": "open" }), "/status"),
        (
            json!({ "name": "Ok", "start_at": "2027-01-02T00:00:00Z", "due_at": "2027-01-01T00:00:00Z" }),
            "/due_at",
        ),
        (json!({ "name": "Ok", "tenant_id": t.id }), "/tenant_id"),
        (json!({ "name": "Ok", "version": 1 }), "/version"),
    ];
    for (body, pointer) in wrong {
        let refused = app.post("/projects").by(&t.manager).json(&body).send().await.expect(422);
        assert_eq!(refused.pointer(), pointer, "{body}");
    }
    assert_eq!(app.get("/projects").by(&t.manager).gives(200).await["count"], 0);
}
