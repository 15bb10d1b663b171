//! The repository: pools, transactions and the tenant scope. It builds every query on the rows of a
//! tenant.
//!
//! Invariant: a connection never leaves this module. Reading needs a [`Scope`] and writing needs a
//! [`Tx`]. Both are handed out for a [`Context`] only, and every statement that they run names the
//! tenant of that context.
//!
//! The repository must not know any resource. What it needs of a resource comes through
//! [`Resource`] and `Dependents`.

mod batch;
mod bound_pool;
mod checkpoint;
mod conn;
mod dependents;
mod due;
mod dump;
mod evidence;
mod failure;
mod feed;
mod file_mode;
#[cfg(fuzzing)]
mod fuzzing;
mod group;
mod installation;
mod internal;
pub(crate) mod json;
mod limit;
mod migrating;
mod migration_lock;
mod node_notifier;
mod parent;
mod pending;
pub(crate) mod people;
mod pool;
mod queue;
mod readiness;
pub(crate) mod resource;
mod revocation;
pub(crate) mod row;
mod scope;
mod sql;
mod startup_wait;
mod statistics;
mod tenant_limiter;
mod text;
pub(crate) mod tokenizer;
mod tool_access;
mod transaction;
mod tx;
mod writer_connection;

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use sea_orm::{
    TransactionOptions,
    sea_query::{Condition, Expr, ExprTrait, Query},
};
use taskhub_auth::Cipher;
use tokio::sync::Notify;
use tracing::Instrument;

use self::writer_connection::WriterConnection;
pub(crate) use self::{
    bound_pool::Pool,
    conn::Conn,
    dependents::{BelongsTo, Cascade, Dependents, PassesOn, Reaction, ReactsTo, Succession},
    failure::in_use,
    installation::{WRONG_KEY, fingerprint as key_fingerprint},
    migrating::check_known,
    resource::{Unique, entity},
    revocation::Revocation,
    scope::{field, lies_in_readable, names_readable, readable, readable_ids},
    text::unindexed,
};
pub use self::{
    dependents::Written,
    evidence::{
        Act, Changes, Delete, Evidence, Override, Precondition, Read, ReadPrivate, Update, UpdateProfile,
    },
    migrating::{Loss, MigrationState},
    parent::{Child, CollectionOf, KeyOf, Parent},
    pool::Database,
    readiness::Unready,
    resource::{Access, Blank, Container, Listed, Owned, Resource, Stored},
    revocation::{Revocations, follow_revocations},
    scope::Scope,
    tenant_limiter::{TenantLimiter, TenantShare},
    text::Searched,
    tool_access::Engine,
    tx::{Birth, Tx},
};
use crate::{
    Clock, Context, Error, Result, System, Timestamp,
    kernel::{context::Request, idempotency::InFlight},
};

/// The number of rows that housekeeping deletes in one transaction.
pub(crate) const SWEEP: u64 = 100;

/// An operation that runs in a transaction. It may run more than once, because a transaction that
/// meets a conflict or a deadlock is retried. So an operation has no effect except through its
/// [`Tx`].
pub type Operation<I, O> = for<'a> fn(&'a Tx, &'a I) -> BoxFuture<'a, Result<O>>;

/// The access to all data of an installation. Cheap to clone: the clones share their pools and
/// caches.
#[derive(Clone)]
pub struct Repository(Arc<Inner>);

struct Inner {
    reads: Pool,
    writes: Writes,
    shares: Arc<tenant_limiter::TenantLimiter>,
    queue: Arc<tenant_limiter::TenantLimiter>,
    statements: Arc<sql::Statements>,
    revocations: Arc<Revocations>,
    node_notifier: node_notifier::News,
    secrets: Arc<Secrets>,
    mail: Arc<Notify>,
    followers: Arc<feed::Followers>,
    clock: Clock,
    in_flight: InFlight,
    dependents: &'static Dependents,
    readiness: readiness::Readiness,
    _checkpoints: Option<checkpoint::Checkpoints>,
}

/// The secrets of the installation.
struct Secrets {
    /// The secret that all nodes of a database share. It seals cursors and credentials, and it
    /// fingerprints requests.
    installation: Vec<u8>,
    /// The cipher for sealed values. Its key is stored outside the database.
    cipher: Cipher,
}

enum Writes {
    /// SQLite: one writer, which commits several transactions together.
    Grouped(group::Writer),
    /// The other databases: each transaction on a connection of its own.
    Each(Pool),
}

