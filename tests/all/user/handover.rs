//! Scenario tests of removing a user: all rows are transferred to another user, and the transfer is
//! recorded.

use futures::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, every_database};

use crate::concurrency::rows;

every_database!(
    transfer_to_transfers_all_rows,
    transfer_to_transfers_tasks_that_the_user_sees_as_a_manager_only,
    user_with_open_invitations_is_not_deleted,
    transfer_to_requires_an_active_user_of_the_tenant,
    many_rows_are_transferred_at_once
);

async fn id(app: &App, t: &Tenant, path: &str, body: Value) -> String {
    let made = app.post(path).by(&t.member).json(&body).gives(201).await;
    format!("{path}/{}", made["id"].as_str().unwrap())
}

async fn transfer_to_transfers_all_rows(app: &App) {
    let t = app.tenant().await;
    let project = json!({ "name": "Website", "manager_id": t.member.id });
    let project = app.post("/projects").by(&t.admin).json(&project).gives(201).await;
    let in_project = json!({ "title": "Both", "project_id": project["id"], "assignee_id": t.member.id });
    let both = id(app, &t, "/tasks", in_project).await;
    let owned = id(app, &t, "/tasks", json!({ "title": "Owned", "assignee_id": t.manager.id })).await;
    let minutes = json!({ "title": "Minutes", "project_id": project["id"], "content": "All." });
    let document = id(app, &t, "/documents", minutes).await;
    let kept = app.post("/tasks").by(&t.manager).json(&json!({ "title": "Another's" })).gives(201).await;
    let _ = t.member.sign_in(app).await;
    let path = format!("/users/{}", t.member.id);
    assert_eq!(app.delete(&path).by(&t.admin).send().await.expect(409).code(), "in_use");
    let remove = format!("{path}?transfer_to={}", t.other.id);
    let _ = app.delete(&remove).by(&t.admin).header("if-match", "\"99\"").gives(412).await;
    let get = async |path: &str| app.get(path).by(&t.admin).gives(200).await;
    assert_eq!(get(&owned).await["owner_id"], json!(t.member.id));
    let _ = app.delete(&remove).by(&t.admin).gives(204).await;
    let heir = json!(t.other.id);
    let (both, owned) = (get(&both).await, get(&owned).await);
    assert_eq!((&both["owner_id"], &both["assignee_id"], &both["version"]), (&heir, &heir, &json!(2)));
    assert_eq!((&owned["owner_id"], &owned["assignee_id"]), (&heir, &json!(t.manager.id)));
    assert_eq!(get(&document).await["author_id"], heir);
    assert_eq!(get(&format!("/projects/{}", project["id"].as_str().unwrap())).await["manager_id"], heir);
    assert_eq!(get(&format!("/tasks/{}", kept["id"].as_str().unwrap())).await, kept);
    let _ = app.get(&path).by(&t.admin).gives(404).await;
    let _ = app.get("/tasks").by(&t.member).gives(401).await;
    let audit = get("/audit?action=hand_over").await;
    assert_eq!(audit["count"], 4);
    let line = get(&format!("/audit?row={}&action=hand_over", both["id"].as_str().unwrap())).await["results"]
        [0]
    .clone();
    assert_eq!((&line["actor_name"], &line["actor_id"]), (&json!("admin"), &json!(t.admin.id)));
    assert_eq!(
        (&line["old_values"]["owner_id"], &line["new_values"]["owner_id"]),
        (&json!(t.member.id), &heir)
    );
}

async fn transfer_to_transfers_tasks_that_the_user_sees_as_a_manager_only(app: &App) {
    let t = app.tenant().await;
    let make = async |path: &str, body: Value| app.post(path).by(&t.admin).json(&body).gives(201).await;
    let lead = t.manager.id;
    // One manages the team and the other the project; neither is a member of the team.
    let managed = make("/teams", json!({ "name": "Design", "manager_id": lead })).await;
    let in_team = make("/projects", json!({ "name": "Website", "team_id": managed["id"] })).await;
    let other = make("/teams", json!({ "name": "Print", "manager_id": t.admin.id })).await;
    let own = json!({ "name": "Poster", "team_id": other["id"], "manager_id": lead });
    let own = make("/projects", own).await;
    let mut tasks = Vec::new();
    for project in [in_team, own] {
        let body = json!({ "title": "Draw", "project_id": project["id"], "assignee_id": lead });
        let task = make("/tasks", body).await;
        tasks.push(format!("/tasks/{}", task["id"].as_str().unwrap()));
    }
    let remove = format!("/users/{lead}?transfer_to={}", t.other.id);
    let _ = app.delete(&remove).by(&t.admin).gives(204).await;
    for task in tasks {
        assert_eq!(app.get(&task).by(&t.other).gives(200).await["assignee_id"], json!(t.other.id));
    }
}

