//! A rule across rows writes the row that guards it.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use crate::sql;

every_database!(rule_across_rows_writes_its_guard_row);

/// In a Galera cluster a row lock is only valid on its own node. So a transaction also writes the
/// row that it depends on, and two nodes collide there.
async fn rule_across_rows_writes_its_guard_row(app: &App) {
    let t = app.tenant().await;
    let tenant = format!("tenant WHERE slug = '{}'", t.slug);
    let name = format!("Plans of {}", t.slug);
    let project = format!("project WHERE name = '{name}'");
    let post =
        async |path: &str, body: Value, status| app.post(path).by(&t.admin).json(&body).gives(status).await;
    let id = post("/projects", json!({ "name": name }), 201).await["id"].clone();
    let mut tasks = Vec::new();
    for title in ["One", "Other"] {
        let task = post("/tasks", json!({ "title": title, "project_id": id }), 201).await;
        tasks.push(task["id"].as_str().unwrap().to_owned());
    }
    let [one, other] = [0, 1].map(|number: usize| format!("/tasks/{}", tasks[number]));
    let member = format!("/users/{}", t.member.id);
    let written = async |row: &str| sql::number(app, &format!("SELECT guard FROM {row}")).await.unwrap();
    let calls = [
        (&tenant, "PATCH", member, json!({ "is_active": false }), 200),
        (&tenant, "POST", format!("{one}/dependencies"), json!({ "blocker_id": tasks[1] }), 201),
        (&tenant, "PATCH", other.clone(), json!({ "parent_id": tasks[0] }), 200),
        (&project, "POST", format!("{other}/move"), json!({ "side": "before", "beside_id": tasks[0] }), 200),
    ];
    for (row, method, path, body, status) in calls {
        let before = written(row).await;
        let _ = app.call(method, &path).by(&t.admin).json(&body).gives(status).await;
        assert!(written(row).await > before, "{method} {path} does not write {row}");
    }
}
