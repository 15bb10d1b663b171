//! Scenario tests of dependencies: tasks that are blocked by others.

use serde_json::{Value, json};
use taskhub_tests::{App, User, every_database};

use super::{make, path, project};

every_database!(
    blocked_task_cannot_be_completed,
    only_managers_force_the_completion_of_a_blocked_task,
    dependency_cycle_is_rejected_with_409,
    cycle_through_thousands_of_dependencies_is_rejected_with_409,
    one_of_two_concurrent_dependencies_that_form_a_cycle_fails,
    dependency_is_visible_only_with_its_blocker,
    blocked_assignee_cannot_evade_the_dependency,
);

async fn wait(app: &App, by: &User, task: &Value, blocker: &Value, status: u16) -> Value {
    let body = json!({ "blocker_id": blocker["id"] });
    app.post(&format!("{}/dependencies", path(task))).by(by).json(&body).gives(status).await
}

async fn blocked_task_cannot_be_completed(app: &App) {
    let t = app.tenant().await;
    let task = make(app, &t.member, json!({ "title": "Paint it" })).await;
    let blocker = make(app, &t.member, json!({ "title": "Build it" })).await;
    let made = wait(app, &t.member, &task, &blocker, 201).await;
    let twice = wait(app, &t.member, &task, &blocker, 409).await;
    assert_eq!(twice["errors"][0]["pointer"], "/blocker_id");
    let dependency = format!("{}/dependencies/{}", path(&task), made["id"].as_str().unwrap());
    assert_eq!(app.get(&dependency).by(&t.member).gives(200).await, made);
    let complete = format!("{}/complete", path(&task));
    assert_eq!(app.post(&complete).by(&t.member).send().await.expect(409).code(), "conflict");
    let done = json!({ "status": "done" });
    let _ = app.patch(&path(&task)).by(&t.member).json(&done).gives(409).await;
    assert_eq!(app.get(&path(&task)).by(&t.member).gives(200).await, task);
    // A deleted, completed or cancelled task does not block.
    let _ = app.delete(&path(&blocker)).by(&t.member).gives(204).await;
    let _ = app.post(&complete).by(&t.member).gives(200).await;
    let _ = app.post(&format!("{}/reopen", path(&task))).by(&t.member).gives(200).await;
    let _ = app.post(&format!("{}/restore", path(&blocker))).by(&t.member).gives(200).await;
    let _ = app.post(&complete).by(&t.member).gives(409).await;
    let _ = app.post(&format!("{}/complete", path(&blocker))).by(&t.member).gives(200).await;
    assert_eq!(app.post(&complete).by(&t.member).gives(200).await["status"], "done");
    let _ = app.delete(&dependency).by(&t.member).gives(204).await;
    let _ = app.get(&dependency).by(&t.member).gives(404).await;
}

async fn only_managers_force_the_completion_of_a_blocked_task(app: &App) {
    let t = app.tenant().await;
    let project = project(app, &t.manager).await;
    let task = make(app, &t.member, json!({ "title": "Paint it", "project_id": project })).await;
    let blocker = make(app, &t.other, json!({ "title": "Build it", "project_id": project })).await;
    wait(app, &t.member, &task, &blocker, 201).await;
    let force = format!("{}/complete?force=true", path(&task));
    let _ = app.post(&force).by(&t.member).gives(403).await;
    assert_eq!(app.post(&force).by(&t.manager).gives(200).await["status"], "done");
    // The owner of a personal task can force its completion.
    let task = make(app, &t.member, json!({ "title": "Go on", "assignee_id": t.other.id })).await;
    wait(app, &t.member, &task, &blocker, 201).await;
    let force = format!("{}/complete?force=true", path(&task));
    let _ = app.post(&force).by(&t.other).gives(403).await;
    let _ = app.post(&force).by(&t.member).gives(200).await;
}

async fn dependency_cycle_is_rejected_with_409(app: &App) {
    let t = app.tenant().await;
    let mut chain = Vec::new();
    for title in ["First", "Second", "Third"] {
        chain.push(make(app, &t.member, json!({ "title": title })).await);
    }
    wait(app, &t.member, &chain[0], &chain[1], 201).await;
    wait(app, &t.member, &chain[1], &chain[2], 201).await;
    for (task, blocker) in [(2, 0), (1, 0), (2, 2)] {
        wait(app, &t.member, &chain[task], &chain[blocker], 409).await;
    }
    wait(app, &t.member, &chain[0], &chain[2], 201).await;
}

