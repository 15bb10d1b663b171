//! A client that keeps a copy of the rows it can read, as `docs/events.md` says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use taskhub_tests::{App, User};

use super::world::World;
use crate::feed::{now, since};

/// Rows by resource type and id: the id of the row that contains them, and their version.
type Rows = BTreeMap<(&'static str, String), (String, i64)>;

/// A copy that a client keeps according to `docs/events.md`.
pub(super) struct Mirror<'a> {
    pub(super) app: &'a App,
    pub(super) user: User,
    pub(super) cursor: String,
    pub(super) rows: Rows,
}

pub(super) fn text(row: &Value, field: &str) -> String {
    row[field].as_str().unwrap_or_default().to_owned()
}

impl<'a> Mirror<'a> {
    pub(super) async fn new(app: &'a App, user: &User) -> Self {
        let cursor = now(app, user).await;
        let mut mirror = Self { app, user: user.clone(), cursor, rows: Rows::new() };
        mirror.read_all().await;
        mirror
    }

    /// The rows of a list; none if the list is not found.
    async fn list(&self, path: &str, noun: &'static str, lies_in: &str) -> Rows {
        let sign = if path.contains('?') { '&' } else { '?' };
        let answer = self.app.get(&format!("{path}{sign}page_size=200")).by(&self.user).send().await;
        if answer.status == 404 {
            return Rows::new();
        }
        let answer = answer.expect(200);
        assert_eq!(answer.body["next"], Value::Null);
        let rows = answer.body["results"].as_array().unwrap();
        rows.iter().map(|row| Self::row(noun, row, lies_in)).collect()
    }

    fn row(noun: &'static str, row: &Value, lies_in: &str) -> ((&'static str, String), (String, i64)) {
        ((noun, text(row, "id")), (text(row, lies_in), row["version"].as_i64().unwrap()))
    }

    async fn read_all(&mut self) {
        self.rows = self.list("/teams", "team", "").await;
        let teams: Vec<_> = self.rows.keys().map(|(_, id)| id.clone()).collect();
        for team in teams {
            let members = self.list(&format!("/teams/{team}/members"), "team_member", "team_id").await;
            self.rows.extend(members);
        }
        let (projects, tasks) = (
            self.list("/projects", "project", "team_id").await,
            self.list("/tasks", "task", "project_id").await,
        );
        self.rows.extend(projects);
        for (_, task) in tasks.keys() {
            let comments = self.list(&format!("/tasks/{task}/comments"), "comment", "task_id").await;
            self.rows.extend(comments);
        }
        self.rows.extend(tasks);
    }

    /// The ids of the known rows of a type in another row.
    fn within(&self, noun: &str, id: &str) -> BTreeSet<String> {
        let within = self.rows.iter().filter(|((its, _), (lies_in, _))| *its == noun && lies_in == id);
        within.map(|((_, id), _)| id.clone()).collect()
    }

    /// Reads a row again, and removes it if it is not found.
    async fn read(&mut self, path: &str, noun: &'static str, lies_in: &str, id: &str) {
        let answer = self.app.get(path).by(&self.user).send().await;
        self.rows.remove(&(noun, id.to_owned()));
        if answer.status != 404 {
            self.rows.extend([Self::row(noun, &answer.expect(200).body, lies_in)]);
        }
    }

    /// Replaces the known rows of a list by its current ones. Returns the ids of both.
    async fn replace(&mut self, path: &str, noun: &'static str, lies_in: &str, id: &str) -> BTreeSet<String> {
        let list = self.list(path, noun, lies_in).await;
        let mut ids = self.within(noun, id);
        self.rows.retain(|(its, row), _| *its != noun || !ids.contains(row));
        ids.extend(list.keys().map(|(_, id)| id.clone()));
        self.rows.extend(list);
        ids
    }

    async fn reread_task(&mut self, id: &str) {
        self.read(&format!("/tasks/{id}"), "task", "project_id", id).await;
        let _ = self.replace(&format!("/tasks/{id}/comments"), "comment", "task_id", id).await;
    }

    async fn reread_project(&mut self, id: &str) {
        self.read(&format!("/projects/{id}"), "project", "team_id", id).await;
        for task in self.replace(&format!("/tasks?project={id}"), "task", "project_id", id).await {
            self.reread_task(&task).await;
        }
    }

    async fn reread_team(&mut self, id: &str) {
        self.read(&format!("/teams/{id}"), "team", "", id).await;
        let _ = self.replace(&format!("/teams/{id}/members"), "team_member", "team_id", id).await;
        for project in self.replace(&format!("/projects?team={id}"), "project", "team_id", id).await {
            self.reread_project(&project).await;
        }
    }

    /// Applies the changes since the cursor.
    pub(super) async fn follow(&mut self) {
        let (changes, cursor) = since(
            self.app,
            &self.user.token,
            &self.cursor,
            "&noun=user,team,team_member,project,task,comment",
        )
        .await;
        self.cursor = cursor;
        for change in changes {
            let (id, within) = (text(&change, "id"), text(&change, "within"));
            let noun = change["noun"].as_str().unwrap();
            // Deleted and hidden rows lose their child rows, too.
            let all = change["reread"] == true
                || matches!(change["action"].as_str().unwrap(), "delete" | "purge" | "hidden");
            match (noun, all) {
                ("user", true) => self.read_all().await,
                ("team", true) => self.reread_team(&id).await,
                ("team", false) => self.read(&format!("/teams/{id}"), "team", "", &id).await,
                ("team_member", all) => {
                    // A deleted or hidden row may no longer be found by its path.
                    let team = self.rows.get(&("team_member", id.clone())).map(|(team, _)| team.clone());
                    let team = Some(within).filter(|team| !team.is_empty()).or(team);
                    if let Some(team) = team {
                        let path = format!("/teams/{team}/members/{id}");
                        self.read(&path, "team_member", "team_id", &id).await;
                        if all {
                            self.reread_team(&team).await;
                        }
                    }
                }
                ("project", true) => self.reread_project(&id).await,
                ("project", false) => {
                    self.read(&format!("/projects/{id}"), "project", "team_id", &id).await;
                }
                ("task", true) => self.reread_task(&id).await,
                ("task", false) => self.read(&format!("/tasks/{id}"), "task", "project_id", &id).await,
                ("comment", _) => {
                    let path = format!("/tasks/{within}/comments/{id}");
                    self.read(&path, "comment", "task_id", &id).await;
                }
                _ => {}
            }
        }
    }

    pub(super) async fn is_right(&self, done: &[String]) {
        let fresh = Self::new(self.app, &self.user).await;
        assert_eq!(self.rows, fresh.rows, "{}\n{}", self.user.email, done.join("\n"));
    }

    /// A list shows the rows that a single read shows.
    pub(super) async fn agrees(&self, tasks: &[String]) {
        let listed = self.within_all("task");
        for task in tasks {
            let read = self.app.get(task).by(&self.user).send().await.status == 200;
            assert_eq!(read, listed.contains(World::id(task)), "{task} to {}", self.user.email);
        }
    }

    fn within_all(&self, noun: &str) -> BTreeSet<String> {
        self.rows.keys().filter(|(its, _)| *its == noun).map(|(_, id)| id.clone()).collect()
    }
}
