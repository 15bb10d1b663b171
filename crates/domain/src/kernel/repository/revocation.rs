//! What was revoked before it expired: kept in memory on every node, so that a request costs no query.
//!
//! A revocation is written in the transaction that causes it, and applied on that node with its commit. The other nodes, and a server beside
//! the command line, read what is new twice a second, and at once where the database tells them of it (PostgreSQL). Suspended tenants are state, not events: they are read whole each time. Revocations are
//! kept until the last access token that they concern has expired by itself.

use std::{
    collections::{HashMap, HashSet},
    sync::{PoisonError, RwLock},
    time::Duration,
};

use sea_orm::{
    QueryFilter, QueryTrait,
    entity::prelude::*,
    sea_query::{ExprTrait, Query},
};
use taskhub_auth::principal::Principal;
use tokio::sync::{Notify, watch};

use super::{Repository, Tx, entity, field};
use crate::{
    Instant, Result, System,
    kernel::{context::Request, error::Kind},
};

/// How often a node reads what other nodes revoked.
const INTERVAL: Duration = Duration::from_millis(500);
/// How far back it reads: a transaction may commit later than the instant that it bears.
const OVERLAP: Duration = Duration::from_mins(1);
/// The longest that an access token of a user is good, and so the time that its revocation is kept.
const KEPT: Duration = Duration::from_hours(24);
/// The same for an access token of a service, which the command line makes.
const KEPT_FOR_SERVICES: Duration = Duration::from_hours(366 * 24);

entity! {
    pub(crate) struct Revocation in "revocation", unversioned {
        /// All tokens of this subject that were issued up to the instant.
        pub subject_id: Option<Uuid>,
        /// All tokens of this session.
        pub session_id: Option<Uuid>,
        pub at: Instant,
        pub expires_at: Instant,
        /// This very token.
        pub token_id: Option<Uuid>,
    }
}

impl Revocation {
    /// All tokens of a session.
    pub(crate) fn of_session(tx: &Tx, session: Uuid) -> Self {
        Self { session_id: Some(session), ..Self::now(tx) }
    }

    /// All tokens that a subject was issued up to now.
    pub(crate) fn of_subject(tx: &Tx, subject: Uuid) -> Self {
        Self { subject_id: Some(subject), ..Self::now(tx) }
    }

    /// All tokens that a service was issued up to now.
    pub(crate) fn of_service(tx: &Tx, service: Uuid) -> Self {
        let now = Self::now(tx);
        Self { subject_id: Some(service), expires_at: now.at.plus(KEPT_FOR_SERVICES), ..now }
    }

    /// One token, until it expires by itself.
    pub(crate) fn of_token(tx: &Tx, token: &Principal) -> Self {
        let expires_at = Instant::from_micros(token.expires_at().saturating_mul(1_000_000));
        Self { token_id: Some(token.token_id()), expires_at, ..Self::now(tx) }
    }

    /// As of this instant and not of the transaction's: a token may have been issued while the transaction waited for its rows.
    fn now(tx: &Tx) -> Self {
        let (born, at) = (tx.birth(), tx.ctx().now());
        Self {
            tenant_id: born.tenant,
            id: born.id,
            subject_id: None,
            session_id: None,
            at,
            expires_at: at.plus(KEPT),
            token_id: None,
        }
    }
}

/// What was revoked, as one node knows it.
#[derive(Debug, Default)]
pub struct Revocations {
    known: RwLock<Known>,
    /// That more is refused than was.
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Known {
    suspended: HashSet<Uuid>,
    /// By tenant and subject, session or token: when, and until when it matters.
    revoked: HashMap<(Uuid, Uuid), (Instant, Instant)>,
}

impl Revocations {
    /// Changes whenever more is refused than was.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Whether a token that verifies was revoked, and why.
    pub fn refuse(&self, principal: &Principal) -> Option<Kind> {
        let tenant = principal.tenant()?;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.suspended.contains(&tenant) {
            return Some(Kind::TenantSuspended);
        }
        let session = principal.session().and_then(|session| known.revoked.get(&(tenant, session)));
        let token = known.revoked.get(&(tenant, principal.token_id()));
        let subject = known.revoked.get(&(tenant, principal.id()));
        let by_subject = subject.is_some_and(|(at, _)| issued_at(principal) <= at.micros() / 1_000);
        (session.or(token).is_some() || by_subject).then_some(Kind::Unauthenticated)
    }

