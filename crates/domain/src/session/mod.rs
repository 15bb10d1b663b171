//! Sessions: signed-in devices, each a family of refresh tokens of which one is good at a time.
//!
//! Invariant: a refresh token serves once. It is rotated by compare-and-swap on the session's version; within a grace of 10 s a repeated
//! refresh gets the same successor (two tabs of one browser), and after it the whole family ends, because somebody else has the token.
//! A token is opaque ([`crate::credential`]). The successor is derived from the token and the installation's
//! secret, so that it can be given twice and is kept nowhere.

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
    Context, Error, Instant, Result, Scope, Store, System, Tx,
    credential::{Credential, Purpose},
    error::Kind,
    list::Sort,
    policy::{self, Action, Fact, Facts},
    store::{BelongsTo, Evidence, Noun, Precondition, Revocation, Update, entity},
    tenant::Tenant,
    user::User,
};

/// For how long after a rotation the old token still gets the same successor.
const GRACE: Duration = Duration::from_secs(10);

/// For how long a session that has ended is kept, for who looks into what happened.
const KEPT: Duration = Duration::from_hours(7 * 24);

/// The most open sessions of a user: one more ends the oldest.
const MOST: usize = 50;

/// For how long sessions last.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// From sign-in to the last refresh.
    pub absolute: Duration,
    /// From one refresh to the next.
    pub idle: Duration,
}

entity! {
    /// A signed-in device.
    pub struct Session in "session", hidden {
        pub user_id: Uuid,
        #[serde(skip)]
        pub token_hash: String,
        #[serde(skip)]
        pub previous_hash: Option<String>,
        pub rotated_at: Instant,
        pub expires_at: Instant,
        pub revoked_at: Option<Instant>,
        pub user_agent: Option<String>,
        pub address: Option<String>,
    }
}

impl Noun for Session {
    const NOUN: policy::Noun = policy::Noun::Session;
    const HIDDEN: &'static [&'static str] = &["tenant_id", "token_hash", "previous_hash"];
    type Item = Self;

    async fn facts(&self, scope: &Scope, _action: Action) -> Result<Facts> {
        Ok(Facts::default().with(Fact::Owner, scope.ctx().user() == Some(self.user_id)))
    }

    fn holds(fact: Fact, ctx: &Context) -> Option<Condition> {
        (fact == Fact::Owner).then(|| Condition::all().add(entity::Column::UserId.eq(ctx.user())))
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "created_at", column: "id", key: |row| row.id.into() }]
    }
}

impl BelongsTo<User> for Session {
    fn belonging_to(user: &User) -> Condition {
        Condition::all().add(entity::Column::UserId.eq(user.id))
    }
}

/// A session that was opened or refreshed: what tokens are minted from.
#[derive(Debug)]
pub struct Opened {
    /// The user, as of now.
    pub user: User,
    /// The session's id, for the access token's `sid`.
    pub session: Uuid,
    /// The refresh token; shown this once.
    pub refresh_token: SecretString,
}

/// What came of a refresh.
#[derive(Debug)]
pub enum Refreshed {
    /// A new token, or within the grace the same successor again.
    Rotated(Box<Opened>),
    /// The token was used before: its family has ended.
    Reused,
}

/// The context of the user whose session a refresh token names. Nothing is proved yet.
///
/// # Errors
/// `InvalidRefreshToken`.
pub async fn holder(store: &Store, system: &System, token: &SecretString) -> Result<Context> {
    let token = parse(token, store.secret())?;
    let scope = store.read(&system.within(token.tenant()));
    let refused =
        |error: Error| if error.kind() == Kind::NotFound { Kind::InvalidRefreshToken.into() } else { error };
    let session = scope.resolve::<Session, _>(token.row(), crate::store::Read).await.map_err(refused)?;
    let user = scope.resolve::<User, _>(session.row().user_id, crate::store::Read).await.map_err(refused)?;
    Ok(system.as_user(token.tenant(), user.row().id, user.row().role))
}

fn parse(token: &SecretString, installation: &[u8]) -> Result<Credential> {
    Credential::parse(Purpose::Refresh, token, installation).ok_or_else(|| Kind::InvalidRefreshToken.into())
}