impl Repository {
    /// Connects to a database whose schema is up to date, with the relations between the resources.
    ///
    /// # Errors
    /// `Unavailable` when the database can't be reached. `Conflict` when its schema is of another
    /// version, or when the encryption key is not the key of the database.
    pub(crate) async fn open(
        database: &Database,
        cipher: Cipher,
        clock: Clock,
        dependents: &'static Dependents,
    ) -> Result<Self> {
        let (reads, writes) = database.open().await.map_err(failure::from_db)?;
        Database::check_schema(writes.connections()).await?;
        let shares = Arc::new(tenant_limiter::TenantLimiter::new(database.connections()));
        let statements = Arc::new(sql::Statements::default());
        let revocations = Arc::new(Revocations::default());
        let conn = Conn::Pool(writes.clone(), None);
        let installation = installation::secret(&conn).await?;
        installation::check_key(&conn, &cipher).await?;
        let secrets = Arc::new(Secrets { installation, cipher });
        let mail = Arc::new(Notify::new());
        let followers = Arc::new(feed::Followers::default());
        let writes = if database.is_embedded() {
            Writes::Grouped(group::Writer::start(
                WriterConnection::new(database.clone(), writes),
                statements.clone(),
                revocations.clone(),
                secrets.clone(),
                mail.clone(),
                followers.clone(),
                dependents,
            ))
        } else {
            Writes::Each(writes)
        };
        let repository = Self(Arc::new(Inner {
            reads,
            writes,
            shares,
            queue: Arc::new(tenant_limiter::TenantLimiter::new(group::WAITING)),
            statements,
            revocations,
            node_notifier: node_notifier::News::of(database),
            secrets,
            mail,
            followers,
            readiness: readiness::Readiness::new(clock.now().new_id(uuid::Uuid::nil())),
            _checkpoints: checkpoint::Checkpoints::start(database, checkpoint::LARGE, checkpoint::PERIOD),
            clock,
            in_flight: InFlight::default(),
            dependents,
        }));
        repository.refresh_revocations().await?;
        Ok(repository)
    }

    /// The scope that reads the rows of the tenant of `ctx`. It runs each statement on any
    /// connection, within the tenant's share of the connections.
    pub fn read(&self, ctx: &Context) -> Scope {
        Scope {
            ctx: ctx.clone(),
            conn: Conn::Pool(self.0.reads.clone(), Some(self.0.shares.of(ctx.tenant()))),
            statements: self.0.statements.clone(),
            secrets: self.0.secrets.clone(),
            dependents: self.0.dependents,
        }
    }

    /// Runs `read` on a consistent snapshot: all of its statements see the database at one point in
    /// time.
    ///
    /// # Errors
    /// The errors of `read`, and `Unavailable` when the database is overloaded.
    pub async fn at_once<O>(&self, ctx: &Context, read: impl AsyncFnOnce(&Scope) -> Result<O>) -> Result<O> {
        let _held = self.0.shares.of(ctx.tenant()).enter().await?;
        let transaction = Arc::new(self.0.reads.snapshot().await.map_err(failure::from_db)?);
        let scope = Scope { conn: Conn::Transaction(transaction), ..self.read(ctx) };
        // Nothing was written, so dropping the transaction is enough to end it.
        read(&scope).await
    }

    /// Runs an operation in a transaction and returns when the transaction is durable. An operation
    /// that fails leaves nothing behind, and neither does a dry run. Conflicts and deadlocks are
    /// retried here, up to 8 attempts in total, so callers never retry.
    ///
    /// # Errors
    /// The errors of the operation, and `Unavailable` when the database or the queue of writes is
    /// overloaded.
    pub async fn write<I, O>(&self, ctx: &Context, input: I, operation: Operation<I, O>) -> Result<O>
    where
        I: Send + Sync + 'static,
        O: Send + 'static,
    {
        let outcome = self.dispatch(ctx, input, operation).await;
        self.0.readiness.note(outcome.as_ref().err().map(Error::kind));
        outcome
    }

    /// Runs the operation with others in one commit on SQLite, and in a transaction of its own
    /// elsewhere.
    async fn dispatch<I, O>(&self, ctx: &Context, input: I, operation: Operation<I, O>) -> Result<O>
    where
        I: Send + Sync + 'static,
        O: Send + 'static,
    {
        match &self.0.writes {
            Writes::Grouped(writer) => {
                // One tenant's writes fill at most a third of the queue.
                let place = self.0.queue.of(ctx.tenant()).enter().await?;
                writer.write(ctx, Some(place), input, operation).await
            }
            Writes::Each(pool) => {
                // A task of its own, which goes on when the client disconnects. So whatever follows
                // a commit (revocations, mail) always runs.
                let (repository, pool, ctx) = (self.clone(), pool.clone(), ctx.clone());
                let write = async move { repository.write_alone(&pool, &ctx, &input, operation).await };
                let write = tokio::spawn(write.in_current_span());
                write.await.unwrap_or_else(|error| Err(Error::internal(error)))
            }
        }
    }

    async fn write_alone<I, O>(
        &self,
        pool: &Pool,
        ctx: &Context,
        input: &I,
        operation: Operation<I, O>,
    ) -> Result<O> {
        for attempt in 1..group::TRIES {
            match self.try_write(pool, ctx, input, operation).await {
                Err(error) if error.is_transient() => tokio::time::sleep(pause(attempt)).await,
                outcome => return outcome,
            }
        }
        self.try_write(pool, ctx, input, operation).await
    }