    /// Takes in what a transaction on this node revoked.
    pub(crate) fn apply(&self, revocations: &[Revocation]) {
        if revocations.is_empty() {
            return;
        }
        let mut is_new = false;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for one in revocations {
            for id in [one.subject_id, one.session_id, one.token_id].into_iter().flatten() {
                let before = known.revoked.get(&(one.tenant_id, id)).copied();
                let (at, until) = before.unwrap_or((one.at, one.expires_at));
                let after = (Ord::max(at, one.at), Ord::max(until, one.expires_at));
                known.revoked.insert((one.tenant_id, id), after);
                is_new |= before != Some(after);
            }
        }
        drop(known);
        if is_new {
            self.changed.send_replace(());
        }
    }

    fn refresh(&self, suspended: Vec<Uuid>, now: Instant) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let suspended: HashSet<_> = suspended.into_iter().collect();
        let is_new = !suspended.is_subset(&known.suspended);
        known.suspended = suspended;
        known.revoked.retain(|_, (_, until)| *until > now);
        drop(known);
        if is_new {
            self.changed.send_replace(());
        }
    }
}

/// When a token was issued, to the millisecond: its id is a UUIDv7, and `iat` has whole seconds only. An id of another second tells
/// nothing.
fn issued_at(principal: &Principal) -> i64 {
    let precise = principal.token_id().get_timestamp().map(|at| {
        let (seconds, nanos) = at.to_unix();
        i64::try_from(seconds)
            .unwrap_or(i64::MAX)
            .saturating_mul(1_000)
            .saturating_add(i64::from(nanos / 1_000_000))
    });
    let precise = precise.filter(|millis| millis.div_euclid(1_000) == principal.issued_at());
    precise.unwrap_or_else(|| principal.issued_at().saturating_mul(1_000))
}

impl Repository {
    /// Reads everything that still matters: at start.
    pub(crate) async fn refresh_revocations(&self) -> Result<()> {
        self.read_revocations(entity::Column::ExpiresAt.gt(self.clock().now())).await
    }

    async fn read_revocations(&self, which: sea_orm::sea_query::Expr) -> Result<()> {
        let system = self.system("reading what was revoked", Request::default());
        let select = entity::Entity::find().filter(which).into_query();
        let new: Vec<Revocation> = self.unscoped(&system).all(&select).await?;
        self.revocations().apply(&new);
        let suspended =
            Query::select().column("id").from("tenant").and_where(Expr::col("is_active").eq(false)).take();
        let suspended = self.unscoped(&system).rows(&suspended).await?;
        let suspended = suspended.iter().map(|row| field(row, 0)).collect::<Result<_>>()?;
        self.revocations().refresh(suspended, self.clock().now());
        Ok(())
    }

    /// Forgets what has expired.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_revocations(&self, system: &System) -> Result<()> {
        self.housekeep(system, "revocation", "expires_at", system.now()).await
    }
}

/// Follows what other nodes revoke, until the future is dropped.
pub async fn follow_revocations(repository: Repository) {
    let heard = Notify::new();
    tokio::join!(follow(&repository, &heard), repository.listen(&heard));
}

/// Reads again and again: when something was heard, and by the clock, because what is told may be lost.
async fn follow(repository: &Repository, heard: &Notify) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // A node that was away, or could not read, reads from where it stopped.
    let mut read = repository.clock().now();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = heard.notified() => {}
        }
        let now = repository.clock().now();
        match repository.read_revocations(entity::Column::At.gte(Ord::min(read, now).minus(OVERLAP))).await {
            Ok(()) => read = now,
            Err(error) => tracing::warn!(%error, "what was revoked elsewhere can't be read"),
        }
    }
}
