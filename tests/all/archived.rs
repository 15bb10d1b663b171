//! Scenario tests of archived projects: nothing in an archived project can be changed.

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_tests::{Answer, App, Tenant, User, every_database};

use crate::concurrency::rows;

every_database!(
    rows_of_an_archived_project_cannot_be_changed,
    rows_cannot_be_moved_into_or_out_of_an_archived_project,
    reminders_in_an_archived_project_cannot_be_changed,
    timer_stops_and_trash_is_purged_in_an_archived_project,
    archived_project_can_only_be_reopened_or_deleted,
    removing_a_user_transfers_rows_of_archived_projects,
    no_concurrent_write_lands_after_archiving_returned,
);

async fn make(app: &App, by: &User, path: &str, body: Value) -> (Value, String) {
    let made = app.post(path).by(by).json(&body).send().await.expect(201);
    let path = made.header("location").to_owned();
    (made.body, path)
}

async fn set(app: &App, t: &Tenant, project: &str, status: &str) -> Value {
    let body = json!({ "status": status });
    app.patch(&format!("{project}/status")).by(&t.manager).json(&body).gives(200).await
}

fn refused(answer: &Answer) {
    assert_eq!((answer.status, answer.code()), (409, "conflict"), "{}: {}", answer.call, answer.text);
    assert!(answer.body["detail"].as_str().unwrap().contains("archived"), "{}", answer.text);
}

/// A project that contains one row of every type. Returns the project, its path, and the path of
/// each row with a change to it.
async fn whole(app: &App, t: &Tenant) -> (Value, String, Vec<(String, Value)>) {
    let (project, place) = make(app, &t.manager, "/projects", json!({ "name": "Website" })).await;
    let inside = json!({ "title": "In it", "project_id": project["id"] });
    let (_, task) = make(app, &t.member, "/tasks", inside.clone()).await;
    let (_, document) = make(app, &t.member, "/documents", inside).await;
    let (_, milestone) =
        make(app, &t.manager, &format!("{place}/milestones"), json!({ "name": "Beta" })).await;
    let changes = vec![
        (task, json!({ "title": "Other" })),
        (document, json!({ "title": "Other" })),
        (milestone, json!({ "name": "Other" })),
    ];
    (project, place, changes)
}

async fn rows_of_an_archived_project_cannot_be_changed(app: &App) {
    let t = app.tenant().await;
    let (project, place, inside) = whole(app, &t).await;
    let _ = set(app, &t, &place, "archived").await;
    for (path, change) in &inside {
        let before = app.get(path).by(&t.admin).gives(200).await;
        for user in [&t.admin, &t.manager] {
            refused(&app.patch(path).by(user).json(change).send().await);
            refused(&app.delete(path).by(user).send().await);
        }
        // A no-op update succeeds. 403 and 422 come before the 409 of the archived project.
        assert_eq!(app.patch(path).by(&t.admin).json(&json!({})).gives(200).await, before);
        let _ = app.patch(path).by(&t.other).json(change).gives(403).await;
        let _ = app.patch(path).by(&t.admin).json(&json!({ "nonsense": 1 })).gives(422).await;
        assert_eq!(app.get(path).by(&t.admin).gives(200).await, before);
    }
    let new = json!({ "title": "Another", "project_id": project["id"] });
    refused(&app.post("/tasks").by(&t.member).json(&new).send().await);
    refused(&app.post("/documents").by(&t.member).json(&new).send().await);
    let milestones = format!("{place}/milestones");
    refused(&app.post(&milestones).by(&t.manager).json(&json!({ "name": "Gold" })).send().await);
    refused(&app.post(&format!("{}/complete", inside[0].0)).by(&t.member).send().await);
    let watchers = format!("{}/watchers", inside[0].0);
    refused(&app.post(&watchers).by(&t.other).json(&json!({})).send().await);
    for list in [format!("{place}/tasks"), milestones, "/documents".to_owned()] {
        assert_eq!(app.get(&list).by(&t.member).gives(200).await["count"], 1, "{list}");
    }
    let _ = set(app, &t, &place, "active").await;
    // Nothing can be restored into an archived project.
    let deleted = make(app, &t.member, "/tasks", new.clone()).await.1;
    let _ = app.delete(&deleted).by(&t.member).gives(204).await;
    let _ = set(app, &t, &place, "archived").await;
    refused(&app.post(&format!("{deleted}/restore")).by(&t.member).send().await);
    let _ = set(app, &t, &place, "active").await;
    for (path, change) in &inside {
        let _ = app.patch(path).by(&t.manager).json(change).gives(200).await;
        let _ = app.delete(path).by(&t.manager).gives(204).await;
    }
}

async fn rows_cannot_be_moved_into_or_out_of_an_archived_project(app: &App) {
    let t = app.tenant().await;
    let (archived, place, inside) = whole(app, &t).await;
    let (open, _, others) = whole(app, &t).await;
    let _ = set(app, &t, &place, "archived").await;
    for kind in [0, 1] {
        let (out, into) = (json!({ "project_id": open["id"] }), json!({ "project_id": archived["id"] }));
        refused(&app.patch(&inside[kind].0).by(&t.manager).json(&out).send().await);
        refused(&app.patch(&others[kind].0).by(&t.manager).json(&into).send().await);
    }
    let nowhere = json!({ "project_id": null });
    refused(&app.patch(&inside[0].0).by(&t.manager).json(&nowhere).send().await);
    let (_, personal) = make(app, &t.member, "/tasks", json!({ "title": "Mine alone" })).await;
    let into = json!({ "project_id": archived["id"] });
    refused(&app.patch(&personal).by(&t.member).json(&into).send().await);
}