async fn user_with_open_invitations_is_not_deleted(app: &App) {
    let t = app.tenant().await;
    let invitation = json!({ "email": format!("guest@{}.example", t.slug) });
    let sent = app.post("/invitations").by(&t.manager).json(&invitation).gives(201).await;
    let path = format!("/users/{}", t.manager.id);
    assert_eq!(app.delete(&path).by(&t.admin).send().await.expect(409).code(), "in_use");
    // An invitation that has expired or was withdrawn does not count.
    let sent = format!("/invitations/{}", sent["id"].as_str().unwrap());
    let _ = app.delete(&sent).by(&t.manager).gives(204).await;
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
}

async fn transfer_to_requires_an_active_user_of_the_tenant(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let task = id(app, &t, "/tasks", json!({ "title": "Mine" })).await;
    let _ = app.post(&format!("/users/{}/deactivate", t.other.id)).by(&t.admin).gives(200).await;
    let path = format!("/users/{}", t.member.id);
    let nobody = uuid::Uuid::from_u128(7);
    let refused = async |heir: uuid::Uuid| {
        let answer = app.delete(&format!("{path}?transfer_to={heir}")).by(&t.admin).send().await.expect(400);
        (answer.pointer().to_owned(), answer.body["errors"].clone())
    };
    let unknown = refused(nobody).await;
    assert_eq!(unknown.0, "transfer_to");
    for heir in [u.member.id, t.other.id, t.member.id, t.id] {
        assert_eq!(refused(heir).await, unknown);
    }
    for user in [&t.manager, &t.member] {
        let _ = app.delete(&format!("{path}?transfer_to={nobody}")).by(user).gives(403).await;
    }
    // The credential needs scopes for the rows that it transfers.
    let remove = format!("{path}?transfer_to={}", t.manager.id);
    let narrow = t.service(app, &["users:write"]);
    assert_eq!(app.delete(&remove).token(&narrow).send().await.expect(403).code(), "insufficient_scope");
    let last = format!("/users/{}?transfer_to={}", t.admin.id, t.manager.id);
    assert_eq!(app.delete(&last).by(&t.admin).send().await.expect(409).code(), "last_admin");
    assert_eq!(app.get(&task).by(&t.admin).gives(200).await["owner_id"], json!(t.member.id));
    let wide = t.service(app, &["users:write", "tasks:write"]);
    let _ = app.delete(&remove).token(&wide).gives(204).await;
}

async fn many_rows_are_transferred_at_once(app: &App) {
    let t = app.tenant().await;
    let number = 450;
    for chunk in (0..number).collect::<Vec<_>>().chunks(10) {
        let tasks = chunk.iter().map(|row| id(app, &t, "/tasks", json!({ "title": format!("Task {row}") })));
        let _ = join_all(tasks).await;
    }
    // Concurrent changes of the rows: only two at a time, because each may hold a connection while
    // it waits for a lock.
    let urgent = rows(app, &t.admin.token, "/tasks").await.into_iter().step_by(40).map(|task| {
        let path = format!("/tasks/{}", task["id"].as_str().unwrap());
        app.patch(&path).by(&t.admin).json(&json!({ "priority": "urgent" })).gives(200)
    });
    let remove = format!("/users/{}?transfer_to={}", t.member.id, t.other.id);
    let changes = stream::iter(urgent).buffer_unordered(2).collect::<Vec<_>>();
    let (_, done) = futures::join!(app.delete(&remove).by(&t.admin).gives(204), changes);
    let tasks = rows(app, &t.admin.token, &format!("/tasks?owner={}", t.other.id)).await;
    assert_eq!(tasks.len(), number);
    assert_eq!(tasks.iter().filter(|task| task["priority"] == "urgent").count(), done.len());
    assert_eq!(rows(app, &t.admin.token, "/audit?action=hand_over").await.len(), number);
}
