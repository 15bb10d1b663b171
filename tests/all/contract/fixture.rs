//! A tenant with a row of every resource type, for the requests.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use taskhub_auth::{Grant, Kind, Totp};
use taskhub_domain::{Clock, Context, context::Request, link, repository::Read, second_factor, user};
use taskhub_tests::{App, PASSWORD, Tenant, User};
use uuid::Uuid;

use super::bodies::other_picture;

/// A kind of row that a request names by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    /// The lead, who manages the teams.
    Lead,
    /// A team with the member, managed by the lead.
    Team,
    /// Another team, with the other member.
    OtherTeam,
    /// The membership of the member in the team.
    TeamMember,
    /// The membership of the other member in the other team.
    OtherTeamMember,
    /// A project with a task and a document, managed by the lead.
    Project,
    /// Another project, with a task.
    OtherProject,
    /// A milestone of the project.
    Milestone,
    /// A milestone of the other project.
    OtherMilestone,
    /// An empty project.
    EmptyProject,
    /// A project of the team, managed by the admin, and a task of the admin in it.
    TeamProject,
    TeamTask,
    /// A task of the member in the project, assigned to the other member.
    Task,
    /// A personal task of the member, assigned to the other member.
    PersonalTask,
    /// Another task in the project, which can have subtasks or be one.
    ParentTask,
    /// A task in the other project.
    OtherTask,
    /// The dependencies of the task and of the personal task.
    TaskDependency,
    OtherTaskDependency,
    /// A task of the member in the trash.
    DeletedTask,
    /// A label of the task.
    Label,
    /// A label without tasks.
    EmptyLabel,
    /// The admin's comment on the task, and the admin's watcher and reminder on it.
    Comment,
    Watcher,
    Reminder,
    /// The member's comment on the personal task, and the member's watcher and reminder on it.
    OtherComment,
    OtherWatcher,
    OtherReminder,
    /// The notification that the member mentioned the admin.
    Notification,
    /// The member's file on the task.
    Attachment,
    /// The member's file on the personal task.
    OtherAttachment,
    /// The member's time entry on the task.
    TimeEntry,
    /// The admin's timer, which runs on the task of the team.
    OtherTimeEntry,
    /// The member's document in the project.
    Document,
    /// A document in another project, with two versions.
    OtherDocument,
    /// The only version of the document.
    Version,
    /// The first version of the other document.
    OtherVersion,
    /// A client with a request.
    Client,
    /// Another client, with another request.
    OtherClient,
    /// A client without requests.
    EmptyClient,
    /// A request type that is in use.
    RequestType,
    /// A request type that is not in use.
    EmptyRequestType,
    /// The request of the client, assigned to the other member.
    Request,
    /// The member of the team, as a user.
    Member,
    /// A user with rows.
    Assignee,
    /// A user without rows, with a second factor.
    Spare,
    /// A user with a picture: the admin.
    Pictured,
    /// A deactivated user without rows.
    Inactive,
    /// An invitation of a member by the manager.
    Invitation,
    /// An audit entry.
    Audit,
    /// A session of the user with rows.
    Session,
    /// A service account.
    ServiceAccount,
    /// The member's personal access token.
    AccessToken,
}

/// A tenant and its rows.
pub(super) struct Fixture {
    /// Its users.
    pub(super) people: Tenant,
    /// A member who is the manager of the projects.
    pub(super) lead: User,
    /// A member without a relation to any row.
    pub(super) bystander: User,
    /// The lead, who is setting up a second factor.
    pub(super) enrolling: Enrolled,
    /// The user without rows.
    pub(super) guarded: Enrolled,
    /// The admin's access token, of one of two sessions.
    pub(super) admin: String,
    /// The refresh token of that session.
    pub(super) refresh: String,
    /// The secret of the service account.
    pub(super) client_secret: String,
    /// The member's personal access token.
    pub(super) personal: String,
    /// A timestamp in the near future.
    pub(super) soon: String,
    /// The token that verifies the member's email address.
    pub(super) verification: String,
    /// The token that lets the other member set a password.
    pub(super) reset: String,
    rows: HashMap<Slot, String>,
}

/// A user with a second factor and a session.
pub(super) struct Enrolled {
    pub(super) token: String,
    totp: Totp,
    clock: Clock,
}

impl Enrolled {
    /// The code of the next time step, because that of the current one may be used.
    pub(super) fn code(&self) -> String {
        self.totp.code(self.clock.now().seconds() + 30)
    }

