//! Permissions for projects, their status, and their statistics.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

every_database!(
    members_read_projects_but_cannot_create_them,
    project_status_is_changed_by_its_own_operation,
    project_statistics_are_exact,
);

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
