//! `taskhub tenant` and `taskhub user`: what an operator does beside the API.

use std::time::Duration;

use clap::Subcommand;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use taskhub_domain::{
    System,
    input::Unchecked,
    policy::Role,
    tenant::{self, NewTenant, Quota},
    user::{self, Login, NewUser},
};
use uuid::Uuid;

use super::{operator, say};
use crate::{
    config::Settings,
    state::{StartError, State},
};

#[derive(Subcommand, Debug)]
pub(super) enum TenantCommand {
    /// Make a tenant; its first admin is made with `taskhub user create`
    Create {
        /// The organisation's name
        name: String,
        /// Its slug; made from the name when it is not given
        #[arg(long, default_value = "")]
        slug: String,
    },
    /// List all tenants
    List,
    /// Keep a tenant's users and services out
    Suspend {
        /// Its slug
        slug: String,
    },
    /// Let them in again
    Activate {
        /// Its slug
        slug: String,
    },
    /// Set how much a tenant's files may take; what is there already stays
    Quota {
        /// Its slug
        slug: String,
        /// The most bytes of all files together
        #[arg(long, alias = "bytes", value_parser = clap::value_parser!(i64).range(0..))]
        max_bytes: i64,
        /// The most files
        // Not `files`: every command has the setting of that name.
        #[arg(long, value_parser = clap::value_parser!(i64).range(0..))]
        max_files: i64,
    },
    /// Make an invitation to register an organisation; it is shown this once
    Invite {
        /// Hours that it is good
        #[arg(long, default_value = "72", value_parser = clap::value_parser!(u32).range(1..=8760))]
        hours: u32,
    },
}

impl TenantCommand {
    pub(super) async fn run(self, settings: Settings) -> Result<(), StartError> {
        let (state, system) = operator(settings, "the operator's command line").await?;
        match self {
            Self::Create { name, slug } => {
                let new = Unchecked::<NewTenant>::new(json!({ "name": name, "slug": slug })).check()?;
                let ctx = system.within(system.now().token_id());
                let tenant =
                    state.repository.write(&ctx, new, |tx, new| Box::pin(tenant::create(tx, new))).await?;
                say(format_args!("{} {}", tenant.id, tenant.slug))?;
            }
            Self::List => {
                for tenant in tenant::all(&state.repository, &system).await? {
                    let standing = if tenant.is_active { "active" } else { "suspended" };
                    say(format_args!("{} {:<20} {:<9} {}", tenant.id, tenant.slug, standing, tenant.name))?;
                }
            }
            Self::Suspend { slug } => set_active(&state, &system, &slug, false).await?,
            Self::Activate { slug } => set_active(&state, &system, &slug, true).await?,
            Self::Quota { slug, max_bytes: bytes, max_files: files } => {
                let ctx = system.within(tenant::by_slug(&state.repository, &system, &slug).await?.id);
                let quota = Quota { bytes, files };
                let write =
                    state.repository.write(&ctx, quota, |tx, quota| Box::pin(tenant::set_quota(tx, quota)));
                let tenant = write.await?;
                say(format_args!("{} may have {files} files with {bytes} bytes in all.", tenant.slug))?;
            }
            Self::Invite { hours } => {
                let ctx = system.within(Uuid::nil());
                let lifetime = Duration::from_secs(u64::from(hours) * 3600);
                let write = state
                    .repository
                    .write(&ctx, lifetime, |tx, lifetime| Box::pin(tenant::create_invitation(tx, lifetime)));
                say(write.await?.expose_secret())?;
            }
        }
        Ok(())
    }
}

async fn set_active(state: &State, system: &System, slug: &str, active: bool) -> Result<(), StartError> {
    let ctx = system.within(tenant::by_slug(&state.repository, system, slug).await?.id);
    let tenant =
        state.repository.write(&ctx, active, |tx, active| Box::pin(tenant::set_active(tx, active))).await?;
    say(format_args!("{} is {}.", tenant.slug, if tenant.is_active { "active" } else { "suspended" }))
}

#[derive(Subcommand, Debug)]
pub(super) enum UserCommand {
    /// Make a user; the password is read from standard input
    Create {
        /// The tenant's slug
        #[arg(long)]
        tenant: String,
        /// The user's email
        #[arg(long)]
        email: String,
        /// The user's name in the tenant
        #[arg(long)]
        username: String,
        /// The user's role
        #[arg(long, default_value = "member", value_parser = ["admin", "manager", "member"])]
        role: String,
    },
    /// Set a user's password, read from standard input, and end all their sessions
    SetPassword {
        /// The tenant's slug
        #[arg(long)]
        tenant: String,
        /// The user's email
        #[arg(long)]
        email: String,
    },
}

impl UserCommand {
    pub(super) async fn run(self, settings: Settings) -> Result<(), StartError> {
        let (state, system) = operator(settings, "the operator's command line").await?;
        let password = read_password()?;
        match self {
            Self::Create { tenant, email, username, role } => {
                let ctx = system.within(tenant::by_slug(&state.repository, &system, &tenant).await?.id);
                let body = json!({
                    "email": email, "username": username, "role": role.parse::<Role>().ok(),
                    "password": password.expose_secret(),
                });
                let new = user::check_new(&ctx, &Unchecked::<NewUser>::new(body))?;
                let hash = hash(&state, password, new.personal()).await?;
                let create = state
                    .repository
                    .write(&ctx, (new, hash), |tx, (new, hash)| Box::pin(user::create(tx, new, hash)));
                let user = create.await?;
                say(format_args!("{} {}", user.id, user.email))?;
            }
            Self::SetPassword { tenant, email } => {
                let login = Login::Email(email, Some(tenant));
                let found = user::candidates(&state.repository, &system, &login).await?.into_iter().next();
                let found =
                    found.ok_or_else(|| StartError::Setting("There is no such user.".to_owned()))?.user;
                let personal = vec![found.email.clone(), found.username.clone()];
                let hash = hash(&state, password, personal).await?;
                let ctx = system.within(found.tenant_id);
                let set = state.repository.write(&ctx, (found.id, hash), |tx, (id, hash)| {
                    Box::pin(user::set_password(tx, *id, hash))
                });
                set.await?;
                say(format_args!("{} has a new password.", found.email))?;
            }
        }
        Ok(())
    }
}

/// The first line of standard input: a password in an argument would show in the list of processes.
fn read_password() -> Result<SecretString, StartError> {
    let mut line = String::new();
    let unread =
        |why| StartError::File { what: "The password can't be read from standard input".to_owned(), why };
    std::io::stdin().read_line(&mut line).map_err(unread)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned().into())
}

async fn hash(state: &State, password: SecretString, personal: Vec<String>) -> Result<String, StartError> {
    let failed = |error: taskhub_auth::PasswordError| StartError::Setting(error.to_string());
    if let Some(weakness) = state.hasher.check(password.clone(), personal).await.map_err(failed)? {
        return Err(StartError::Setting(weakness.message().to_owned()));
    }
    state.hasher.hash(password).await.map_err(failed)
}
