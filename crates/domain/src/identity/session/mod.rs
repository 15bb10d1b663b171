//! Sessions: signed-in devices. Each is a family of refresh tokens, of which one is valid at a
//! time.
//!
//! Invariant: a refresh token is valid for one use. Its rotation is a compare-and-swap on the
//! version of the session. Within 10 s a repeated refresh gets the same successor, for two tabs of
//! one browser. After that the whole family ends, because the token was stolen.
//!
//! A token is opaque ([`crate::kernel::credential`]). Its successor is derived from the token and
//! the secret of the installation. So the server can return it twice without storing it.

mod open;
mod own;
mod token;

use std::time::Duration;

use sea_orm::{Condition, entity::prelude::*};
use secrecy::SecretString;

pub use self::{
    open::{SignIn, open},
    own::{SessionView, end_own_others, list, list_of, remove},
    token::{Known, known, revoke_access, revoke_refresh},
};
use crate::{
    Context, Error, Repository, Result, Scope, System, Timestamp, Tx,
    identity::{tenant::Tenant, user::User},
    kernel::{
        change::ChangeType,
        credential::{Credential, Purpose},
        error::Kind,
        list::Sort,
        policy::{self, Action, Relation, Relations},
        repository::{
            Access, BelongsTo, Evidence, Listed, Precondition, Resource, Revocation, Stored, Update, entity,
        },
    },
};

/// How long after a rotation the old token still gets the same successor.
const GRACE: Duration = Duration::from_secs(10);

/// How long a session is stored after it has ended, for investigations.
const KEPT: Duration = Duration::from_hours(7 * 24);

/// The largest number of open sessions of a user. One more ends the oldest.
const MOST: usize = 50;

/// How long sessions last.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// From the sign-in to the last refresh.
    pub absolute: Duration,
    /// From one refresh to the next.
    pub idle: Duration,
}

entity! {
    /// A signed-in device of a user.
    pub struct Session in "session", hidden {
        pub user_id: Uuid,
        #[serde(skip)]
        pub token_hash: String,
        #[serde(skip)]
        pub previous_hash: Option<String>,
        pub rotated_at: Timestamp,
        pub expires_at: Timestamp,
        pub revoked_at: Option<Timestamp>,
        pub user_agent: Option<String>,
        pub address: Option<String>,
    }
}

impl Resource for Session {
    const TYPE: policy::ResourceType = policy::ResourceType::Session;
    type Parent = ();
}

impl Access for Session {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        Ok(Relations::default().with(Relation::Owner, scope.ctx().user() == Some(self.user_id)))
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        (relation == Relation::Owner).then(|| Condition::all().add(entity::Column::UserId.eq(ctx.user())))
    }
}

impl Stored for Session {
    const HIDDEN: &'static [&'static str] = &["tenant_id", "token_hash", "previous_hash"];
}

impl Listed for Session {
    type Item = Self;

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "created_at", column: "id", key: |row| row.id.into() }]
    }
}

impl BelongsTo<User> for Session {
    fn belonging_to(user: &User) -> Condition {
        Condition::all().add(entity::Column::UserId.eq(user.id))
    }
}

/// A session that was opened or refreshed. Access tokens are minted from it.
#[derive(Debug)]
pub struct Opened {
    /// The user, as of now.
    pub user: User,
    /// The id of the session, for the claim `sid` of the access token.
    pub session: Uuid,
    /// The refresh token. It is shown once.
    pub refresh_token: SecretString,
}

/// The result of a refresh.
#[derive(Debug)]
pub enum Refreshed {
    /// A new token, or the same successor again within the grace period.
    Rotated(Box<Opened>),
    /// The token was used before. Its family has ended.
    Reused,
}

/// The context of the user whose session a refresh token names. It proves nothing yet.
///
/// # Errors
/// `InvalidRefreshToken`.
pub async fn holder(repository: &Repository, system: &System, token: &SecretString) -> Result<Context> {
    let token = parse(token, repository.secret())?;
    let scope = repository.read(&system.within(token.tenant()));
    let refused =
        |error: Error| if error.kind() == Kind::NotFound { Kind::InvalidRefreshToken.into() } else { error };
    let session =
        scope.resolve::<Session, _>(token.row(), crate::kernel::repository::Read).await.map_err(refused)?;
    let user = scope
        .resolve::<User, _>(session.row().user_id, crate::kernel::repository::Read)
        .await
        .map_err(refused)?;
    Ok(system.as_user(token.tenant(), user.row().id, user.row().role))
}

fn parse(token: &SecretString, installation: &[u8]) -> Result<Credential> {
    Credential::parse(Purpose::Refresh, token, installation).ok_or_else(|| Kind::InvalidRefreshToken.into())
}

