//! A household and an agency, from registration to reports.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{Organisation, at};

every_database!(household_manages_tasks, agency_manages_projects_with_a_service_account);

/// A list of tasks: members have their own tasks, and a manager sees all.
async fn household_manages_tasks(app: &App) {
    let o = Organisation::found(app, "Household").await;
    let ((_, moe), (ben_id, ben), (_, cleo)) =
        (o.hire("moe", "manager").await, o.hire("ben", "member").await, o.hire("cleo", "member").await);
    let soon = app.clock.now().plus(Duration::from_hours(1)).to_string();
    let urgent = json!({ "title": "Call the plumber", "priority": "urgent", "due_at": soon });
    let urgent = o.make(&ben, "/tasks", urgent).await;
    let weekly = json!({ "title": "Water the plants", "due_at": soon, "recurrence": "FREQ=WEEKLY", "assignee_id": ben_id });
    let weekly = o.make(&moe, "/tasks", weekly).await;
    o.make(&cleo, "/tasks", json!({ "title": "Learn the cello" })).await;
    // Members see their own tasks, the manager sees all.
    assert_eq!(o.get(&cleo, "/tasks").await["count"], 1);
    assert_eq!(o.get(&ben, "/tasks?assignee=me&status=todo").await["count"], 1);
    assert_eq!(o.get(&moe, "/tasks?sort=-priority").await["results"][0]["id"], urgent);
    let _ = app.get(&at("/tasks", &urgent)).token(&cleo).gives(404).await;
    // The dashboard shows due tasks, and a completed task recurs.
    let day = o.get(&ben, "/dashboard").await;
    assert_eq!((&day["open"], &day["due_soon"]), (&json!(2), &json!(2)), "{day}");
    o.post(&ben, &format!("{}/complete", at("/tasks", &weekly)), 200).await;
    assert_eq!(o.get(&ben, "/tasks?assignee=me&status=todo").await["count"], 1);
    o.post(&ben, &format!("{}/complete", at("/tasks", &urgent)), 200).await;
    app.clock.advance(Duration::from_secs(1));
    // A completed task counts for its assignee.
    let report = o.get(&ben, "/reports/individual").await;
    assert_eq!(report["results"][0]["completed"], 1, "{report}");
    // A deleted task can be restored.
    let _ = app.delete(&at("/tasks", &urgent)).token(&ben).gives(204).await;
    o.post(&ben, &format!("{}/restore", at("/tasks", &urgent)), 200).await;
    let actions = o.get(&o.admin, &format!("/audit?row={}&sort=at", urgent.as_str().unwrap())).await;
    let actions: Vec<_> = actions["results"].as_array().unwrap().iter().map(|line| &line["action"]).collect();
    assert_eq!(actions, ["create", "complete", "delete", "restore"]);
}

/// Projects, tasks and documents, and a service account with scopes that reads them.
async fn agency_manages_projects_with_a_service_account(app: &App) {
    let o = Organisation::found(app, "Agency").await;
    let ((_, moe), (ben_id, ben)) = (o.hire("moe", "manager").await, o.hire("ben", "member").await);
    let project = o.make(&moe, "/projects", json!({ "name": "Website", "scope": "All pages." })).await;
    let here = at("/projects", &project);
    let release = json!({ "name": "Release", "due_at": "2027-06-30T17:00:00Z" });
    let release = o.make(&moe, &format!("{here}/milestones"), release).await;
    let whole = json!({ "title": "Write the texts", "project_id": project, "assignee_id": ben_id, "estimate_minutes": 120 });
    let whole = o.make(&moe, "/tasks", whole).await;
    let part = o.make(&ben, "/tasks", json!({ "title": "Imprint", "parent_id": whole })).await;
    let launch = o.make(&moe, "/tasks", json!({ "title": "Launch", "project_id": project })).await;
    o.make(&moe, &format!("{}/dependencies", at("/tasks", &launch)), json!({ "blocker_id": whole })).await;
    o.post(&moe, &format!("{}/complete", at("/tasks", &launch)), 409).await;
    let document = json!({ "title": "Brief", "project_id": project, "content": "A page for plants." });
    let document = o.make(&ben, "/documents", document).await;
    let file = format!("{}/attachments?name=sketch.txt", at("/tasks", &part));
    let file = app.post(&file).token(&ben).body("application/octet-stream", "a sketch").gives(201).await;
    assert_eq!(file["size"], 8);
    // The service account signs in with its secret. It can read and nothing else.
    let service = json!({ "name": "website", "scopes": ["projects:read", "tasks:read", "documents:read"] });
    let service = app.post("/service-accounts").token(&o.admin).json(&service).gives(201).await;
    let grant = json!({ "grant_type": "client_credentials", "client_id": service["client_id"], "client_secret": service["client_secret"] });
    let token =
        app.post("/auth/token").json(&grant).gives(200).await["access_token"].as_str().unwrap().to_owned();
    assert_eq!(o.get(&token, &format!("{here}/tasks")).await["count"], 3);
    let found = o.get(&token, "/search?q=plant").await;
    assert_eq!(found["results"][0]["id"], document, "{found}");
    let _ = app.delete(&at("/tasks", &part)).token(&token).gives(403).await;
    // The statistics show the completed work.
    for task in [&part, &whole, &launch] {
        o.post(&moe, &format!("{}/complete", at("/tasks", task)), 200).await;
    }
    let reached = json!({ "reached": true });
    let _ = app
        .patch(&format!("{here}/milestones/{}", release.as_str().unwrap()))
        .token(&moe)
        .json(&reached)
        .gives(200)
        .await;
    let figures = o.get(&moe, &format!("{here}/statistics")).await;
    assert_eq!((&figures["by_status"]["done"], &figures["progress"]), (&json!(3), &json!(1.0)), "{figures}");
    let archived = json!({ "status": "archived" });
    let _ = app.patch(&format!("{here}/status")).token(&moe).json(&archived).gives(200).await;
    let late = json!({ "title": "Too late", "project_id": project });
    let _ = app.post("/tasks").token(&ben).json(&late).gives(409).await;
}
