//! A school, a studio and a workshop, from registration to reports.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{Organisation, at};

every_database!(school_administers_its_users, studio_tracks_time_in_teams, workshop_serves_clients);

/// User administration: creating, importing, searching, counting, deactivating and transferring.
async fn school_administers_its_users(app: &App) {
    let o = Organisation::found(app, "School").await;
    let (ben_id, ben) = o.hire("ben", "member").await;
    let (moe_id, _) = o.hire("moe", "manager").await;
    let rows = format!(
        "email,username,first_name,role\ncleo@{0}.example,cleo,Cleo,member\ndan@{0}.example,dan,Dan,member\n",
        o.slug
    );
    let import = async |query: &str| {
        app.post(&format!("/users/import{query}"))
            .token(&o.admin)
            .body("text/csv", rows.clone())
            .gives(200)
            .await
    };
    let _ = import("?dry_run=true").await;
    assert_eq!(o.get(&o.admin, "/users/active-count").await["count"], 3);
    let _ = import("").await;
    assert_eq!(o.get(&o.admin, "/users/active-count").await["count"], 5);
    assert_eq!(o.get(&ben, "/users?q=cle").await["results"][0]["username"], "cleo");
    let _ = app.post("/users").token(&ben).json(&json!({})).gives(403).await;
    let task = o.make(&ben, "/tasks", json!({ "title": "Mark the essays" })).await;
    let user = at("/users", &ben_id);
    let _ = app.patch(&user).token(&o.admin).json(&json!({ "role": "manager" })).gives(200).await;
    // A new role revokes earlier tokens.
    let _ = app.get("/tasks").token(&ben).gives(401).await;
    o.post(&o.admin, &format!("{user}/deactivate"), 200).await;
    assert_eq!(o.get(&o.admin, "/users?is_active=false").await["count"], 1);
    let heir = format!("{user}?transfer_to={}", moe_id.as_str().unwrap());
    let _ = app.delete(&heir).token(&o.admin).gives(204).await;
    assert_eq!(o.get(&o.admin, &at("/tasks", &task)).await["owner_id"], moe_id);
    assert_eq!(o.get(&o.admin, "/users/active-count").await["count"], 4);
}

/// Teams with members, projects that only the team sees, tracked time, and the report of the
/// manager.
async fn studio_tracks_time_in_teams(app: &App) {
    let o = Organisation::found(app, "ImageProcessor").await;
    let ((_, moe), (ben_id, ben), (_, cleo)) =
        (o.hire("moe", "manager").await, o.hire("ben", "member").await, o.hire("cleo", "member").await);
    let team = o.make(&moe, "/teams", json!({ "name": "Design", "goals": "One look for everything." })).await;
    let member = json!({ "user_id": ben_id, "role": "Illustrator" });
    o.make(&moe, &format!("{}/members", at("/teams", &team)), member).await;
    let project = o.make(&moe, "/projects", json!({ "name": "Brand", "team_id": team })).await;
    let task = json!({ "title": "Draw the logo", "project_id": project, "assignee_id": ben_id, "estimate_minutes": 90 });
    let task = o.make(&moe, "/tasks", task).await;
    let here = at("/tasks", &task);
    // Only the team sees the task, and its assignee is notified.
    let _ = app.get(&here).token(&cleo).gives(404).await;
    assert_eq!(o.get(&ben, "/notifications?kind=assigned").await["results"][0]["row_id"], task);
    let comment = json!({ "body": "@ben, by Friday?" });
    o.make(&moe, &format!("{here}/comments"), comment).await;
    assert_eq!(o.get(&ben, "/notifications/unread-count").await["count"], 2);
    let worked =
        json!({ "started_at": app.clock.now().minus(Duration::from_hours(2)).to_string(), "minutes": 60 });
    o.make(&ben, &format!("{here}/time-entries"), worked).await;
    o.post(&ben, &format!("{here}/timer"), 201).await;
    o.post(&ben, &format!("{here}/timer/stop"), 200).await;
    o.post(&ben, &format!("{here}/complete"), 200).await;
    app.clock.advance(Duration::from_secs(1));
    let report = o.get(&moe, &format!("/reports/team?team={}", team.as_str().unwrap())).await;
    let ben_s = report["results"].as_array().unwrap().iter().find(|line| line["user_id"] == ben_id).unwrap();
    assert_eq!((&ben_s["completed"], &ben_s["tracked_seconds"]), (&json!(1), &json!(3600)), "{report}");
    let figures = o.get(&moe, &format!("{}/statistics", at("/projects", &project))).await;
    assert_eq!((&figures["spent_minutes"], &figures["estimated_minutes"]), (&json!(60), &json!(90)));
    assert_eq!(o.get(&cleo, "/reports/time-by-project").await["results"], json!([]));
}

/// Clients, request types and requests: members work on requests and cannot delete them.
async fn workshop_serves_clients(app: &App) {
    let o = Organisation::found(app, "Workshop").await;
    let ((_, moe), (ben_id, ben)) = (o.hire("moe", "manager").await, o.hire("ben", "member").await);
    let client = o.make(&moe, "/clients", json!({ "name": "Bakery" })).await;
    let _ = app.post("/clients").token(&moe).json(&json!({ "name": "Bakery" })).gives(409).await;
    let kind = o.make(&moe, "/request-types", json!({ "name": "Repair" })).await;
    let request =
        json!({ "title": "The oven is cold", "client_id": client, "type_id": kind, "assignee_id": ben_id });
    let request = o.make(&ben, "/requests", request).await;
    let status = async |by: &str, status: &str, expected: u16| {
        let path = format!("{}/status", at("/requests", &request));
        app.patch(&path).token(by).json(&json!({ "status": status })).gives(expected).await
    };
    let _ = status(&ben, "in_progress", 200).await;
    let _ = status(&ben, "completed", 200).await;
    let _ = status(&ben, "in_progress", 403).await;
    let _ = status(&moe, "in_progress", 200).await;
    let _ = app.delete(&at("/requests", &request)).token(&ben).gives(403).await;
    let _ = app.delete(&at("/clients", &client)).token(&ben).gives(403).await;
    let of = o.get(&ben, &format!("{}/requests", at("/clients", &client))).await;
    assert_eq!((&of["count"], &of["results"][0]["status"]), (&json!(1), &json!("in_progress")));
    let figures = o.get(&moe, "/requests/dashboard").await;
    assert_eq!(figures["by_status"]["in_progress"], 1, "{figures}");
    let history = o.get(&ben, &format!("{}/history", at("/requests", &request))).await;
    let by: Vec<_> = history["results"].as_array().unwrap().iter().map(|line| &line["actor_name"]).collect();
    assert_eq!(by, ["moe", "ben", "ben", "ben"]);
}
