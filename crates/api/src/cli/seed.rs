//! `taskhub seed`: demonstration data, the same each time but for ids and times.

mod office;
mod talk;
mod time;

use std::{fs, path::PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use taskhub_auth::{Grant, Kind};
use taskhub_domain::{
    Context, Result, Tx,
    document::Document,
    edit,
    input::Unchecked,
    policy::Role,
    project::{Milestone, Project},
    task::Task,
    tenant::{self, NewTenant, Tenant},
    user::{self, NewUser, User},
};
use uuid::Uuid;

use super::{operator, say};
use crate::{
    config::Settings,
    state::{StartError, State},
};

/// The password of every demonstration user.
const PASSWORD: &str = "wide-green-rivers";
/// Rows of one transaction.
const BATCH: usize = 500;
const NAMES: [&str; 12] = [
    "Acme", "Borealis", "Cobalt", "Dune", "Ember", "Fjord", "Garnet", "Harbour", "Indigo", "Juniper",
    "Kestrel", "Lumen",
];
const PEOPLE: [(&str, &str, &str, Role); 6] = [
    ("ada", "Ada", "Lovelace", Role::Admin),
    ("grace", "Grace", "Hopper", Role::Manager),
    ("alan", "Alan", "Turing", Role::Manager),
    ("edsger", "Edsger", "Dijkstra", Role::Member),
    ("barbara", "Barbara", "Liskov", Role::Member),
    ("donald", "Donald", "Knuth", Role::Member),
];
const PROJECTS: [&str; 5] = ["Website", "Mobile app", "Onboarding", "Data migration", "Annual report"];
const VERBS: [&str; 7] = ["Draft", "Review", "Publish", "Test", "Estimate", "Repair", "Document"];
const THINGS: [&str; 11] = [
    "the release notes",
    "the landing page",
    "the price list",
    "the import",
    "the backup plan",
    "the contract",
    "the survey",
    "the sign-in page",
    "the dashboard",
    "the invoice template",
    "the style guide",
];

#[derive(Args, Debug)]
pub(super) struct Seed {
    /// How many tenants
    #[arg(long, default_value = "2", value_parser = clap::value_parser!(u32).range(2..=10_000))]
    tenants: u32,
    /// How many tasks in each
    #[arg(long, default_value = "200", value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    tasks: u32,
    /// The file that gets a token for each user
    #[arg(long, default_value = "test_tokens.json")]
    tokens: PathBuf,
}

impl Seed {
    pub(super) async fn run(self, settings: Settings) -> std::result::Result<(), StartError> {
        let (state, system) = operator(settings, "seeding").await?;
        let hashed = state.hasher.hash(PASSWORD.to_owned().into()).await;
        let hash = hashed.map_err(|error| StartError::Setting(error.to_string()))?;
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} tasks, {per_sec}, {eta} to go");
        let bar = ProgressBar::new(u64::from(self.tenants) * u64::from(self.tasks));
        bar.set_style(style.map_err(|error| StartError::Setting(error.to_string()))?);
        let mut told = Vec::new();
        for number in 0..self.tenants as usize {
            let ctx = system.within(system.now().token_id());
            let people = (number, hash.clone());
            let (tenant, users) =
                state.store.write(&ctx, people, |tx, (n, hash)| Box::pin(people_of(tx, *n, hash))).await?;
            let (admin, others) =
                (users.first().map(|user| user.id), users.iter().map(|user| user.id).collect::<Vec<_>>());
            let projects = state
                .store
                .write(&ctx, (number, admin), |tx, (n, admin)| Box::pin(projects_of(tx, *n, *admin)))
                .await?;
            self.tasks_of(&state, &ctx, &projects, &others, &bar).await?;
            time::worked(&state, &ctx).await?;
            office::furnish(&state, &ctx, &others).await?;
            told.push(json!({
                "id": tenant.id, "slug": tenant.slug, "name": tenant.name,
                "users": users.iter().map(|user| introduce(&state, user)).collect::<std::result::Result<Vec<_>, _>>()?,
            }));
        }
        bar.finish_and_clear();
        let file = json!({ "password": PASSWORD, "tenants": told });
        let text =
            serde_json::to_string_pretty(&file).map_err(|error| StartError::Setting(error.to_string()))?;
        fs::write(&self.tokens, text).map_err(|why| StartError::File {
            what: format!("{} can't be written", self.tokens.display()),
            why,
        })?;
        say(format_args!(
            "{} tenants with {} tasks each; tokens are in {}",
            self.tenants,
            self.tasks,
            self.tokens.display()
        ));
        Ok(())
    }

    async fn tasks_of(
        &self,
        state: &State,
        ctx: &Context,
        projects: &[Uuid],
        users: &[Uuid],
        bar: &ProgressBar,
    ) -> Result<()> {
        let tasks: Vec<Value> =
            (0..self.tasks as usize).map(|number| task_body(number, projects, users)).collect();
        for batch in tasks.chunks(BATCH) {
            state.store.write(ctx, batch.to_vec(), |tx, batch| Box::pin(add_tasks(tx, batch))).await?;
            bar.inc(batch.len() as u64);
        }
        Ok(())
    }
}

