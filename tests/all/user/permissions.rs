//! Scenario tests of permissions asked in advance: they agree with what the operations do.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

every_database!(
    reported_permissions_match_the_operations,
    permissions_of_an_invisible_row_get_404,
    permissions_on_the_children_of_a_deleted_task_get_404,
);

fn ruling<'a>(permissions: &'a Value, action: &str) -> &'a Value {
    permissions["actions"].as_array().unwrap().iter().find(|it| it["action"] == action).unwrap()
}

async fn reported_permissions_match_the_operations(app: &App) {
    let t = app.tenant().await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let body = json!({ "title": "Write", "project_id": project["id"], "assignee_id": t.other.id });
    let task = app.post("/tasks").by(&t.member).json(&body).gives(201).await;
    let (id, path) = (task["id"].as_str().unwrap(), format!("/tasks/{}", task["id"].as_str().unwrap()));
    let asked = format!("/auth/permissions?noun=task&id={id}");
    let cases = [
        (&t.admin, json!("admin"), json!("admin")),
        (&t.manager, json!("manages_project"), json!("manages_project")),
        (&t.member, json!("owner"), json!("owner")),
        (&t.other, json!("assignee"), Value::Null),
    ];
    for (user, update, delete) in cases {
        let told = app.get(&asked).by(user).gives(200).await;
        assert_eq!((&told["noun"], &told["id"]), (&json!("task"), &task["id"]));
        for (action, rule) in [("update", &update), ("delete", &delete)] {
            let ruling = ruling(&told, action);
            assert_eq!((&ruling["rule"], &ruling["allowed"]), (rule, &json!(!rule.is_null())), "{action}");
        }
        let changed = app.patch(&path).by(user).json(&json!({ "title": "Written" })).send().await.status;
        assert_eq!(changed == 200, ruling(&told, "update")["allowed"] == true);
    }
    let told = app.get(&asked).by(&t.other).gives(200).await;
    let delete = json!({ "action": "delete", "allowed": false, "rule": null, "grounds": ["admin", "manages_project", "owner", "manager and personal"], "missing_scope": null });
    assert_eq!(*ruling(&told, "delete"), delete);
    let _ = app.delete(&path).by(&t.other).gives(403).await;
    // Scopes count, too.
    let service = t.service(app, &["tasks:read"]);
    let told = app.get(&asked).token(&service).gives(200).await;
    let update = ruling(&told, "update");
    assert_eq!(
        (&update["rule"], &update["missing_scope"], &update["allowed"]),
        (&json!("admin"), &json!("tasks:write"), &json!(false))
    );
    // Without an id: the permissions for the collection.
    let whole =
        async |user, noun: &str| app.get(&format!("/auth/permissions?noun={noun}")).by(user).gives(200).await;
    let projects = whole(&t.member, "project").await;
    assert_eq!(projects["id"], Value::Null);
    assert_eq!(
        (&ruling(&projects, "read")["allowed"], &ruling(&projects, "create")["allowed"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(ruling(&projects, "create")["grounds"], json!(["admin", "manager"]));
    assert_eq!(ruling(&whole(&t.manager, "project").await, "create")["rule"], "manager");
    assert_eq!(ruling(&whole(&t.member, "audit").await, "read")["allowed"], false);
    let oneself =
        app.get(&format!("/auth/permissions?noun=user&id={}", t.member.id)).by(&t.member).gives(200).await;
    assert_eq!(ruling(&oneself, "update_profile")["rule"], "oneself");
    assert_eq!(ruling(&oneself, "update")["allowed"], false);
}

async fn permissions_of_an_invisible_row_get_404(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let task = app.post("/tasks").by(&t.member).json(&json!({ "title": "Personal" })).gives(201).await;
    let asked = format!("/auth/permissions?noun=task&id={}", task["id"].as_str().unwrap());
    for user in [&t.other, &u.admin] {
        assert_eq!(app.get(&asked).by(user).send().await.expect(404).code(), "not_found");
    }
    assert_eq!(app.get(&asked).by(&t.manager).gives(200).await["actions"][0]["rule"], "manager and personal");
    assert_eq!(
        app.get(&asked.replace("noun=task", "noun=project")).by(&t.admin).send().await.expect(404).code(),
        "not_found"
    );
    let narrow = t.service(app, &["tasks:write"]);
    assert_eq!(app.get(&asked).token(&narrow).send().await.expect(403).code(), "insufficient_scope");
    assert_eq!(
        app.get("/auth/permissions?noun=secrets").by(&t.admin).send().await.expect(400).pointer(),
        "noun"
    );
    assert_eq!(app.get("/auth/permissions").by(&t.admin).send().await.expect(400).pointer(), "noun");
}

async fn permissions_on_the_children_of_a_deleted_task_get_404(app: &App) {
    let t = app.tenant().await;
    let task = app.post("/tasks").by(&t.member).json(&json!({ "title": "Write" })).gives(201).await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let mut asked = Vec::new();
    let children = [("comment", &t.member, json!({ "body": "Sedge" })), ("watcher", &t.manager, json!({}))];
    for (noun, user, body) in children {
        let child = app.post(&format!("{path}/{noun}s")).by(user).json(&body).gives(201).await;
        asked.push(format!("/auth/permissions?noun={noun}&id={}", child["id"].as_str().unwrap()));
    }
    let service = t.service(app, &["tasks:read", "comments:read"]);
    for status in [200, 404, 200] {
        for asked in &asked {
            let _ = app.get(asked).by(&t.admin).gives(status).await;
            let _ = app.get(asked).token(&service).gives(status).await;
        }
        let _ = match status {
            200 => app.delete(&path).by(&t.member).send().await,
            _ => app.post(&format!("{path}/restore")).by(&t.member).send().await,
        };
    }
}
