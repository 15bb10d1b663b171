//! Links by email. A user who opens one proves that they receive the email of an account.
//!
//! Invariant: a link is valid for one purpose, one account and one use. Its use deletes it, in the
//! transaction of its effect and under the lock of the account's row. It is bound to the state of
//! the account when it was sent. A new email address ends it, and so does a newer link of the same
//! purpose. A new password ends a link that resets the password.

mod renewal;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::{QueryFilter, QuerySelect, QueryTrait, Select, entity::prelude::*};
use secrecy::SecretString;

pub(crate) use self::renewal::current;
use crate::{
    Context, Error, Instant, Repository, Result, System, Tx,
    identity::{
        mail::{self, Mail, Token},
        tenant::Tenant,
        user::User,
    },
    kernel::{
        credential::{Credential, Purpose},
        error::Kind,
        repository::{Evidence, UpdateProfile, entity},
    },
};

/// How long a link that verifies an email is valid.
const VERIFICATION: Duration = Duration::from_hours(24);
/// How long a link to reset a password is valid.
const RESET: Duration = Duration::from_hours(1);
/// How long a link to the first password is valid.
const WELCOME: Duration = Duration::from_hours(7 * 24);
/// How many links of a purpose an account can request in an hour.
const MOST: u64 = 3;
const HOUR: Duration = Duration::from_hours(1);
/// How long an expired link is stored.
const KEPT: Duration = Duration::from_hours(7 * 24);

entity! {
    pub(crate) struct Link in "link", unversioned {
        pub user_id: Uuid,
        pub purpose: String,
        pub token_hash: String,
        pub bound_to: String,
        pub created_at: Instant,
        pub expires_at: Instant,
    }
}

/// Sends a user a link to verify their email.
pub(crate) async fn verification(tx: &Tx, user: &User) -> Result<()> {
    let token = make(tx, user, Purpose::VerifyEmail, VERIFICATION).await?;
    mail::send(tx, &user.email, &Mail::VerifyEmail { token }).await
}

/// Sends a user a link to reset their password.
pub(crate) async fn reset(tx: &Tx, user: &User) -> Result<()> {
    let token = make(tx, user, Purpose::ResetPassword, RESET).await?;
    mail::send(tx, &user.email, &Mail::ResetPassword { token }).await
}

/// Sends a user whose account was created by an admin a link to a first password.
///
/// # Errors
/// Repository errors.
pub async fn welcome(tx: &Tx, user: &User) -> Result<()> {
    let token = make(tx, user, Purpose::ResetPassword, WELCOME).await?;
    mail::send(tx, &user.email, &Mail::Welcome { token }).await
}

/// Creates a link and ends the older ones of this account and purpose. The account is locked, or
/// new.
async fn make(tx: &Tx, user: &User, purpose: Purpose, lifetime: Duration) -> Result<Token> {
    for older in tx.all::<Link>(&of_account(tx, user, purpose).into_query()).await? {
        end(tx, older).await?;
    }
    let born = tx.birth();
    let credential = Credential::new(purpose, born.tenant, born.id, tx.secret());
    let row = Link {
        tenant_id: born.tenant,
        id: born.id,
        user_id: user.id,
        purpose: purpose.prefix().to_owned(),
        token_hash: credential.digest(),
        bound_to: bond(user, purpose, tx.secret()),
        created_at: born.at,
        expires_at: born.at.plus(lifetime),
    };
    tx.insert_internal(&row).await?;
    Ok(Token(credential.into_secret()))
}

/// The links of a purpose that were sent to an account.
fn of_account(tx: &Tx, user: &User, purpose: Purpose) -> Select<entity::Entity> {
    use entity::Column;
    let of_user = tx.owned::<Link>().filter(Column::UserId.eq(user.id));
    of_user.filter(Column::Purpose.eq(purpose.prefix()))
}

/// Ends a link. Its row is stored until it expires, because it counts against the hourly limit.
async fn end(tx: &Tx, link: Link) -> Result<()> {
    if link.bound_to.is_empty() {
        return Ok(());
    }
    tx.delete_internal::<Link>(link.id).await?;
    tx.insert_internal(&Link { bound_to: String::new(), ..link }).await
}

