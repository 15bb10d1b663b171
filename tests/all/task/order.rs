//! Scenario tests of the manual order of tasks.

use serde_json::{Value, json};
use taskhub_tests::{App, User, every_database};

use super::{make, path, project};

every_database!(
    tasks_are_moved_before_and_after_others,
    move_can_change_the_project,
    task_that_changes_its_project_comes_last,
    concurrent_moves_all_succeed,
    ranks_are_redistributed_when_they_run_out,
);

async fn titles(app: &App, by: &User, project: &Value) -> Vec<String> {
    let list = format!("/tasks?sort=rank&project={}", project.as_str().unwrap());
    let listed = app.get(&list).by(by).gives(200).await;
    listed["results"].as_array().unwrap().iter().map(|it| it["title"].as_str().unwrap().to_owned()).collect()
}

async fn move_to(app: &App, by: &User, task: &Value, body: Value, status: u16) -> Value {
    app.post(&format!("{}/move", path(task))).by(by).json(&body).gives(status).await
}

async fn tasks_are_moved_before_and_after_others(app: &App) {
    let t = app.tenant().await;
    let project = project(app, &t.manager).await;
    let mut tasks = Vec::new();
    for title in ["First", "Second", "Third"] {
        tasks.push(make(app, &t.manager, json!({ "title": title, "project_id": project })).await);
    }
    assert_eq!(titles(app, &t.manager, &project).await, ["First", "Second", "Third"]);
    move_to(app, &t.manager, &tasks[2], json!({ "side": "before", "beside_id": tasks[0]["id"] }), 200).await;
    assert_eq!(titles(app, &t.manager, &project).await, ["Third", "First", "Second"]);
    move_to(app, &t.manager, &tasks[0], json!({ "beside_id": tasks[1]["id"] }), 200).await;
    assert_eq!(titles(app, &t.manager, &project).await, ["Third", "Second", "First"]);
    move_to(app, &t.manager, &tasks[0], json!({ "side": "before", "beside_id": tasks[1]["id"] }), 200).await;
    assert_eq!(titles(app, &t.manager, &project).await, ["Third", "First", "Second"]);
    move_to(app, &t.manager, &tasks[2], json!({ "beside_id": tasks[1]["id"] }), 200).await;
    assert_eq!(titles(app, &t.manager, &project).await, ["First", "Second", "Third"]);
    // New tasks come last.
    make(app, &t.manager, json!({ "title": "Fourth", "project_id": project })).await;
    assert_eq!(titles(app, &t.manager, &project).await, ["First", "Second", "Third", "Fourth"]);
    move_to(app, &t.manager, &tasks[2], json!({ "project_id": project }), 200).await;
    assert_eq!(titles(app, &t.manager, &project).await, ["First", "Second", "Fourth", "Third"]);
    for (body, pointer) in [
        (json!({}), ""),
        (json!({ "beside_id": tasks[0]["id"] }), "/beside_id"),
        (json!({ "beside_id": t.admin.id }), "/beside_id"),
        (json!({ "beside_id": tasks[1]["id"], "side": "above" }), "/side"),
    ] {
        let wrong = move_to(app, &t.manager, &tasks[0], body, 422).await;
        assert_eq!(wrong["errors"][0]["pointer"], pointer);
    }
}

async fn move_can_change_the_project(app: &App) {
    let t = app.tenant().await;
    let (here, there) = (project(app, &t.manager).await, project(app, &t.manager).await);
    let task = make(app, &t.member, json!({ "title": "Moved", "project_id": here })).await;
    let other = make(app, &t.manager, json!({ "title": "Other", "project_id": there })).await;
    let moved =
        move_to(app, &t.member, &task, json!({ "side": "before", "beside_id": other["id"] }), 200).await;
    assert_eq!(moved["project_id"], there);
    assert_eq!(titles(app, &t.member, &there).await, ["Moved", "Other"]);
    let wrong =
        move_to(app, &t.member, &task, json!({ "beside_id": other["id"], "project_id": here }), 422).await;
    assert_eq!(wrong["errors"][0]["pointer"], "/project_id");
    // A user who only sees the task cannot move it.
    move_to(app, &t.other, &task, json!({ "project_id": here }), 403).await;
}

async fn concurrent_moves_all_succeed(app: &App) {
    let t = app.tenant().await;
    let project = project(app, &t.manager).await;
    let first = make(app, &t.manager, json!({ "title": "First", "project_id": project })).await;
    let mut tasks = Vec::new();
    for number in 0..6 {
        let title = format!("Task {number}");
        tasks.push(make(app, &t.manager, json!({ "title": title, "project_id": project })).await);
    }
    let body = json!({ "beside_id": first["id"] });
    let moves = tasks.iter().map(|task| move_to(app, &t.manager, task, body.clone(), 200));
    let placed = futures::future::join_all(moves).await;
    let mut ranks: Vec<_> = placed.iter().map(|task| task["rank"].as_str().unwrap()).collect();
    ranks.sort_unstable();
    assert!(ranks.windows(2).all(|pair| pair[0] != pair[1]), "{ranks:?}");
    assert_eq!(titles(app, &t.manager, &project).await[0], "First");
}

async fn task_that_changes_its_project_comes_last(app: &App) {
    let t = app.tenant().await;
    let (here, there) = (project(app, &t.manager).await, project(app, &t.manager).await);
    let whole = make(app, &t.manager, json!({ "title": "Whole", "project_id": here })).await;
    make(app, &t.manager, json!({ "title": "Part", "parent_id": whole["id"] })).await;
    make(app, &t.manager, json!({ "title": "Younger", "project_id": there })).await;
    let _ = app.patch(&path(&whole)).by(&t.manager).json(&json!({ "project_id": there })).gives(200).await;
    assert_eq!(titles(app, &t.manager, &there).await, ["Younger", "Whole", "Part"]);
}

/// Moves two tasks behind a third in turns, until the ranks must be redistributed.
async fn ranks_are_redistributed_when_they_run_out(app: &App) {
    let t = app.tenant().await;
    let project = project(app, &t.manager).await;
    let mut tasks = Vec::new();
    for title in ["First", "Second", "Third", "Fourth"] {
        tasks.push(make(app, &t.manager, json!({ "title": title, "project_id": project })).await);
    }
    let body = json!({ "beside_id": tasks[0]["id"] });
    for number in 0..1010 {
        move_to(app, &t.manager, &tasks[1 + number % 2], body.clone(), 200).await;
    }
    assert_eq!(titles(app, &t.manager, &project).await, ["First", "Third", "Second", "Fourth"]);
    // The neighbours are rewritten with version and history.
    let fourth = app.get(&path(&tasks[3])).by(&t.manager).gives(200).await;
    assert!(fourth["version"].as_i64() > Some(1), "{fourth}");
    let history = app.get(&format!("{}/history", path(&tasks[3]))).by(&t.manager).gives(200).await;
    assert_eq!(history["results"][0]["action"], "move");
}
