//! Scenario tests of visibility changes: a client that keeps a copy by the change feed has exactly
//! what it could read.

mod assignment;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User, every_database};

use crate::feed::{Stream, make, name, now, since, team};

every_database!(
    copy_kept_by_the_change_feed_equals_the_lists,
    row_that_becomes_visible_again_is_read_again,
    leaving_a_team_is_reported_to_the_user,
    assignee_of_a_personal_task_sees_its_child_rows,
    changed_role_is_reported_to_its_user,
    notification_is_delivered_to_its_owner,
);

/// The changes since the cursor. Changes that require reading again are marked.
async fn told(app: &App, by: &User, cursor: &str, nouns: &str) -> Vec<String> {
    let (changes, _) = since(app, &by.token, cursor, &format!("&noun={nouns}")).await;
    changes.iter().map(shown).collect()
}

fn shown(change: &Value) -> String {
    if change["reread"] == true { format!("{} reread", name(change)) } else { name(change) }
}

async fn row_that_becomes_visible_again_is_read_again(app: &App) {
    let t = app.tenant().await;
    let (project, task) = team(app, &t).await;
    let (elsewhere, _) = make(app, &t.admin, "/teams", json!({ "name": "Print" })).await;
    let home = app.get(&project).by(&t.admin).gives(200).await["team_id"].clone();
    let begin = now(app, &t.member).await;
    let moves = async |team: &Value| {
        let _ = app.patch(&project).by(&t.admin).json(&json!({ "team_id": team })).gives(200).await;
    };
    moves(&elsewhere).await;
    let _ = app.patch(&task).by(&t.admin).json(&json!({ "title": "Emblem" })).gives(200).await;
    let nouns = "&noun=task,project";
    let (changes, middle) = since(app, &t.member.token, &begin, nouns).await;
    assert_eq!(changes.iter().map(shown).collect::<Vec<_>>(), ["project.hidden 2 reread"]);
    // The event does not reveal the new place of the row.
    assert_eq!(changes[0]["within"], Value::Null);
    // Users who never saw the row get no event.
    assert!(told(app, &t.other, &begin, "task,project").await.is_empty());
    moves(&home).await;
    assert_eq!(told(app, &t.member, &middle, "task,project").await, ["project.update 3 reread"]);
    // A row that was deleted meanwhile is also reported as hidden.
    moves(&elsewhere).await;
    let _ = app.delete(&task).by(&t.admin).gives(204).await;
    let _ = app.delete(&format!("{project}?purge=true")).by(&t.admin).gives(204).await;
    let last = told(app, &t.member, &middle, "project").await;
    assert_eq!(last, ["project.hidden 4 reread"]);
}

async fn leaving_a_team_is_reported_to_the_user(app: &App) {
    let t = app.tenant().await;
    let (project, _) = team(app, &t).await;
    let teams = app.get("/teams").by(&t.admin).gives(200).await;
    let team = format!("/teams/{}", teams["results"][0]["id"].as_str().unwrap());
    let members = app.get(&format!("{team}/members")).by(&t.admin).gives(200).await;
    let own = format!("{team}/members/{}", members["results"][0]["id"].as_str().unwrap());
    let begin = now(app, &t.member).await;
    let nouns = "team,team_member,project";
    let mut stream = Stream::open(app, &t.member, &format!("/events?noun={nouns}"), None).await;
    let _ = app.delete(&own).by(&t.manager).gives(204).await;
    assert_eq!(told(app, &t.member, &begin, nouns).await, ["team_member.delete 1 reread"]);
    assert_eq!(told(app, &t.manager, &begin, nouns).await, ["team_member.delete 1"]);
    let (_, event, change) = stream.next().await;
    assert_eq!((event.as_str(), &change["within"]), ("team_member.delete", &teams["results"][0]["id"]));
    // Later changes are not delivered to the user.
    let _ = app.patch(&project).by(&t.manager).json(&json!({ "name": "Look" })).gives(200).await;
    let (_, joined) =
        make(app, &t.manager, &format!("{team}/members"), json!({ "user_id": t.other.id })).await;
    assert_eq!(told(app, &t.member, &begin, nouns).await, ["team_member.delete 1 reread"]);
    // A new member must read the team again; for others only the membership is new.
    let gained = told(app, &t.other, &begin, "team_member").await;
    assert_eq!(gained, ["team_member.delete 1", "team_member.create 1 reread"]);
    let known = told(app, &t.manager, &begin, "team_member").await;
    assert_eq!(known, ["team_member.delete 1", "team_member.create 1"]);
    // A replaced manager no longer sees the team, and the new one does.
    let begin = now(app, &t.member).await;
    let _ = app.patch(&team).by(&t.admin).json(&json!({ "manager_id": t.member.id })).gives(200).await;
    assert_eq!(told(app, &t.manager, &begin, "team").await, ["team.hidden 2 reread"]);
    assert_eq!(told(app, &t.member, &begin, "team").await, ["team.update 2 reread"]);
    let _ = app.delete(&joined).by(&t.admin).gives(204).await;
}

