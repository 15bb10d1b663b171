//! Random changes of the rows, teams and roles of a tenant.

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant};

use super::mirror::text;
use crate::feed::make;

/// A deterministic random number generator.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn throw(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.throw(of.len())]
    }
}

/// The rows that the test changes.
pub(super) struct World {
    people: Vec<Value>,
    pub(super) teams: Vec<Value>,
    pub(super) projects: Vec<String>,
    pub(super) tasks: Vec<String>,
}

impl World {
    pub(super) async fn new(app: &App, t: &Tenant) -> Self {
        let people = [&t.manager, &t.member, &t.other].map(|user| json!(user.id)).to_vec();
        let (mut teams, mut projects) = (Vec::new(), Vec::new());
        for (number, manager) in people.iter().enumerate().take(2) {
            let body = json!({ "name": format!("Team {number}"), "manager_id": manager });
            teams.push(make(app, &t.admin, "/teams", body).await.0);
        }
        for (number, team) in [&teams[0], &teams[1], &Value::Null].into_iter().enumerate() {
            let body = json!({ "name": format!("Project {number}"), "team_id": team });
            projects.push(make(app, &t.admin, "/projects", body).await.1);
        }
        Self { people, teams, projects, tasks: Vec::new() }
    }

    pub(super) fn id(path: &str) -> &str {
        path.rsplit('/').next().unwrap()
    }

    /// Makes a random change, which may be refused. Returns its description.
    pub(super) async fn step(&mut self, app: &App, t: &Tenant, dice: &mut Dice) -> String {
        let person = dice.one(&self.people).clone();
        let somebody = dice.one(&[person.clone(), Value::Null]).clone();
        let team = dice.one(&self.teams).clone();
        let place = dice.one(&[team.clone(), team.clone(), Value::Null]).clone();
        let team = team.as_str().unwrap().to_owned();
        let project = dice.one(&self.projects).clone();
        let task = if self.tasks.is_empty() { String::new() } else { dice.one(&self.tasks).clone() };
        let kind = if self.tasks.len() < 4 { 7 } else { dice.throw(12) };
        let call = match kind {
            0 => app.patch(&project).json(&json!({ "team_id": place })),
            1 => app.patch(&project).json(&json!({ "manager_id": somebody })),
            2 => app.patch(&format!("/teams/{team}")).json(&json!({ "manager_id": person })),
            3 => app.post(&format!("/teams/{team}/members")).json(&json!({ "user_id": person })),
            4 => {
                let list = format!("/teams/{team}/members");
                let members = app.get(&list).by(&t.admin).gives(200).await;
                let members = members["results"].as_array().unwrap();
                if members.is_empty() {
                    return String::new();
                }
                let member = text(dice.one(members), "id");
                match dice.throw(3) {
                    0 => app.patch(&format!("{list}/{member}")).json(&json!({ "user_id": person })),
                    _ => app.delete(&format!("{list}/{member}")),
                }
            }
            5 => app.patch(&task).json(&json!({ "assignee_id": somebody })),
            6 => {
                let to =
                    dice.one(&[json!(Self::id(&project)), json!(Self::id(&project)), Value::Null]).clone();
                app.patch(&task).json(&json!({ "project_id": to }))
            }
            7 => {
                let body =
                    json!({ "title": "A task", "project_id": Self::id(&project), "assignee_id": somebody });
                let made = app.post("/tasks").by(&t.admin).json(&body).send().await;
                self.tasks.extend((made.status == 201).then(|| made.header("location").to_owned()));
                return format!("{} {body}", made.status);
            }
            8 => app.post(&format!("{task}/comments")).json(&json!({ "body": "A word." })),
            9 => app.patch(&task).json(&json!({ "title": format!("Task {}", dice.throw(1000)) })),
            10 => app.delete(&task),
            _ => app.post(&format!("{task}/restore")),
        };
        let answer = call.by(&t.admin).send().await;
        format!("{kind}: {} {team} {project} {task} {person} {}", answer.status, answer.body)
    }
}