    /// Begins the set-up of a second factor.
    async fn new(app: &App, user: &User) -> Self {
        let (repository, now) = (&app.state.repository, app.clock.now());
        let grant = Grant {
            kind: Kind::User,
            id: user.id,
            tenant: Some(user.tenant),
            role: Some("member".to_owned()),
            scopes: None,
            session: Some(now.token_id()),
            lifetime: 3600,
        };
        let token = app.mint(&grant);
        let principal = app.state.keys.present().verifier.verify(&token, now.seconds()).unwrap();
        let ctx = Context::of(&principal, Request::default(), app.clock.clone()).unwrap();
        let hash = user::profile(repository, &ctx).await.unwrap().password_hash;
        let enrol = repository.write(&ctx, hash, |tx, hash| Box::pin(second_factor::enrol(tx, hash)));
        let totp = Totp::parse(enrol.await.unwrap().secret.expose_secret()).unwrap();
        Self { token, totp, clock: app.clock.clone() }
    }

    /// Begins and confirms the set-up.
    async fn confirmed(app: &App, user: &User) -> Self {
        let enrolled = Self::new(app, user).await;
        let code = json!({ "code": enrolled.totp.code(app.clock.now().seconds()) });
        let _ = app.post("/auth/mfa/totp/confirm").token(&enrolled.token).json(&code).gives(200).await;
        enrolled
    }
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A unique word.
pub(super) fn fresh() -> String {
    format!("w{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst))
}

impl Fixture {
    /// Creates a new tenant.
    pub(super) async fn new(app: &App) -> Self {
        let people = app.tenant().await;
        let lead = person(app, &people, "member").await;
        let bystander = person(app, &people, "member").await;
        let _ = session(app, &people, &people.admin).await;
        let [admin, refresh] = session(app, &people, &people.admin).await;
        let picture = app.put("/auth/profile/picture").token(&admin).body("image/jpeg", other_picture());
        let _ = picture.gives(200).await;
        welcome(app, &people.other).await;
        let verification = app.mail_about(&people.member.email, "verify-email").await.token;
        let reset = app.mail_about(&people.other.email, "reset-password").await.token;
        let enrolling = Enrolled::new(app, &lead).await;
        let soon = app.clock.now().plus(Duration::from_hours(24)).to_string();
        let (rows, guarded) = rows(app, &people, &lead).await;
        let (client_secret, personal) = (String::new(), String::new());
        let mut fixture = Self {
            people,
            lead,
            bystander,
            enrolling,
            guarded,
            admin,
            refresh,
            client_secret,
            personal,
            soon,
            verification,
            reset,
            rows,
        };
        fixture.programs(app).await;
        fixture
    }

    /// The id of the row of a kind.
    pub(super) fn id(&self, slot: Slot) -> &str {
        &self.rows[&slot]
    }

    /// The ids of all rows.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.rows.values().map(String::as_str)
    }

    /// Creates a service account and a personal access token.
    async fn programs(&mut self, app: &App) {
        let Self { people, soon, rows, .. } = self;
        let service = json!({ "name": fresh(), "scopes": ["service-accounts:write"] });
        let service = app.post("/service-accounts").by(&people.admin).json(&service).gives(201).await;
        rows.insert(Slot::ServiceAccount, text(&service["id"]));
        self.client_secret = text(&service["client_secret"]);
        let personal = json!({ "name": "report", "scopes": ["tasks:read"], "expires_at": soon });
        let personal = app.post("/access-tokens").by(&people.member).json(&personal).gives(201).await;
        rows.insert(Slot::AccessToken, text(&personal["id"]));
        self.personal = text(&personal["token"]);
    }
}

/// More tasks, with labels and dependencies.
async fn tasks(
    app: &App,
    people: &Tenant,
    rows: &mut HashMap<Slot, String>,
    task: &impl Fn(Option<&String>) -> Value,
) {
    let other = task(rows.get(&Slot::OtherProject));
    rows.insert(Slot::OtherTask, make(app, &people.member, "/tasks", &other).await);
    for slot in [Slot::Label, Slot::EmptyLabel] {
        rows.insert(slot, make(app, &people.admin, "/labels", &json!({ "name": fresh() })).await);
    }
    let parent =
        json!({ "title": "Do all", "project_id": rows[&Slot::Project], "label_ids": [rows[&Slot::Label]] });
    rows.insert(Slot::ParentTask, make(app, &people.member, "/tasks", &parent).await);
    for (slot, task) in [(Slot::TaskDependency, Slot::Task), (Slot::OtherTaskDependency, Slot::PersonalTask)]
    {
        // Cancelled, so that it does not block.
        let blocker =
            json!({ "title": "Begin", "project_id": rows[&Slot::OtherProject], "status": "cancelled" });
        let blocker = make(app, &people.member, "/tasks", &blocker).await;
        let path = format!("/tasks/{}/dependencies", rows[&task]);
        rows.insert(slot, make(app, &people.member, &path, &json!({ "blocker_id": blocker })).await);
    }
    let deleted = make(app, &people.member, "/tasks", &task(rows.get(&Slot::Project))).await;
    let _ = app.delete(&format!("/tasks/{deleted}")).by(&people.member).gives(204).await;
    rows.insert(Slot::DeletedTask, deleted);
}

/// Creates rows of every kind, and the spare user.
async fn rows(app: &App, people: &Tenant, lead: &User) -> (HashMap<Slot, String>, Enrolled) {
    let mut rows = HashMap::new();
    work(app, people, lead, &mut rows).await;
    rows.insert(Slot::Lead, lead.id.to_string());
    let guarded = folk(app, people, &mut rows).await;
    (rows, guarded)
}

/// Creates projects, tasks and other rows of work.
async fn work(app: &App, people: &Tenant, lead: &User, rows: &mut HashMap<Slot, String>) {
    let project = json!({ "name": "Website", "manager_id": lead.id });
    for slot in [Slot::Project, Slot::OtherProject, Slot::EmptyProject] {
        rows.insert(slot, make(app, &people.admin, "/projects", &project).await);
    }
    for (slot, project) in [(Slot::Milestone, Slot::Project), (Slot::OtherMilestone, Slot::OtherProject)] {
        let path = format!("/projects/{}/milestones", rows[&project]);
        rows.insert(slot, make(app, &people.admin, &path, &json!({ "name": "First release" })).await);
    }
    for (slot, member, user) in [
        (Slot::Team, Slot::TeamMember, &people.member),
        (Slot::OtherTeam, Slot::OtherTeamMember, &people.other),
    ] {
        let team = json!({ "name": fresh(), "manager_id": lead.id });
        let id = make(app, &people.admin, "/teams", &team).await;
        let body = json!({ "user_id": user.id, "role": "Writer" });
        rows.insert(member, make(app, &people.admin, &format!("/teams/{id}/members"), &body).await);
        rows.insert(slot, id);
    }
    let task = |project: Option<&String>| json!({ "title": "Write it", "project_id": project, "assignee_id": people.other.id });
    for (slot, project) in [(Slot::Task, rows.get(&Slot::Project).cloned()), (Slot::PersonalTask, None)] {
        rows.insert(slot, make(app, &people.member, "/tasks", &task(project.as_ref())).await);
    }
    tasks(app, people, rows, &task).await;
    talk(app, people, rows).await;
    let project = json!({ "name": "Brand", "manager_id": people.admin.id, "team_id": rows[&Slot::Team] });
    rows.insert(Slot::TeamProject, make(app, &people.admin, "/projects", &project).await);
    let drawn = json!({ "title": "Draw it", "project_id": rows[&Slot::TeamProject] });
    rows.insert(Slot::TeamTask, make(app, &people.admin, "/tasks", &drawn).await);
    let worked = json!({ "started_at": "2026-01-30T09:00:00Z", "minutes": 30 });
    let place = format!("/tasks/{}/time-entries", rows[&Slot::Task]);
    rows.insert(Slot::TimeEntry, make(app, &people.member, &place, &worked).await);
    let timer = app.post(&format!("/tasks/{}/timer", rows[&Slot::TeamTask])).by(&people.admin);
    rows.insert(Slot::OtherTimeEntry, text(&timer.gives(201).await["id"]));
    let document = json!({ "title": "Minutes", "project_id": rows[&Slot::Project], "content": "All." });
    rows.insert(Slot::Document, make(app, &people.member, "/documents", &document).await);
    let other = json!({ "title": "Agenda", "project_id": rows[&Slot::OtherProject], "content": "Most." });
    rows.insert(Slot::OtherDocument, make(app, &people.member, "/documents", &other).await);
    let path = format!("/documents/{}", rows[&Slot::OtherDocument]);
    let _ = app.patch(&path).by(&people.member).json(&json!({ "content": "Some." })).gives(200).await;
    for (slot, document) in [(Slot::Version, Slot::Document), (Slot::OtherVersion, Slot::OtherDocument)] {
        let path = format!("/documents/{}/versions?sort=number", rows[&document]);
        let versions = app.get(&path).by(&people.member).gives(200).await;
        rows.insert(slot, text(&versions["results"][0]["id"]));
    }
    for (slot, task) in [(Slot::Attachment, Slot::Task), (Slot::OtherAttachment, Slot::PersonalTask)] {
        let path = format!("/tasks/{}/attachments?name=notes.txt", rows[&task]);
        let made = app.post(&path).by(&people.member).body(super::table::FILE, "Notes.").gives(201).await;
        rows.insert(slot, text(&made["id"]));
    }
    for (slot, path) in [
        (Slot::Client, "/clients"),
        (Slot::OtherClient, "/clients"),
        (Slot::EmptyClient, "/clients"),
        (Slot::RequestType, "/request-types"),
        (Slot::EmptyRequestType, "/request-types"),
    ] {
        rows.insert(slot, make(app, &people.admin, path, &json!({ "name": fresh() })).await);
    }
    for client in [Slot::OtherClient, Slot::Client] {
        let request = json!({
            "title": "Mend it", "client_id": rows[&client], "type_id": rows[&Slot::RequestType],
            "assignee_id": people.other.id,
        });
        rows.insert(Slot::Request, make(app, &people.member, "/requests", &request).await);
    }
}

/// Creates users and invitations, and the spare user.
async fn folk(app: &App, people: &Tenant, rows: &mut HashMap<Slot, String>) -> Enrolled {
    let invitation = json!({ "email": format!("{}@walks.example", fresh()) });
    rows.insert(Slot::Invitation, make(app, &people.manager, "/invitations", &invitation).await);
    rows.insert(Slot::Member, people.member.id.to_string());
    rows.insert(Slot::Pictured, people.admin.id.to_string());
    rows.insert(Slot::Assignee, people.other.id.to_string());
    let spare = person(app, people, "member").await;
    rows.insert(Slot::Spare, spare.id.to_string());
    let inactive = person(app, people, "member").await.id.to_string();
    let out = app.patch(&format!("/users/{inactive}")).by(&people.admin);
    let _ = out.json(&json!({ "is_active": false })).gives(200).await;
    rows.insert(Slot::Inactive, inactive);
    let guarded = Enrolled::confirmed(app, &spare).await;
    let [access, _] = session(app, people, &people.other).await;
    let sessions = app.get("/auth/sessions").token(&access).gives(200).await;
    rows.insert(Slot::Session, text(&sessions["results"][0]["id"]));
    let audit = app.get("/audit?page_size=1").by(&people.admin).gives(200).await;
    rows.insert(Slot::Audit, text(&audit["results"][0]["id"]));
    guarded
}

/// Creates comments, watchers, reminders and notifications.
async fn talk(app: &App, people: &Tenant, rows: &mut HashMap<Slot, String>) {
    for (task, comment, watcher, reminder, author) in [
        (Slot::Task, Slot::Comment, Slot::Watcher, Slot::Reminder, &people.admin),
        (Slot::PersonalTask, Slot::OtherComment, Slot::OtherWatcher, Slot::OtherReminder, &people.member),
    ] {
        let path = format!("/tasks/{}", rows[&task]);
        let said = json!({ "body": "Half of it is there, @admin." });
        rows.insert(comment, make(app, author, &format!("{path}/comments"), &said).await);
        let watchers = app.get(&format!("{path}/watchers")).by(author).gives(200).await;
        rows.insert(watcher, text(&watchers["results"][0]["id"]));
        let at = json!({ "remind_at": "2027-01-15T09:00:00Z" });
        rows.insert(reminder, make(app, &people.admin, &format!("{path}/reminders"), &at).await);
    }
    let told = app.get("/notifications").by(&people.admin).gives(200).await;
    rows.insert(Slot::Notification, text(&told["results"][0]["id"]));
}

/// The tokens of a new session. The tenant is named, so that only one password hash is computed.
async fn session(app: &App, people: &Tenant, user: &User) -> [String; 2] {
    let body = json!({ "email": user.email, "password": PASSWORD, "tenant": people.slug });
    let pair = app.post("/auth/token").json(&body).gives(200).await;
    ["access_token", "refresh_token"].map(|name| text(&pair[name]))
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
    User { id, tenant: tenant.id, email, token: app.mint(&grant) }
}

/// Sends the user a link to set a password.
async fn welcome(app: &App, user: &User) {
    let ctx = app.state.repository.system("a test", Request::default()).within(user.tenant);
    let send = app.state.repository.write(&ctx, user.id, |tx, id| {
        Box::pin(async move {
            let seen = tx.resolve::<user::User, _>(*id, Read).await?;
            link::welcome(tx, seen.row()).await
        })
    });
    send.await.unwrap();
}

async fn make(app: &App, user: &User, path: &str, body: &Value) -> String {
    text(&app.post(path).by(user).json(body).gives(201).await["id"])
}

/// A string in a response.
pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
