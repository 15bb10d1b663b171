//! `taskhub seed`: demonstration data, the same each time except for ids and times.

mod office;
mod stage;
mod story;

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use taskhub_auth::{Grant, Kind};
use taskhub_domain::{
    Clock, Result, System, Tx,
    context::Request,
    input::Unchecked,
    policy::Role,
    tenant::{self, NewTenant, Tenant},
    user::{self, NewUser, User},
};

use self::stage::Stage;
use super::{operator, say};
use crate::{
    config::{Profile, Settings},
    state::{StartError, State},
};

/// The password of every demonstration user.
const PASSWORD: &str = "wide-green-rivers";
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
#[derive(Args, Debug)]
pub(super) struct Seed {
    /// The number of tenants
    #[arg(long, default_value = "2", value_parser = clap::value_parser!(u32).range(2..=10_000))]
    tenants: u32,
    /// The number of tasks in each tenant
    #[arg(long, default_value = "200", value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    tasks: u32,
    /// The file to which a token of each user is written
    #[arg(long, default_value = "test_tokens.json")]
    tokens: PathBuf,
}

impl Seed {
    pub(super) async fn run(self, settings: Settings) -> std::result::Result<(), StartError> {
        if settings.profile != Profile::Development {
            let refusal = "Demonstration data is for a development server only: its passwords are public.";
            return Err(StartError::Setting(refusal.to_owned()));
        }
        let (state, system) = operator(settings, "seeding").await?;
        let hashed = state.hasher.hash(PASSWORD.to_owned().into()).await;
        let hash = hashed.map_err(|error| StartError::Setting(error.to_string()))?;
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} tasks, {per_sec}, {eta} left");
        let bar = ProgressBar::new(u64::from(self.tenants) * u64::from(self.tasks));
        bar.set_style(style.map_err(|error| StartError::Setting(error.to_string()))?);
        let now = system.now();
        // The organisations are created at the start of their history.
        let system = System::new("seeding", Request::default(), Clock::at(stage::beginning(now)));
        let mut tenants = Vec::new();
        for number in 0..self.tenants as usize {
            let ctx = system.within(system.now().token_id());
            let people = (number, hash.clone());
            let (tenant, users) = state
                .repository
                .write(&ctx, people, |tx, (n, hash)| Box::pin(people_of(tx, *n, hash)))
                .await?;
            let (mut introduced, mut cast) = (Vec::new(), Vec::new());
            for user in &users {
                let token = token_of(&state, user)?;
                let principal = state.enter(token.expose_secret(), &Request::default()).await;
                cast.push((user.id, principal?));
                introduced.push(
                    json!({ "id": user.id, "email": user.email, "role": user.role, "access_token": token.expose_secret() }),
                );
            }
            let scene = Stage { state: &state, users: cast, now };
            let service = story::play(&scene, &tenant.slug, self.tasks as usize, &bar).await?;
            tenants.push(json!({
                "id": tenant.id, "slug": tenant.slug, "name": tenant.name, "users": introduced, "service": service,
            }));
        }
        bar.finish_and_clear();
        state.settings.database().analyze().await?;
        let file = json!({ "password": PASSWORD, "tenants": tenants });
        let text =
            serde_json::to_string_pretty(&file).map_err(|error| StartError::Setting(error.to_string()))?;
        let mut open = fs::OpenOptions::new();
        let opened = open.write(true).create(true).truncate(true).mode(0o600).open(&self.tokens);
        opened.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|why| StartError::File {
            what: format!("{} cannot be written", self.tokens.display()),
            why,
        })?;
        say(format_args!(
            "Created {} tenants with {} tasks each. The tokens are in {}.",
            self.tenants,
            self.tasks,
            self.tokens.display()
        ))
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

/// An access token for a user, valid for a day.
fn token_of(state: &State, user: &User) -> std::result::Result<SecretString, StartError> {
    let grant = Grant {
        kind: Kind::User,
        id: user.id,
        tenant: Some(user.tenant_id),
        role: Some(user.role.as_str().to_owned()),
        scopes: None,
        session: None,
        lifetime: 86_400,
    };
    Ok(state.mint_grant(&grant)?)
}

fn pick<'a>(words: &[&'a str], number: usize) -> &'a str {
    words.get(number % words.len().max(1)).copied().unwrap_or_default()
}
