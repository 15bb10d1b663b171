//! Scenario tests of subtasks.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{make, project};

every_database!(
    subtask_is_in_the_project_of_its_parent,
    subtasks_nest_at_most_five_levels,
    task_cannot_be_its_own_ancestor,
    one_of_two_concurrent_moves_that_form_a_cycle_fails,
    setting_a_parent_requires_the_right_to_delete_the_task,
);

async fn subtask_is_in_the_project_of_its_parent(app: &App) {
    let t = app.tenant().await;
    let (here, there) = (project(app, &t.manager).await, project(app, &t.manager).await);
    let whole = make(app, &t.manager, json!({ "title": "The whole", "project_id": here })).await;
    let part = make(app, &t.member, json!({ "title": "A part", "parent_id": whole["id"] })).await;
    assert_eq!(part["project_id"], here);
    let wrong = json!({ "title": "Elsewhere", "parent_id": whole["id"], "project_id": there });
    let answer = app.post("/tasks").by(&t.member).json(&wrong).send().await.expect(422);
    assert_eq!(answer.pointer(), "/project_id");
    let absent = json!({ "title": "Of nothing", "parent_id": t.admin.id });
    let answer = app.post("/tasks").by(&t.member).json(&absent).send().await.expect(422);
    assert_eq!(
        (answer.pointer(), &answer.body["errors"][0]["code"]),
        ("/parent_id", &json!("reference_not_found"))
    );
    let listed =
        app.get(&format!("/tasks?parent={}", whole["id"].as_str().unwrap())).by(&t.member).gives(200).await;
    assert_eq!(listed["results"], json!([part]));
    // The manager does not own the subtask, and it moves all the same.
    let path = format!("/tasks/{}", whole["id"].as_str().unwrap());
    let _ = app.patch(&path).by(&t.manager).json(&json!({ "project_id": there })).gives(200).await;
    let path = format!("/tasks/{}", part["id"].as_str().unwrap());
    let moved = app.get(&path).by(&t.member).gives(200).await;
    assert_eq!((&moved["project_id"], &moved["version"]), (&there, &json!(2)));
    for alone in [&here, &json!(null)] {
        let alone = json!({ "project_id": alone });
        let answer = app.patch(&path).by(&t.member).json(&alone).send().await.expect(422);
        assert_eq!(answer.pointer(), "/project_id");
    }
    // A body that does not name the project leaves the subtask in it.
    let silent = json!({ "title": "A part", "parent_id": whole["id"] });
    assert_eq!(app.put(&path).by(&t.member).json(&silent).gives(200).await, moved);
    let both = json!({ "project_id": here, "parent_id": null });
    let free = app.patch(&path).by(&t.member).json(&both).gives(200).await;
    assert_eq!((&free["project_id"], &free["parent_id"]), (&here, &json!(null)));
}

async fn subtasks_nest_at_most_five_levels(app: &App) {
    let t = app.tenant().await;
    let mut chain = vec![make(app, &t.member, json!({ "title": "The whole" })).await];
    for depth in 1..=5 {
        let part = json!({ "title": format!("Part {depth}"), "parent_id": chain[depth - 1]["id"] });
        chain.push(make(app, &t.member, part).await);
    }
    let deeper = json!({ "title": "Too deep", "parent_id": chain[5]["id"] });
    let answer = app.post("/tasks").by(&t.member).json(&deeper).send().await.expect(422);
    assert_eq!(answer.pointer(), "/parent_id");
    // A task with subtasks cannot be moved below that level, either.
    let other = make(app, &t.member, json!({ "title": "Another whole" })).await;
    let path = format!("/tasks/{}", chain[0]["id"].as_str().unwrap());
    let answer = app.patch(&path).by(&t.member).json(&json!({ "parent_id": other["id"] })).send().await;
    assert_eq!(answer.expect(422).pointer(), "/parent_id");
}

async fn task_cannot_be_its_own_ancestor(app: &App) {
    let t = app.tenant().await;
    let whole = make(app, &t.member, json!({ "title": "The whole" })).await;
    let part = make(app, &t.member, json!({ "title": "A part", "parent_id": whole["id"] })).await;
    let path = format!("/tasks/{}", whole["id"].as_str().unwrap());
    for parent in [&whole, &part] {
        let body = json!({ "parent_id": parent["id"] });
        let answer = app.patch(&path).by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(answer.pointer(), "/parent_id");
    }
}

async fn one_of_two_concurrent_moves_that_form_a_cycle_fails(app: &App) {
    let t = app.tenant().await;
    for _ in 0..8 {
        let one = make(app, &t.member, json!({ "title": "One" })).await;
        let two = make(app, &t.member, json!({ "title": "Two" })).await;
        let under = |task: &serde_json::Value, parent: &serde_json::Value| {
            let path = format!("/tasks/{}", task["id"].as_str().unwrap());
            app.patch(&path).by(&t.member).json(&json!({ "parent_id": parent["id"] })).send()
        };
        let (first, second) = tokio::join!(under(&one, &two), under(&two, &one));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422]);
    }
}

/// Subtasks are deleted with their parent. So making a task a subtask requires the right to delete
/// it.
async fn setting_a_parent_requires_the_right_to_delete_the_task(app: &App) {
    let t = app.tenant().await;
    let task = make(app, &t.member, json!({ "title": "Theirs", "assignee_id": t.other.id })).await;
    let trap = make(app, &t.other, json!({ "title": "A trap" })).await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let into = json!({ "parent_id": trap["id"] });
    let _ = app.patch(&path).by(&t.other).json(&into).gives(403).await;
    let own = make(app, &t.member, json!({ "title": "A whole" })).await;
    let _ = app.patch(&path).by(&t.member).json(&json!({ "parent_id": own["id"] })).gives(200).await;
    // Other changes of a subtask do not require that right.
    let _ = app.patch(&path).by(&t.other).json(&json!({ "priority": "high" })).gives(200).await;
}
