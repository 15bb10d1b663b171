//! Scenario tests of projects.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

every_database!(
    project_is_created_changed_and_deleted,
    members_read_projects_but_cannot_create_them,
    project_status_is_changed_by_its_own_operation,
    project_in_use_cannot_be_deleted,
    project_statistics_are_exact,
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

async fn members_read_projects_but_cannot_create_them(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "name": "Website" });
    assert_eq!(app.post("/projects").by(&t.member).json(&body).send().await.expect(403).code(), "forbidden");
    // 403 comes before 422.
    let _ = app.post("/projects").by(&t.member).json(&json!({ "nonsense": 1 })).gives(403).await;
    let made = app.post("/projects").by(&t.admin).json(&body).send().await.expect(201);
    let path = made.header("location");
    assert_eq!(app.get("/projects").by(&t.member).gives(200).await["results"], json!([made.body]));
    for call in [app.patch(path), app.put(path)] {
        let _ = call.by(&t.member).json(&body).gives(403).await;
    }
    let _ = app.delete(path).by(&t.member).gives(403).await;
    let _ = app
        .patch(&format!("{path}/status"))
        .by(&t.member)
        .json(&json!({ "status": "active" }))
        .gives(403)
        .await;
    // Users with the role manager manage every project without a team.
    let _ = app.patch(path).by(&t.manager).json(&json!({ "name": "Ours" })).gives(200).await;
    let u = app.tenant().await;
    let _ = app.get(path).by(&u.admin).gives(404).await;
    let _ = app.delete(path).by(&u.admin).gives(404).await;
    assert_eq!(app.get("/projects").by(&u.admin).gives(200).await["count"], 0);
}

async fn project_status_is_changed_by_its_own_operation(app: &App) {
    let t = app.tenant().await;
    let made =
        app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).send().await.expect(201);
    let path = format!("{}/status", made.header("location"));
    for (version, status) in
        [(2, "active"), (3, "on_hold"), (4, "completed"), (5, "archived"), (6, "planned")]
    {
        let changed = app.patch(&path).by(&t.manager).json(&json!({ "status": status })).gives(200).await;
        assert_eq!((&changed["status"], &changed["version"]), (&json!(status), &json!(version)));
    }
    for (body, pointer) in [
        (json!({ "status": "done" }), "/status"),
        (json!({ "status": null }), "/status"),
        (json!({ "status": "active", "name": "Other" }), "/name"),
    ] {
        let refused = app.patch(&path).by(&t.manager).json(&body).send().await.expect(422);
        assert_eq!(refused.pointer(), pointer);
    }
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

async fn project_statistics_are_exact(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let nothing = app.get("/projects/statistics").by(&t.member).gives(200).await;
    assert_eq!((&nothing["projects"], &nothing["completion_rate"]), (&json!(0), &Value::Null));
    let project = async |user, name: &str| {
        let made = app.post("/projects").by(user).json(&json!({ "name": name })).gives(201).await;
        made["id"].as_str().unwrap().to_owned()
    };
    let (one, two) = (project(&t.manager, "One").await, project(&t.manager, "Two").await);
    let theirs = project(&u.manager, "Theirs").await;
    let past = "2020-01-01T00:00:00Z";
    let tasks = [
        (&t.member, json!({ "project_id": one, "status": "done", "priority": "low", "due_at": past })),
        (&t.member, json!({ "project_id": one, "status": "todo", "priority": "high", "due_at": past })),
        (&t.member, json!({ "project_id": one, "status": "cancelled", "due_at": past })),
        (&t.member, json!({ "project_id": one, "status": "in_progress", "due_at": "2999-01-01T00:00:00Z" })),
        (&t.member, json!({ "project_id": two, "status": "done", "priority": "urgent" })),
        (&t.member, json!({ "due_at": past })),
        (&u.member, json!({ "project_id": theirs, "due_at": past })),
    ];
    for (user, mut body) in tasks {
        body["title"] = json!("Counted");
        let _ = app.post("/tasks").by(user).json(&body).gives(201).await;
    }
    let of_one = app.get(&format!("/projects/{one}/statistics")).by(&t.member).gives(200).await;
    let expected = json!({
        "progress": 1.0 / 3.0, "median_completion_seconds": 0.0, "estimated_minutes": 0, "spent_minutes": 0,
        "projects": 1, "tasks": 4, "by_status": { "todo": 1, "in_progress": 1, "done": 1, "cancelled": 1 },
        "by_priority": { "low": 1, "medium": 2, "high": 1, "urgent": 0 }, "overdue": 1, "completion_rate": 1.0 / 3.0,
    });
    assert_eq!(of_one, expected);
    let of_all = app.get("/projects/statistics").by(&t.other).gives(200).await;
    let expected = json!({
        "progress": 0.5, "median_completion_seconds": 0.0, "estimated_minutes": 0, "spent_minutes": 0,
        "projects": 2, "tasks": 5, "by_status": { "todo": 1, "in_progress": 1, "done": 2, "cancelled": 1 },
        "by_priority": { "low": 1, "medium": 2, "high": 1, "urgent": 1 }, "overdue": 1, "completion_rate": 0.5,
    });
    assert_eq!(of_all, expected);
    let _ = app.get(&format!("/projects/{theirs}/statistics")).by(&t.admin).gives(404).await;
    let _ = app.get(&format!("/projects/{theirs}/tasks")).by(&t.admin).gives(404).await;
    let tasks = app.get(&format!("/projects/{two}/tasks?status=done")).by(&t.other).gives(200).await;
    assert_eq!((&tasks["count"], &tasks["results"][0]["project_id"]), (&json!(1), &json!(two)));
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