/// Rotates a refresh token, in the context of its [`holder`].
///
/// # Errors
/// `InvalidRefreshToken` if the token is unknown or expired, its session has ended, or its user is
/// inactive. `TenantSuspended`.
pub async fn refresh(tx: &Tx, token: &SecretString, lifetimes: &Lifetimes) -> Result<Refreshed> {
    let token = parse(token, tx.secret())?;
    let invalid = || Error::from(Kind::InvalidRefreshToken);
    let seen = tx.resolve::<Session, _>(token.row(), Update).await.map_err(|_| invalid())?;
    let session = seen.row().clone();
    let now = tx.now();
    let user = tx
        .resolve::<User, _>(session.user_id, crate::kernel::repository::Read)
        .await
        .map_err(|_| invalid())?
        .into_row();
    let tenant =
        tx.resolve::<Tenant, _>(tx.ctx().tenant(), crate::kernel::repository::Read).await?.into_row();
    let ended = session.revoked_at.is_some()
        || session.expires_at <= now
        || session.rotated_at.plus(lifetimes.idle) <= now
        || !user.is_active;
    if ended || tx.ctx().tenant() != token.tenant() {
        return Err(invalid());
    }
    if !tenant.is_active {
        return Err(Kind::TenantSuspended.into());
    }
    let successor = token.successor(tx.secret());
    let opened = |successor: Credential| {
        let opened = Opened { user, session: session.id, refresh_token: successor.into_secret() };
        Refreshed::Rotated(Box::new(opened))
    };
    if token.matches(&session.token_hash) {
        let row = Session {
            token_hash: successor.digest(),
            previous_hash: Some(token.digest()),
            rotated_at: now,
            ..session.clone()
        };
        tx.update_as(ChangeType::Refresh, seen, row, &Precondition::Any).await?;
        return Ok(opened(successor));
    }
    let previous = session.previous_hash.as_ref().is_some_and(|hash| token.matches(hash));
    if previous && now <= session.rotated_at.plus(GRACE) {
        return Ok(opened(successor));
    }
    // The seal proves that the token belonged to this family. Its owner or a thief sends it again,
    // so the family ends.
    close(tx, seen, ChangeType::EndForReuse, &Precondition::Any).await?;
    Ok(Refreshed::Reused)
}

/// Ends the caller's own session, with its refresh tokens and access tokens.
///
/// # Errors
/// `Forbidden` for a credential without a session.
pub async fn end(tx: &Tx) -> Result<()> {
    let id = tx.ctx().session().ok_or(Kind::Forbidden)?;
    // The id that a personal access token has in its place is no session.
    let none = |error: Error| if error.kind() == Kind::NotFound { Kind::Forbidden.into() } else { error };
    close(tx, tx.resolve(id, Update).await.map_err(none)?, ChangeType::SignOut, &Precondition::Any).await
}

/// Ends all sessions of a user except the caller's own.
pub(crate) async fn end_others(tx: &Tx, user: Uuid) -> Result<()> {
    end_all(tx, user, tx.ctx().session()).await
}

/// Ends all sessions of a user, and revokes all access tokens that were issued until now.
pub(crate) async fn revoke_user(tx: &Tx, user: Uuid) -> Result<()> {
    end_all(tx, user, None).await?;
    tx.revoke(Revocation::of_subject(tx, user)).await
}

async fn end_all(tx: &Tx, user: Uuid, but: Option<Uuid>) -> Result<()> {
    for session in open_sessions(tx, user, but).await? {
        end_one(tx, session.id).await?;
    }
    Ok(())
}

/// The open sessions of a user, the oldest first.
async fn open_sessions(tx: &Tx, user: Uuid, but: Option<Uuid>) -> Result<Vec<Session>> {
    use sea_orm::{QueryFilter, QueryOrder, QueryTrait};
    let open = open_ones(user, tx.now()).add_option(but.map(|id| entity::Column::Id.ne(id)));
    let sessions = tx.owned::<Session>().filter(open).order_by_asc(entity::Column::Id);
    tx.all(&sessions.into_query()).await
}

/// The condition for the open sessions of a user.
fn open_ones(user: Uuid, now: Timestamp) -> Condition {
    Condition::all()
        .add(entity::Column::UserId.eq(user))
        .add(entity::Column::RevokedAt.is_null())
        .add(entity::Column::ExpiresAt.gt(now))
}

/// Ends a session by its id. The caller of this function has authorised it.
async fn end_one(tx: &Tx, id: Uuid) -> Result<()> {
    close(tx, tx.follow(id, Update).await?, ChangeType::End, &Precondition::Any).await
}

/// Ends a session with its refresh tokens and access tokens. The audit records it under `name`.
async fn close(tx: &Tx, seen: Evidence<Session, Update>, name: ChangeType, pre: &Precondition) -> Result<()> {
    // A revoked session expires at once, so that one sweep deletes both kinds of ended sessions.
    let row = Session { revoked_at: Some(tx.now()), expires_at: tx.now(), ..seen.row().clone() };
    let row = tx.update_as(name, seen, row, pre).await?;
    tx.revoke(Revocation::of_session(tx, row.id)).await
}

impl Repository {
    /// Deletes the sessions that ended a week ago.
    ///
    /// # Errors
    /// Repository errors.
    pub async fn forget_sessions(&self, system: &System) -> Result<()> {
        self.housekeep(system, "session", "expires_at", system.now().minus(KEPT)).await
    }
}
