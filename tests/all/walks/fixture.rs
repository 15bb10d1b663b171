//! A tenant with a row of every kind, for requests to be about.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::{Value, json};
use taskhub_auth::{Grant, Kind};
use taskhub_tests::{App, PASSWORD, Tenant, User};
use uuid::Uuid;

/// A kind of row that a request names by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    /// A project with a task and a document, managed by the lead.
    Project,
    /// Another project, with a task.
    OtherProject,
    /// A project in which nothing lies.
    EmptyProject,
    /// A task in the project: the member's, assigned to the other member.
    Task,
    /// The same in no project.
    PersonalTask,
    /// The member's document in the project.
    Document,
    /// A user that rows refer to.
    Assignee,
    /// A user that nothing refers to.
    Spare,
    /// A line of the audit.
    Audit,
}

/// A tenant and its rows.
pub(super) struct Fixture {
    /// Its people.
    pub(super) people: Tenant,
    /// A member who is named the projects' manager.
    pub(super) lead: User,
    /// A member who has nothing to do with any row.
    pub(super) bystander: User,
    /// The admin's token, of a session.
    pub(super) admin: String,
    /// That session's refresh token.
    pub(super) refresh: String,
    rows: HashMap<Slot, String>,
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A word that no other call gets.
pub(super) fn fresh() -> String {
    format!("w{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst))
}

impl Fixture {
    /// A new tenant.
    pub(super) async fn new(app: &App) -> Self {
        let people = app.tenant().await;
        let lead = person(app, &people, "member").await;
        let bystander = person(app, &people, "member").await;
        let (admin, refresh) = people.admin.sign_in(app).await;
        let mut fixture = Self { people, lead, bystander, admin, refresh, rows: HashMap::new() };
        fixture.renew(app).await;
        fixture
    }

    /// The id of its row of a kind.
    pub(super) fn id(&self, slot: Slot) -> &str {
        &self.rows[&slot]
    }

    /// The ids of all its rows.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.rows.values().map(String::as_str)
    }

    /// Makes new rows of every kind, to be named from now on.
    pub(super) async fn renew(&mut self, app: &App) {
        let Self { people, lead, .. } = self;
        let project = json!({ "name": "Website", "manager_id": lead.id });
        let mut rows = HashMap::new();
        for slot in [Slot::Project, Slot::OtherProject, Slot::EmptyProject] {
            rows.insert(slot, make(app, &people.admin, "/projects", &project).await);
        }
        let task = |project: Option<&String>| json!({ "title": "Write it", "project_id": project, "assignee_id": people.other.id });
        for (slot, project) in [(Slot::Task, rows.get(&Slot::Project).cloned()), (Slot::PersonalTask, None)] {
            rows.insert(slot, make(app, &people.member, "/tasks", &task(project.as_ref())).await);
        }
        make(app, &people.member, "/tasks", &task(rows.get(&Slot::OtherProject))).await;
        let document = json!({ "title": "Minutes", "project_id": rows[&Slot::Project], "content": "All." });
        rows.insert(Slot::Document, make(app, &people.member, "/documents", &document).await);
        rows.insert(Slot::Assignee, people.other.id.to_string());
        rows.insert(Slot::Spare, person(app, people, "member").await.id.to_string());
        let audit = app.get("/audit?page_size=1").by(&people.admin).gives(200).await;
        rows.insert(Slot::Audit, text(&audit["results"][0]["id"]));
        self.rows = rows;
    }
}

/// A new user of a tenant, with a token without a session.
pub(super) async fn person(app: &App, tenant: &Tenant, role: &str) -> User {
    let name = fresh();
    let email = format!("{name}@{}.example", tenant.slug);
    let body = json!({ "email": email, "username": name, "password": PASSWORD, "role": role });
    let id: Uuid = make(app, &tenant.admin, "/users", &body).await.parse().unwrap();
    let grant = Grant {
        kind: Kind::User,
        id,
        tenant: Some(tenant.id),
        role: Some(role.to_owned()),
        scopes: None,
        session: None,
        lifetime: 3600,
    };
    User { id, tenant: tenant.id, email, token: app.state.mint_grant(&grant).unwrap() }
}

async fn make(app: &App, user: &User, path: &str, body: &Value) -> String {
    text(&app.post(path).by(user).json(body).gives(201).await["id"])
}

/// A string in an answer.
pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