/// Rotates a refresh token, in the context of its [`holder`].
///
/// # Errors
/// `InvalidRefreshToken` when it is unknown or expired, its session has ended, or its user is not let in; `TenantSuspended`.
pub async fn refresh(tx: &Tx, token: &SecretString, lifetimes: &Lifetimes) -> Result<Refreshed> {
    let token = parse(token, tx.secret())?;
    let invalid = || Error::from(Kind::InvalidRefreshToken);
    let seen = tx.resolve::<Session, _>(token.row(), Update).await.map_err(|_| invalid())?;
    let session = seen.row().clone();
    let now = tx.now();
    let user =
        tx.resolve::<User, _>(session.user_id, crate::store::Read).await.map_err(|_| invalid())?.into_row();
    let tenant = tx.resolve::<Tenant, _>(tx.ctx().tenant(), crate::store::Read).await?.into_row();
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
        tx.update_as("refresh", seen, row, &Precondition::Any).await?;
        return Ok(opened(successor));
    }
    let previous = session.previous_hash.as_ref().is_some_and(|hash| token.matches(hash));
    if previous && now <= session.rotated_at.plus(GRACE) {
        return Ok(opened(successor));
    }
    // A token with a good seal was one of this family once: whoever sends it again, its owner or a thief, the family ends.
    close(tx, seen, "reuse", &Precondition::Any).await?;
    Ok(Refreshed::Reused)
}

/// Ends the caller's own session: its refresh tokens and its access tokens.
///
/// # Errors
/// `Forbidden` to a credential without a session.
pub async fn end(tx: &Tx) -> Result<()> {
    let id = tx.ctx().session().ok_or(Kind::Forbidden)?;
    // What a personal access token names instead is no session.
    let none = |error: Error| if error.kind() == Kind::NotFound { Kind::Forbidden.into() } else { error };
    close(tx, tx.resolve(id, Update).await.map_err(none)?, "sign_out", &Precondition::Any).await
}

/// Ends all sessions of a user but the caller's own.
pub(crate) async fn end_others(tx: &Tx, user: Uuid) -> Result<()> {
    end_all(tx, user, tx.ctx().session()).await
}

/// Ends all tokens of a user, as of now, and all their sessions.
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

/// A user's sessions that have not ended, the oldest first.
async fn open_sessions(tx: &Tx, user: Uuid, but: Option<Uuid>) -> Result<Vec<Session>> {
    use sea_orm::{QueryFilter, QueryOrder, QueryTrait};
    let open = open_ones(user, tx.now()).add_option(but.map(|id| entity::Column::Id.ne(id)));
    let sessions = tx.owned::<Session>().filter(open).order_by_asc(entity::Column::Id);
    tx.all(&sessions.into_query()).await
}

/// A user's sessions that have not ended.
fn open_ones(user: Uuid, now: Instant) -> Condition {
    Condition::all()
        .add(entity::Column::UserId.eq(user))
        .add(entity::Column::RevokedAt.is_null())
        .add(entity::Column::ExpiresAt.gt(now))
}

/// Ends a session, found by its id: another's are an admin's to end; a user's own are theirs.
async fn end_one(tx: &Tx, id: Uuid) -> Result<()> {
    close(tx, tx.follow(id, Update).await?, "end", &Precondition::Any).await
}

/// Ends a session, under a name for the audit: its refresh tokens and its access tokens.
async fn close(
    tx: &Tx,
    seen: Evidence<Session, Update>,
    name: &'static str,
    pre: &Precondition,
) -> Result<()> {
    // It expires when it ends, so that both kinds of end are forgotten alike.
    let row = Session { revoked_at: Some(tx.now()), expires_at: tx.now(), ..seen.row().clone() };
    let row = tx.update_as(name, seen, row, pre).await?;
    tx.revoke(Revocation::of_session(tx, row.id)).await
}

impl Store {
    /// Forgets the sessions that ended a week ago.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_sessions(&self, system: &System) -> Result<()> {
        self.housekeep(system, "session", "expires_at", system.now().minus(KEPT)).await
    }
}
