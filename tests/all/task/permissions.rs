//! Permissions for tasks, and personal tasks.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::whole;

every_database!(personal_task_is_invisible_to_other_members, task_permissions_depend_on_the_relation);

async fn personal_task_is_invisible_to_other_members(app: &App) {
    let t = app.tenant().await;
    let made = app.post("/tasks").by(&t.member).json(&json!({ "title": "My own" })).send().await.expect(201);
    let path = made.header("location").to_owned();
    let sees = async |user| {
        let listed = app.get("/tasks").by(user).gives(200).await["count"] == 1;
        assert_eq!(app.get(&path).by(user).send().await.status == 200, listed);
        listed
    };
    assert!(sees(&t.member).await && sees(&t.manager).await && sees(&t.admin).await);
    assert!(!sees(&t.other).await);
    // Every operation answers 404 for an invisible task.
    for (method, path) in [
        ("GET", path.clone()),
        ("PATCH", path.clone()),
        ("DELETE", path.clone()),
        ("POST", format!("{path}/complete")),
    ] {
        let call = app.call(method, &path).by(&t.other);
        let call = if method == "PATCH" { call.json(&json!({ "title": "Mine" })) } else { call };
        let _ = call.gives(404).await;
    }
    // A manager and the assignee can change the task; the assignee cannot delete it.
    let _ = app.patch(&path).by(&t.manager).json(&json!({ "title": "Managed" })).gives(200).await;
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "assignee_id": t.other.id })).gives(200).await;
    assert!(sees(&t.other).await);
    let _ = app.patch(&path).by(&t.other).json(&json!({ "status": "in_progress" })).gives(200).await;
    let _ = app.delete(&path).by(&t.other).gives(403).await;
    let _ = app.delete(&path).by(&t.manager).gives(204).await;
}

async fn task_permissions_depend_on_the_relation(app: &App) {
    let t = app.tenant().await;
    let (_, path) = whole(app, &t).await;
    let stranger = json!({ "email": format!("third@{}.example", t.slug), "username": "third", "password": taskhub_tests::PASSWORD });
    let _ = app.post("/users").by(&t.admin).json(&stranger).gives(201).await;
    let signed = json!({ "username": "third", "tenant": t.slug, "password": taskhub_tests::PASSWORD });
    let third =
        app.post("/auth/token").json(&signed).gives(200).await["access_token"].as_str().unwrap().to_owned();
    // All users see a task in an open project. Its owner, its assignee and the managers of the
    // project can change it.
    let _ = app.get(&path).token(&third).gives(200).await;
    let body = json!({ "priority": "low" });
    let _ = app.patch(&path).token(&third).json(&body).gives(403).await;
    let _ = app.post(&format!("{path}/complete")).token(&third).gives(403).await;
    // 403 comes before 422.
    let _ = app.patch(&path).token(&third).json(&json!({ "nonsense": 1 })).gives(403).await;
    for (user, priority) in
        [(&t.member, "low"), (&t.other, "medium"), (&t.manager, "high"), (&t.admin, "urgent")]
    {
        let changed = app.patch(&path).by(user).json(&json!({ "priority": priority })).gives(200).await;
        assert_eq!(changed["priority"], priority);
    }
    let _ = app.delete(&path).token(&third).gives(403).await;
    let _ = app.delete(&path).by(&t.other).gives(403).await;
    let _ = app.delete(&path).by(&t.manager).gives(204).await;
    let _ = app.delete(&path).by(&t.manager).gives(404).await;
}