    async fn try_write<I, O>(
        &self,
        pool: &Pool,
        ctx: &Context,
        input: &I,
        operation: Operation<I, O>,
    ) -> Result<O> {
        let _held = self.0.shares.of(ctx.tenant()).enter().await?;
        let transaction =
            Arc::new(pool.begin(TransactionOptions::default()).await.map_err(failure::from_db)?);
        let conn = Conn::Transaction(transaction.clone());
        let scope = Scope { conn: conn.clone(), ..self.read(ctx) };
        let tx = Tx::new(scope, None);
        // An error drops the transaction, which rolls it back.
        let output = operation(&tx, input).await?;
        let mut pending = tx.into_pending();
        if pending.notifies_nodes {
            conn.notify_nodes().await.map_err(failure::from_db)?;
        }
        pending.rows.absorb(pending.records);
        let wrote = !pending.events.is_empty();
        // Events are written last, because their positions lock the tenant's feed until the commit.
        let flushed = pending.rows.flush_with(pending.events, &conn, &self.0.statements).await;
        flushed.map_err(|error| failure::from_write(error, &[]))?;
        drop(conn);
        let transaction = Arc::try_unwrap(transaction)
            .map_err(|_| Error::internal("a transaction outlived its operation"))?;
        if ctx.is_dry_run() {
            transaction.rollback().await?;
            return Ok(output);
        }
        transaction.commit().await?;
        self.0.revocations.apply(&pending.revocations);
        if pending.mail {
            self.0.mail.notify_one();
        }
        if wrote {
            self.0.followers.wake();
        }
        Ok(output)
    }

    /// The revocations that this node keeps in memory.
    pub fn revocations(&self) -> &Revocations {
        &self.0.revocations
    }

    /// Notifies `heard` whenever another node has revoked something, until the future is dropped.
    /// Only PostgreSQL notifies. On the other databases it returns at once.
    pub(crate) async fn listen(&self, heard: &tokio::sync::Notify) {
        self.0.node_notifier.listen(heard).await;
    }

    /// The secret of the installation: the key of the seals of cursors and of the fingerprints of
    /// requests.
    pub(crate) fn secret(&self) -> &[u8] {
        &self.0.secrets.installation
    }

    /// The cipher for secrets that the server must read again, such as the secrets of second
    /// factors.
    pub(crate) fn cipher(&self) -> &Cipher {
        &self.0.secrets.cipher
    }

    /// Waits until a transaction of this node has committed mail to send.
    pub async fn mail_written(&self) {
        self.0.mail.notified().await;
    }

    /// The clock of the repository. It gives the time of every write and every check of expiry.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The context maker for the server's own work, which no user requested. The reason goes to the
    /// log.
    pub fn system(&self, reason: &'static str, request: Request) -> System {
        System::new(reason, request, self.0.clock.clone())
    }

    /// An unscoped connection: its statements name no tenant. It is for the few queries of the
    /// server's own work, and each new use is a decision.
    pub(crate) fn unscoped(&self, _system: &System) -> Conn {
        Conn::Pool(self.0.reads.clone(), None)
    }

    /// Deletes rows across tenants: those of `table` whose timestamp in `column` is before
    /// `before`. It deletes [`SWEEP`] rows per transaction, so that no other write waits long.
    pub(crate) async fn housekeep(
        &self,
        system: &System,
        table: &'static str,
        column: &'static str,
        before: Timestamp,
    ) -> Result<()> {
        let expired = Query::select()
            .columns(["tenant_id", "id"])
            .from(table)
            .and_where(Expr::col(column).lt(before))
            .limit(SWEEP)
            .take();
        let ctx = system.within(uuid::Uuid::nil());
        loop {
            let rows = self.unscoped(system).rows(&expired).await.map_err(failure::from_db)?;
            let mut any = Condition::any();
            for row in &rows {
                let (tenant, id): (uuid::Uuid, uuid::Uuid) = (field(row, 0)?, field(row, 1)?);
                any = any.add(Expr::col("tenant_id").eq(tenant).and(Expr::col("id").eq(id)));
            }
            if rows.is_empty() {
                return Ok(());
            }
            let delete = Query::delete().from_table(table).cond_where(any).take();
            self.write(&ctx, delete, |tx, delete| {
                Box::pin(async move { tx.change_unscoped(delete).await.map(drop) })
            })
            .await?;
        }
    }

    /// The idempotency keys whose requests this node is running.
    pub(crate) fn in_flight(&self) -> &InFlight {
        &self.0.in_flight
    }
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Repository")
    }
}

/// The pause before attempt `attempt + 1`: 4 ms, doubling up to 128 ms, so that the victims of a
/// deadlock don't collide again at once.
fn pause(attempt: u32) -> Duration {
    Duration::from_millis(2 << Ord::min(attempt, 6))
}
