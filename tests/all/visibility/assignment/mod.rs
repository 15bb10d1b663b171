//! Scenario tests of ownership and assignment: they do not make the tasks of an invisible project
//! visible, and an assignee sees the task.

mod cleared;
mod former;
mod member;
mod rules;

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User};

use crate::feed::make;

/// A team, its project, both managed by the manager, and the membership of the member.
struct Office {
    team: Value,
    team_path: String,
    project: Value,
    project_path: String,
    membership: String,
}

impl Office {
    async fn new(app: &App, t: &Tenant) -> Self {
        let (team, team_path) =
            make(app, &t.admin, "/teams", json!({ "name": "Design", "manager_id": t.manager.id })).await;
        let body = json!({ "user_id": t.member.id });
        let (_, membership) = make(app, &t.admin, &format!("{team_path}/members"), body).await;
        let body = json!({ "name": "Brand", "team_id": team, "manager_id": t.manager.id });
        let (project, project_path) = make(app, &t.admin, "/projects", body).await;
        Self { team, team_path, project, project_path, membership }
    }

    async fn task(&self, app: &App, by: &User, assignee: &User, more: Value) -> String {
        let mut body = json!({ "title": "Draw it", "project_id": self.project, "assignee_id": assignee.id });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        make(app, by, "/tasks", body).await.1
    }

    async fn leave(&self, app: &App, by: &User) {
        let _ = app.delete(&self.membership).by(by).gives(204).await;
    }
}

async fn assignee(app: &App, t: &Tenant, task: &str) -> Value {
    app.get(task).by(&t.admin).gives(200).await["assignee_id"].clone()
}

async fn inbox(app: &App, user: &User) -> Vec<Value> {
    let list = app.get("/notifications?sort=created_at").by(user).gives(200).await;
    list["results"].as_array().unwrap().iter().map(|line| line["text"].clone()).collect()
}
