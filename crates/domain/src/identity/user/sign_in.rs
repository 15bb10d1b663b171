//! Finds the users whom a sign-in may mean, before anything is proved.

use sea_orm::{QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};

use super::{User, entity};
use crate::{Context, Repository, Result, System, identity::tenant, kernel::policy::Role};

/// The largest number of accounts that one sign-in can mean. Each costs a password hash.
pub const MOST_CANDIDATES: usize = 3;

/// The login of a user.
#[derive(Clone, Debug)]
pub enum Login {
    /// An email, in any tenant or in one.
    Email(String, Option<String>),
    /// A username, in any tenant or in one.
    Username(String, Option<String>),
}

/// A user whom a sign-in may mean.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The user. The password is verified against their hash.
    pub user: User,
    /// The context of the user, for use after the password is verified.
    pub context: Context,
}

/// The users whom a sign-in may mean. An unknown tenant or user is no error: the list is empty.
///
/// # Errors
/// Repository errors.
pub async fn candidates(repository: &Repository, system: &System, login: &Login) -> Result<Vec<Candidate>> {
    let (column, name, slug) = match login {
        Login::Email(email, slug) => (entity::Column::Email, email, slug.as_deref()),
        Login::Username(username, slug) => (entity::Column::Username, username, slug.as_deref()),
    };
    let mut select = entity::Entity::find().filter(column.eq(name.trim().to_lowercase()));
    if let Some(slug) = slug {
        match tenant::by_slug(repository, system, slug.trim().to_lowercase().as_str()).await {
            Ok(tenant) => select = select.filter(entity::Column::TenantId.eq(tenant.id)),
            Err(error) if error.kind() == crate::kernel::error::Kind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
    }
    let select = select
        // Accounts with a verified email come first. So unverified ones cannot displace them.
        .order_by_asc(entity::Column::EmailVerifiedAt.is_null())
        .order_by_asc(entity::Column::TenantId)
        .limit(u64::try_from(MOST_CANDIDATES).unwrap_or_default())
        .into_query();
    let users: Vec<User> = repository.unscoped(system).all(&select).await?;
    let candidate = |user: User| {
        let role: Role = user.role;
        Candidate { context: system.as_user(user.tenant_id, user.id, role), user }
    };
    Ok(users.into_iter().map(candidate).collect())
}