async fn reminders_in_an_archived_project_cannot_be_changed(app: &App) {
    let t = app.tenant().await;
    let (_, place, inside) = whole(app, &t).await;
    let (list, new) = (format!("{}/reminders", inside[0].0), json!({ "before_due_minutes": 5 }));
    let (_, reminder) = make(app, &t.member, &list, new.clone()).await;
    let _ = set(app, &t, &place, "archived").await;
    refused(&app.post(&list).by(&t.member).json(&new).send().await);
    refused(&app.patch(&reminder).by(&t.member).json(&json!({ "before_due_minutes": 6 })).send().await);
    refused(&app.delete(&reminder).by(&t.member).send().await);
    let _ = set(app, &t, &place, "active").await;
    let _ = app.delete(&reminder).by(&t.member).gives(204).await;
}

async fn timer_stops_and_trash_is_purged_in_an_archived_project(app: &App) {
    let t = app.tenant().await;
    let (project, place, inside) = whole(app, &t).await;
    let timer = format!("{}/timer", inside[0].0);
    let _ = app.post(&timer).by(&t.member).gives(201).await;
    let (_, task) =
        make(app, &t.member, "/tasks", json!({ "title": "Out", "project_id": project["id"] })).await;
    let _ = app.delete(&task).by(&t.member).gives(204).await;
    let _ = set(app, &t, &place, "archived").await;
    let _ = app.post(&format!("{timer}/stop")).by(&t.member).gives(200).await;
    refused(&app.post(&timer).by(&t.member).send().await);
    let _ = app.delete(&task.replace("/tasks/", "/tasks/deleted/")).by(&t.member).gives(204).await;
}

async fn archived_project_can_only_be_reopened_or_deleted(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "name": "Website", "description": "Old.", "status": "archived" });
    let (before, place) = make(app, &t.manager, "/projects", body).await;
    for change in [json!({ "name": "New" }), json!({ "status": "archived", "description": null })] {
        refused(&app.patch(&place).by(&t.manager).json(&change).send().await);
    }
    refused(
        &app.put(&place).by(&t.manager).json(&json!({ "name": "New", "status": "archived" })).send().await,
    );
    // Setting the same status again is a no-op.
    let _ = app.patch(&place).by(&t.manager).json(&json!({ "status": "archived" })).gives(200).await;
    assert_eq!(app.get(&place).by(&t.manager).gives(200).await, before);
    let open = json!({ "status": "active" });
    let _ = app.patch(&format!("{place}/status")).by(&t.member).json(&open).gives(403).await;
    assert_eq!(set(app, &t, &place, "active").await["version"], 2);
    assert_eq!(set(app, &t, &place, "archived").await["version"], 3);
    let opened = app.patch(&place).by(&t.manager).json(&open).gives(200).await;
    assert_eq!(opened["description"], "Old.");
    let _ = set(app, &t, &place, "archived").await;
    for user in [&t.manager, &t.admin] {
        refused(&app.delete(&place).by(user).send().await);
    }
    let _ = set(app, &t, &place, "active").await;
    let _ = app.delete(&place).by(&t.manager).gives(204).await;
}

async fn removing_a_user_transfers_rows_of_archived_projects(app: &App) {
    let t = app.tenant().await;
    let (_, place, inside) = whole(app, &t).await;
    let _ = app.patch(&place).by(&t.manager).json(&json!({ "manager_id": t.member.id })).gives(200).await;
    let _ = set(app, &t, &place, "archived").await;
    let path = format!("/users/{}?transfer_to={}", t.member.id, t.other.id);
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
    let task = app.get(&inside[0].0).by(&t.admin).gives(200).await;
    let project = app.get(&place).by(&t.admin).gives(200).await;
    assert_eq!((&task["owner_id"], &project["manager_id"]), (&json!(t.other.id), &json!(t.other.id)));
}

async fn no_concurrent_write_lands_after_archiving_returned(app: &App) {
    let t = app.tenant().await;
    for round in 0..6 {
        let (project, place) = make(app, &t.manager, "/projects", json!({ "name": "Website" })).await;
        let body = json!({ "title": "In it", "project_id": project["id"] });
        let mut tasks = Vec::new();
        for _ in 0..6 {
            tasks.push(make(app, &t.member, "/tasks", body.clone()).await.1);
        }
        let list = format!("{place}/tasks?sort=created_at");
        let seen = || rows(app, &t.admin.token, &list);
        let writers = join_all((0..24).map(|number| {
            let (tasks, body, t) = (&tasks, &body, &t);
            async move {
                let title = json!({ "title": format!("Change {number} of round {round}") });
                let answer = match number % 4 {
                    0 => app.post("/tasks").by(&t.member).json(body).send().await,
                    1 if number < 8 => app.delete(&tasks[number / 4]).by(&t.member).send().await,
                    _ => app.patch(&tasks[2 + number % 4]).by(&t.member).json(&title).send().await,
                };
                assert!([200, 201, 204, 409].contains(&answer.status), "{}", answer.text);
            }
        }));
        let archive = async {
            let _ = set(app, &t, &place, "archived").await;
            seen().await
        };
        let (_, then) = futures::join!(writers, archive);
        assert_eq!(seen().await, then);
    }
}
