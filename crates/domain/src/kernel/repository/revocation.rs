//! Revoked tokens, sessions and subjects. Every node keeps them in memory, so that a request costs
//! no query.
//!
//! Invariant: a revocation is written in the transaction that causes it, and this node applies it
//! with the commit. The other nodes poll for new ones twice a second, and so does a server for
//! those of the command line. PostgreSQL also notifies them. A revocation is kept until the last
//! access token that it concerns has expired. Suspended tenants are a state and not events, so they
//! are read whole each time.

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

/// The interval at which a node reads the revocations of the other nodes.
const INTERVAL: Duration = Duration::from_millis(500);
/// The time by which each read overlaps the one before: a transaction may commit later than its
/// timestamp.
const OVERLAP: Duration = Duration::from_mins(1);
/// The maximum lifetime of a user's access token, and so the time that its revocation is kept.
const KEPT: Duration = Duration::from_hours(24);
/// The same for access tokens of a service, which the command line mints.
const KEPT_FOR_SERVICES: Duration = Duration::from_hours(366 * 24);

entity! {
    pub(crate) struct Revocation in "revocation", unversioned {
        /// All tokens of this subject that were issued up to `at`.
        pub subject_id: Option<Uuid>,
        /// All tokens of this session.
        pub session_id: Option<Uuid>,
        pub at: Instant,
        pub expires_at: Instant,
        /// This one token, by its `jti` (RFC 7519 section 4.1.7).
        pub token_id: Option<Uuid>,
    }
}

impl Revocation {
    /// Revokes all tokens of a session.
    pub(crate) fn of_session(tx: &Tx, session: Uuid) -> Self {
        Self { session_id: Some(session), ..Self::now(tx) }
    }

    /// Revokes all tokens of a subject that were issued up to now.
    pub(crate) fn of_subject(tx: &Tx, subject: Uuid) -> Self {
        Self { subject_id: Some(subject), ..Self::now(tx) }
    }

    /// Revokes all tokens of a service that were issued up to now.
    pub(crate) fn of_service(tx: &Tx, service: Uuid) -> Self {
        let now = Self::now(tx);
        Self { subject_id: Some(service), expires_at: now.at.plus(KEPT_FOR_SERVICES), ..now }
    }

    /// Revokes one token, until it expires.
    pub(crate) fn of_token(tx: &Tx, token: &Principal) -> Self {
        let expires_at = Instant::from_micros(token.expires_at().saturating_mul(1_000_000));
        Self { token_id: Some(token.token_id()), expires_at, ..Self::now(tx) }
    }

    /// It has the present timestamp and not that of the transaction: a token may have been issued
    /// while the transaction waited for locks.
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

/// The revocations that one node knows.
#[derive(Debug, Default)]
pub struct Revocations {
    known: RwLock<Known>,
    /// Changes when more tokens are rejected than before.
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Known {
    suspended: HashSet<Uuid>,
    /// By the tenant and the id of a subject, session or token: the timestamp of the revocation,
    /// and the timestamp until which it is kept.
    revoked: HashMap<(Uuid, Uuid), (Instant, Instant)>,
}

impl Revocations {
    /// A receiver that changes whenever more tokens are rejected than before.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// The reason to reject a valid token, if it was revoked: `TenantSuspended` or
    /// `Unauthenticated`.
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

    /// Adds the revocations of a transaction.
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

/// The timestamp in ms at which a token was issued, from its id, which is a UUIDv7 (RFC 9562
/// section 5.7). `iat` has whole seconds only. An id of another second is ignored.
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
    /// Reads all revocations that have not expired, at the start.
    pub(crate) async fn refresh_revocations(&self) -> Result<()> {
        self.read_revocations(entity::Column::ExpiresAt.gt(self.clock().now())).await
    }

    async fn read_revocations(&self, which: sea_orm::sea_query::Expr) -> Result<()> {
        let system = self.system("reading revocations", Request::default());
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

    /// Deletes expired revocations.
    ///
    /// # Errors
    /// The errors of the database.
    pub async fn forget_revocations(&self, system: &System) -> Result<()> {
        self.housekeep(system, "revocation", "expires_at", system.now()).await
    }
}

/// Follows the revocations of other nodes, until the future is dropped.
pub async fn follow_revocations(repository: Repository) {
    let heard = Notify::new();
    tokio::join!(follow(&repository, &heard), repository.listen(&heard));
}

/// Reads after each notification, and by the clock, because notifications can be lost.
async fn follow(repository: &Repository, heard: &Notify) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The timestamp of the last successful read. After failures the next read begins there.
    let mut read = repository.clock().now();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = heard.notified() => {}
        }
        let now = repository.clock().now();
        match repository.read_revocations(entity::Column::At.gte(Ord::min(read, now).minus(OVERLAP))).await {
            Ok(()) => read = now,
            Err(error) => tracing::warn!(%error, "can't read the revocations of other nodes"),
        }
    }
}
