//! Five organisations, each from registration to reports: the steps of their handbooks, over HTTP.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, PASSWORD, every_database};

every_database!(
    household_manages_tasks,
    agency_manages_projects_with_a_service_account,
    school_administers_its_users,
    studio_tracks_time_in_teams,
    workshop_serves_clients,
);

/// An organisation and its admin's token.
struct Organisation<'a> {
    app: &'a App,
    slug: String,
    admin: String,
}

impl<'a> Organisation<'a> {
    /// Registers the organisation. Its first admin signs in.
    async fn found(app: &'a App, name: &str) -> Self {
        let slug = format!("{}-{}", name.to_lowercase(), app.clock.now().token_id().simple());
        let email = format!("ada@{slug}.example");
        let body = json!({
            "organisation": { "name": name, "slug": slug },
            "user": { "email": email, "username": "ada", "password": PASSWORD },
        });
        let _ = app.post("/auth/register").json(&body).gives(201).await;
        let admin = sign_in(app, &slug, &email).await;
        Self { app, slug, admin }
    }

    /// Creates a user who signs in. Returns the id and the token.
    async fn hire(&self, name: &str, role: &str) -> (Value, String) {
        let email = format!("{name}@{}.example", self.slug);
        let body = json!({ "email": email, "username": name, "password": PASSWORD, "role": role });
        let user = self.make(&self.admin, "/users", body).await;
        (user, sign_in(self.app, &self.slug, &email).await)
    }

    /// Creates a row. Returns its id.
    async fn make(&self, by: &str, path: &str, body: Value) -> Value {
        self.app.post(path).token(by).json(&body).gives(201).await["id"].clone()
    }

    async fn get(&self, by: &str, path: &str) -> Value {
        self.app.get(path).token(by).gives(200).await
    }

    async fn post(&self, by: &str, path: &str, status: u16) -> Value {
        self.app.post(path).token(by).gives(status).await
    }
}

async fn sign_in(app: &App, slug: &str, email: &str) -> String {
    let body = json!({ "email": email, "password": PASSWORD, "tenant": slug });
    let pair = app.post("/auth/token").json(&body).gives(200).await;
    pair["access_token"].as_str().unwrap().to_owned()
}

fn at(path: &str, id: &Value) -> String {
    format!("{path}/{}", id.as_str().unwrap())
}

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
