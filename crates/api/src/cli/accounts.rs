//! `taskhub tenant` and `taskhub user`: the operator's commands for tenants and users.

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

use super::{operator, say, within};
use crate::{
    config::Settings,
    state::{StartError, State},
};

#[derive(Subcommand, Debug)]
pub(super) enum TenantCommand {
    /// Create a tenant; create its first admin with `taskhub user create`
    Create {
        /// The name of the organisation
        name: String,
        /// The slug of the tenant; by default it is derived from the name
        #[arg(long, default_value = "")]
        slug: String,
    },
    /// List all tenants
    List,
    /// Suspend a tenant: its users and service accounts cannot sign in or use tokens
    Suspend {
        /// The slug of the tenant
        slug: String,
    },
    /// Activate a suspended tenant
    Activate {
        /// The slug of the tenant
        slug: String,
    },
    /// Set the file quota of a tenant; existing files stay
    Quota {
        /// The slug of the tenant
        slug: String,
        /// The most bytes of all files of the tenant together
        #[arg(long, alias = "bytes", value_parser = clap::value_parser!(i64).range(0..))]
        max_bytes: i64,
        /// The most files of the tenant
        // Not `files`, because every command has the setting of that name.
        #[arg(long, value_parser = clap::value_parser!(i64).range(0..))]
        max_files: i64,
    },
    /// Create an invitation to register an organisation; it is shown only once
    Invite {
        /// The lifetime of the invitation in hours
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
                let ctx = within(&state, &system, &slug).await?;
                let quota = Quota { bytes, files };
                let write =
                    state.repository.write(&ctx, quota, |tx, quota| Box::pin(tenant::set_quota(tx, quota)));
                let tenant = write.await?;
                say(format_args!("The quota of {} is now {files} files and {bytes} bytes.", tenant.slug))?;
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
    let ctx = within(state, system, slug).await?;
    let tenant =
        state.repository.write(&ctx, active, |tx, active| Box::pin(tenant::set_active(tx, active))).await?;
    say(format_args!("{} is {}.", tenant.slug, if tenant.is_active { "active" } else { "suspended" }))
}

#[derive(Subcommand, Debug)]
pub(super) enum UserCommand {
    /// Create a user; the password is read from standard input
    Create {
        /// The slug of the tenant
        #[arg(long)]
        tenant: String,
        /// The email address of the user
        #[arg(long)]
        email: String,
        /// The username of the user
        #[arg(long)]
        username: String,
        /// The role of the user
        #[arg(long, default_value = "member", value_parser = ["admin", "manager", "member"])]
        role: String,
    },
    /// Set the password of a user, read from standard input, and end all sessions of the user
    SetPassword {
        /// The slug of the tenant
        #[arg(long)]
        tenant: String,
        /// The email address of the user
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
                let ctx = within(&state, &system, &tenant).await?;
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
                let found = found
                    .ok_or_else(|| {
                        StartError::Setting(
                            "The tenant does not exist, or has no active user with this email address."
                                .to_owned(),
                        )
                    })?
                    .user;
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

/// Reads a password from the first line of standard input. An argument would be visible in the list
/// of processes.
fn read_password() -> Result<SecretString, StartError> {
    let mut line = String::new();
    let unread =
        |why| StartError::File { what: "The password cannot be read from standard input".to_owned(), why };
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