async fn cycle_through_thousands_of_dependencies_is_rejected_with_409(app: &App) {
    let t = app.tenant().await;
    let mut tasks = Vec::new();
    for _ in 0..2 {
        let create = json!({ "action": "create", "body": { "title": "Task" } });
        let body = json!({ "operations": vec![create; 80] });
        let made = app.post("/tasks/bulk").by(&t.member).json(&body).gives(200).await;
        tasks.extend(made["results"].as_array().unwrap().iter().map(|result| result["row"].clone()));
    }
    let id = |at: usize| tasks[at]["id"].as_str().unwrap().parse().unwrap();
    // The first task depends on 55 tasks, each of these on the same 100 tasks, and the last of
    // these on a further one.
    let (first, middle, last, end) = (0, 1..56, 56..156, 156);
    let mut pairs: Vec<_> = middle.clone().map(|at| (id(first), id(at))).collect();
    for at in middle {
        pairs.extend(last.clone().map(|below| (id(at), id(below))));
    }
    pairs.push((id(55), id(end)));
    crate::contract::database::Database::of(app).await.add_dependencies(t.id, &pairs).await;
    let refused = wait(app, &t.member, &tasks[end], &tasks[first], 409).await;
    assert!(refused["detail"].as_str().unwrap().contains("cycle"), "{refused}");
    wait(app, &t.member, &tasks[end], &tasks[end + 1], 201).await;
}

async fn one_of_two_concurrent_dependencies_that_form_a_cycle_fails(app: &App) {
    let t = app.tenant().await;
    for _ in 0..8 {
        let one = make(app, &t.member, json!({ "title": "One" })).await;
        let two = make(app, &t.member, json!({ "title": "Two" })).await;
        let wait = |task: &Value, blocker: &Value| {
            let body = json!({ "blocker_id": blocker["id"] });
            app.post(&format!("{}/dependencies", path(task))).by(&t.member).json(&body).send()
        };
        let (first, second) = tokio::join!(wait(&one, &two), wait(&two, &one));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
    }
}

async fn dependency_is_visible_only_with_its_blocker(app: &App) {
    let t = app.tenant().await;
    let task = make(app, &t.member, json!({ "title": "Paint it", "assignee_id": t.other.id })).await;
    let own = make(app, &t.member, json!({ "title": "Ask for it" })).await;
    let made = wait(app, &t.member, &task, &own, 201).await;
    // The assignee does not see the blocking task, and so not the dependency. The task is blocked
    // all the same.
    let list = format!("{}/dependencies", path(&task));
    assert_eq!(app.get(&list).by(&t.other).gives(200).await["count"], 0);
    let _ = app.get(&format!("{list}/{}", made["id"].as_str().unwrap())).by(&t.other).gives(404).await;
    let _ = app.delete(&format!("{list}/{}", made["id"].as_str().unwrap())).by(&t.other).gives(404).await;
    let _ = app.post(&format!("{}/complete", path(&task))).by(&t.other).gives(409).await;
    let unseen = wait(app, &t.other, &task, &own, 422).await;
    assert_eq!(unseen["errors"][0]["code"], "reference_not_found");
}

async fn blocked_assignee_cannot_evade_the_dependency(app: &App) {
    let t = app.tenant().await;
    let (here, there) = (project(app, &t.manager).await, project(app, &t.manager).await);
    let body = json!({ "title": "Paint it", "project_id": here, "assignee_id": t.other.id });
    let task = make(app, &t.member, body).await;
    let blocker = make(app, &t.manager, json!({ "title": "Build it", "project_id": here })).await;
    let made = wait(app, &t.manager, &task, &blocker, 201).await;
    assert_eq!(made["author_id"], json!(t.manager.id));
    let dependency = format!("{}/dependencies/{}", path(&task), made["id"].as_str().unwrap());
    let whole = make(app, &t.member, json!({ "title": "Whole" })).await;
    for user in [&t.member, &t.other] {
        // Users cannot move the task out of the project to force it there, nor delete a dependency
        // that the manager created.
        let out = json!({ "project_id": null });
        let _ = app.patch(&path(&task)).by(user).json(&out).gives(403).await;
        let _ = app
            .post(&format!("{}/move", path(&task)))
            .by(user)
            .json(&json!({ "project_id": there }))
            .gives(403)
            .await;
        let _ = app.delete(&dependency).by(user).gives(403).await;
    }
    let part = json!({ "project_id": null, "parent_id": whole["id"] });
    let _ = app.patch(&path(&task)).by(&t.member).json(&part).gives(403).await;
    // Nor can they move it with its parent.
    let whole = make(app, &t.member, json!({ "title": "Whole", "project_id": here })).await;
    let _ = app.patch(&path(&task)).by(&t.member).json(&json!({ "parent_id": whole["id"] })).gives(200).await;
    for project in [there.clone(), Value::Null] {
        let moved = json!({ "project_id": project });
        let _ = app.patch(&path(&whole)).by(&t.member).json(&moved).gives(403).await;
    }
    assert_eq!(app.get(&path(&task)).by(&t.member).gives(200).await["project_id"], here);
    // The manager of the project can move the task and delete the dependency, and so can the author
    // of the dependency.
    let _ = app.patch(&path(&whole)).by(&t.manager).json(&json!({ "project_id": there })).gives(200).await;
    let _ = app.delete(&dependency).by(&t.manager).gives(204).await;
    let own = wait(app, &t.other, &task, &blocker, 201).await;
    let own = format!("{}/dependencies/{}", path(&task), own["id"].as_str().unwrap());
    let _ = app.delete(&own).by(&t.member).gives(403).await;
    let _ = app.delete(&own).by(&t.other).gives(204).await;
    let _ = app.patch(&path(&whole)).by(&t.member).json(&json!({ "project_id": here })).gives(200).await;
}