async fn assignee_of_a_personal_task_sees_its_child_rows(app: &App) {
    let t = app.tenant().await;
    let (id, task) = make(app, &t.member, "/tasks", json!({ "title": "Own" })).await;
    let (_, comment) = make(app, &t.member, &format!("{task}/comments"), json!({ "body": "Blue?" })).await;
    let begin = now(app, &t.admin).await;
    let assign = async |to: Value| {
        let _ = app.patch(&task).by(&t.admin).json(&json!({ "assignee_id": to })).gives(200).await;
    };
    assign(json!(t.other.id)).await;
    assert_eq!(told(app, &t.other, &begin, "task,comment").await, ["task.update 2 reread"]);
    let _ = app.patch(&comment).by(&t.member).json(&json!({ "body": "Red?" })).gives(200).await;
    let (changes, middle) = since(app, &t.other.token, &begin, "&noun=comment").await;
    assert_eq!((changes.len(), &changes[0]["within"]), (1, &id));
    assign(Value::Null).await;
    assert_eq!(told(app, &t.other, &middle, "task,comment").await, ["task.hidden 3 reread"]);
    // A change of another field affects nobody's visibility.
    let _ = app.patch(&task).by(&t.member).json(&json!({ "title": "Theirs" })).gives(200).await;
    assert!(told(app, &t.other, &middle, "task").await.iter().all(|it| it != "task.update 4"));
    assert!(told(app, &t.member, &middle, "task").await.contains(&"task.update 4".to_owned()));
}

async fn changed_role_is_reported_to_its_user(app: &App) {
    let mut t = app.tenant().await;
    let begin = now(app, &t.member).await;
    let path = format!("/users/{}", t.member.id);
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "first_name": "Mia" })).gives(200).await;
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "role": "manager" })).gives(200).await;
    t.later(app, std::time::Duration::from_secs(2));
    assert_eq!(told(app, &t.member, &begin, "user").await, ["user.update 2", "user.update 3 reread"]);
    assert_eq!(told(app, &t.other, &begin, "user").await, ["user.update 2", "user.update 3"]);
}

async fn notification_is_delivered_to_its_owner(app: &App) {
    let t = app.tenant().await;
    let begin = now(app, &t.admin).await;
    let mut stream = Stream::open(app, &t.member, "/events?noun=notification", None).await;
    let body = json!({ "title": "Water the plants", "assignee_id": t.member.id });
    let _ = make(app, &t.admin, "/tasks", body).await;
    let (changes, _) = since(app, &t.member.token, &begin, "&noun=notification").await;
    assert_eq!(changes.iter().map(shown).collect::<Vec<_>>(), ["notification.create 1"]);
    let path = format!("/notifications/{}", changes[0]["id"].as_str().unwrap());
    assert_eq!(app.get(&path).by(&t.member).gives(200).await["kind"], "assigned");
    assert_eq!(stream.next().await.2["id"], changes[0]["id"]);
    for other in [&t.admin, &t.other] {
        assert!(told(app, other, &begin, "notification").await.is_empty());
    }
}

/// Rows by resource type and id: the id of the row that contains them, and their version.
type Rows = BTreeMap<(&'static str, String), (String, i64)>;

/// A copy that a client keeps according to `docs/events.md`.
struct Mirror<'a> {
    app: &'a App,
    user: User,
    cursor: String,
    rows: Rows,
}

fn text(row: &Value, field: &str) -> String {
    row[field].as_str().unwrap_or_default().to_owned()
}

impl<'a> Mirror<'a> {
    async fn new(app: &'a App, user: &User) -> Self {
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
    async fn follow(&mut self) {
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

    async fn is_right(&self, done: &[String]) {
        let fresh = Self::new(self.app, &self.user).await;
        assert_eq!(self.rows, fresh.rows, "{}\n{}", self.user.email, done.join("\n"));
    }

    /// A list shows the rows that a single read shows.
    async fn agrees(&self, tasks: &[String]) {
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

/// A deterministic random number generator.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.throw(of.len())]
    }
}

/// The rows that the test changes.
struct World {
    people: Vec<Value>,
    teams: Vec<Value>,
    projects: Vec<String>,
    tasks: Vec<String>,
}

impl World {
    async fn new(app: &App, t: &Tenant) -> Self {
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

    fn id(path: &str) -> &str {
        path.rsplit('/').next().unwrap()
    }

    /// Makes a random change, which may be refused. Returns its description.
    async fn step(&mut self, app: &App, t: &Tenant, dice: &mut Dice) -> String {
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

const STEPS: usize = 60;

/// Random moves, joins, departures and edits, with users who synchronise now and then.
async fn copy_kept_by_the_change_feed_equals_the_lists(app: &App) {
    for seed in [1, 2] {
        let t = app.tenant().await;
        let (mut dice, mut done) = (Dice(seed), Vec::new());
        let mut world = World::new(app, &t).await;
        let mut mirrors = Vec::new();
        for user in [&t.manager, &t.member, &t.other] {
            mirrors.push(Mirror::new(app, user).await);
        }
        for step in 0..STEPS {
            done.push(world.step(app, &t, &mut dice).await);
            for mirror in &mut mirrors {
                if dice.throw(6) == 0 || step + 1 == STEPS {
                    mirror.follow().await;
                    mirror.is_right(&done).await;
                    mirror.agrees(&world.tasks).await;
                }
            }
        }
    }
}