/// The state of the account that a link is bound to.
fn bond(user: &User, purpose: Purpose, installation: &[u8]) -> String {
    let password = if purpose == Purpose::ResetPassword { user.password_hash.as_str() } else { "" };
    let parts = [b"link", user.id.as_bytes().as_slice(), user.email.as_bytes(), password.as_bytes()];
    URL_SAFE_NO_PAD.encode(taskhub_auth::secret::mac(installation, &parts))
}

/// Whether an account has used up its links of a purpose for this hour. The account is locked.
pub(crate) async fn is_spent(tx: &Tx, user: &User, purpose: Purpose) -> Result<bool> {
    let since = entity::Column::CreatedAt.gt(tx.now().minus(HOUR));
    let recent = of_account(tx, user, purpose).filter(since).limit(MOST);
    let recent: Vec<Link> = tx.all(&recent.into_query()).await?;
    Ok(recent.len() as u64 >= MOST)
}

/// The user of a valid link, and their context. This does not use the link up.
///
/// # Errors
/// `InvalidLink` if it is forged, used, expired or no longer matches the account.
/// `TenantSuspended`.
pub async fn holder(
    repository: &Repository,
    system: &System,
    purpose: Purpose,
    token: &SecretString,
) -> Result<(Context, User)> {
    let credential = parse(purpose, token, repository.secret())?;
    let scope = repository.read(&system.within(credential.tenant()));
    let link = scope.find::<Link>(credential.row(), false).await?.ok_or(Kind::InvalidLink)?;
    let user = scope.find::<User>(link.user_id, false).await?.ok_or(Kind::InvalidLink)?;
    check(&credential, &link, &user, purpose, repository.secret(), system.now())?;
    let tenant = scope.find::<Tenant>(credential.tenant(), false).await?;
    if !tenant.is_some_and(|tenant| tenant.is_active) {
        return Err(Kind::TenantSuspended.into());
    }
    Ok((system.as_user(user.tenant_id, user.id, user.role), user))
}

/// Uses a link up, in the context of its [`holder`]. The account is locked before the link is read.
pub(crate) async fn consume(
    tx: &Tx,
    purpose: Purpose,
    token: &SecretString,
) -> Result<Evidence<User, UpdateProfile>> {
    let credential = parse(purpose, token, tx.secret())?;
    let id = tx.ctx().user().ok_or(Kind::InvalidLink)?;
    let seen = tx.resolve::<User, _>(id, UpdateProfile).await.map_err(|error| match error.kind() {
        Kind::NotFound => Error::from(Kind::InvalidLink),
        _ => error,
    })?;
    let link = tx.find_internal::<Link>(credential.row()).await?.ok_or(Kind::InvalidLink)?;
    check(&credential, &link, seen.row(), purpose, tx.secret(), tx.now())?;
    tx.delete_internal::<Link>(link.id).await?;
    Ok(seen)
}

fn parse(purpose: Purpose, token: &SecretString, installation: &[u8]) -> Result<Credential> {
    Credential::parse(purpose, token, installation).ok_or_else(|| Kind::InvalidLink.into())
}

fn check(
    credential: &Credential,
    link: &Link,
    user: &User,
    purpose: Purpose,
    installation: &[u8],
    now: Instant,
) -> Result<()> {
    let good = credential.matches(&link.token_hash)
        && link.user_id == user.id
        && link.expires_at > now
        && link.bound_to == bond(user, purpose, installation)
        && user.is_active;
    if good { Ok(()) } else { Err(Kind::InvalidLink.into()) }
}

impl Repository {
    /// Deletes the links that expired a week ago. A link in a queued email can be renewed until
    /// then.
    ///
    /// # Errors
    /// Repository errors.
    pub async fn forget_links(&self, system: &System) -> Result<()> {
        self.housekeep(system, "link", "expires_at", system.now().minus(KEPT)).await
    }
}