async fn people_of(tx: &Tx, number: usize, hash: &str) -> Result<(Tenant, Vec<User>)> {
    let name = pick(&NAMES, number);
    let round = number / NAMES.len();
    let suffix = if round == 0 { String::new() } else { format!(" {}", round + 1) };
    let new = Unchecked::<NewTenant>::new(json!({ "name": format!("{name}{suffix}") })).check()?;
    let tenant = tenant::create(tx, &new).await?;
    let mut users = Vec::new();
    for (username, first_name, last_name, role) in PEOPLE {
        let body = json!({
            "email": format!("{username}@{}.example", tenant.slug), "username": username, "password": PASSWORD,
            "first_name": first_name, "last_name": last_name, "role": role,
        });
        let new = Unchecked::<NewUser>::new(body).check()?;
        users.push(user::create_verified(tx, &new, hash).await?);
    }
    Ok((tenant, users))
}

async fn projects_of(tx: &Tx, number: usize, manager: Option<Uuid>) -> Result<Vec<Uuid>> {
    let mut ids = Vec::new();
    for (position, name) in PROJECTS.iter().enumerate() {
        let status = pick(&["active", "planned", "active", "on_hold", "completed"], number + position);
        let body = json!({ "name": name, "status": status, "manager_id": manager, "description": format!("{name}, as agreed."), "objectives": "Done by the end of the year." });
        let project = edit::create::<Project>(tx, &Unchecked::new(body)).await?;
        let body = json!({ "title": format!("{name}: minutes"), "project_id": project.id, "content": "# Minutes\n\nAll present." });
        edit::create::<Document>(tx, &Unchecked::new(body)).await?;
        milestones_of(tx, project.id).await?;
        ids.push(project.id);
    }
    Ok(ids)
}

async fn milestones_of(tx: &Tx, project: Uuid) -> Result<()> {
    for (name, due, reached) in
        [("Kick-off", "2027-01-15", true), ("Beta", "2027-06-30", false), ("Release", "2027-12-01", false)]
    {
        let body = json!({ "name": name, "due_at": format!("{due}T17:00:00Z"), "reached": reached });
        edit::create_within::<Milestone>(tx, project, &Unchecked::new(body)).await?;
    }
    Ok(())
}

fn task_body(number: usize, projects: &[Uuid], users: &[Uuid]) -> Value {
    let title = format!("{} {} ({})", pick(&VERBS, number), pick(&THINGS, number / 3), number + 1);
    let priority = pick(&["low", "medium", "medium", "high", "urgent"], number / 2);
    let status = pick(&["todo", "in_progress", "done", "todo", "done", "cancelled"], number / 5);
    let due = (!number.is_multiple_of(3))
        .then(|| format!("2027-{:02}-{:02}T17:00:00Z", number / 28 % 12 + 1, number % 28 + 1));
    json!({
        "title": title, "priority": priority, "status": status, "due_at": due,
        "project_id": projects.get(number % projects.len().max(1)), "assignee_id": users.get(number % users.len().max(1)),
        "estimate_minutes": (number % 16) * 15,
    })
}

async fn add_tasks(tx: &Tx, batch: &[Value]) -> Result<()> {
    let mut tasks = Vec::new();
    for body in batch {
        tasks.push(edit::create::<Task>(tx, &Unchecked::new(body.clone())).await?);
    }
    talk::comment_on(tx, &tasks).await
}

/// A user with an access token of a day.
fn introduce(state: &State, user: &User) -> std::result::Result<Value, StartError> {
    let grant = Grant {
        kind: Kind::User,
        id: user.id,
        tenant: Some(user.tenant_id),
        role: Some(user.role.as_str().to_owned()),
        scopes: None,
        session: None,
        lifetime: 86_400,
    };
    let token = state.mint_grant(&grant).map_err(|problem| StartError::Setting(problem.to_string()))?;
    Ok(json!({ "id": user.id, "email": user.email, "role": user.role, "access_token": token }))
}

fn pick<'a>(words: &[&'a str], number: usize) -> &'a str {
    words.get(number % words.len().max(1)).copied().unwrap_or_default()
}
