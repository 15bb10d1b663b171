//! SQLite's one writer: concurrent transactions share a durable commit.
//!
//! A write waits in a bounded queue. The writer takes all that wait, up to [`MOST`], into one immediate transaction; each runs in turn,
//! in a savepoint of its own from its first statement that writes, so that it fails alone; each is acknowledged after the one
//! commit, which is synced to disk (`synchronous=FULL`). When the rows that waited for the end can't be written, or the commit
//! fails, everything is undone and each transaction is tried again by itself.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{FutureExt, future::BoxFuture};
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc, oneshot};

use super::{
    Operation, conn::Conn, failure, feed::Followers, pending::Pending, scope::Scope, sql::Statements,
    stage::Stage, tx::Tx,
};
use crate::{Context, Error, Result, event::Event, session::Revocations};

/// The most transactions that share a commit.
const MOST: usize = 256;
/// The most transactions that wait; one more is refused.
pub(super) const WAITING: u32 = 2048;
/// How often a transaction that failed for a passing reason is tried.
pub(super) const TRIES: u32 = 8;

/// What the transactions of one commit share: the rows that wait for it.
#[derive(Default)]
pub(super) struct Group {
    pending: Mutex<Pending>,
    /// Why nothing of it can be kept, once that is so.
    broken: Mutex<Option<Error>>,
}

impl Group {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the rows of earlier transactions that wait.
    pub(super) async fn settle(&self, conn: &Conn, statements: &Statements) -> Result<()> {
        let mut rows = std::mem::take(&mut self.pending().rows);
        if rows.is_empty() {
            return Ok(());
        }
        self.flush(&mut rows, Vec::new(), conn, statements).await
    }

    /// Writes rows of more than one transaction: when that fails, none of them can be kept.
    async fn flush(
        &self,
        rows: &mut Stage,
        events: Vec<Event>,
        conn: &Conn,
        statements: &Statements,
    ) -> Result<()> {
        rows.flush_with(events, conn, statements).await.map_err(|error| {
            self.give_up(failure::from_write(error, &[]));
            Error::transient("the group is undone")
        })
    }

    fn give_up(&self, cause: Error) {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(cause);
    }

    fn is_broken(&self) -> bool {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn cause(&self) -> Option<Error> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A transaction in the queue.
trait Job: Send {
    fn context(&self) -> Context;
    fn run<'a>(&'a mut self, tx: &'a Tx) -> BoxFuture<'a, Result<()>>;
    fn answer(self: Box<Self>, committed: Result<()>);
}

struct Queued<I, O> {
    ctx: Context,
    input: I,
    operation: Operation<I, O>,
    output: Option<O>,
    reply: oneshot::Sender<Result<O>>,
    /// The tenant's place in the queue, which is taken until the job is answered, whether or not anybody still waits for it.
    _place: Option<OwnedSemaphorePermit>,
}

impl<I: Send + Sync, O: Send> Job for Queued<I, O> {
    fn context(&self) -> Context {
        self.ctx.clone()
    }

    fn run<'a>(&'a mut self, tx: &'a Tx) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.output = Some((self.operation)(tx, &self.input).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, committed: Result<()>) {
        let Self { output, reply, .. } = *self;
        let answer = committed
            .and_then(|()| output.ok_or_else(|| Error::internal("a transaction without an outcome")));
        // Nobody waits for it when the client went away; what was committed stays.
        drop(reply.send(answer));
    }
}

/// The way to the writer.
#[derive(Clone)]
pub(super) struct Writer(mpsc::Sender<Box<dyn Job>>);

impl Writer {
    /// Starts the writer on its connection. It ends when the last way to it is gone.
    pub(super) fn start(
        connection: DatabaseConnection,
        statements: Arc<Statements>,
        revocations: Arc<Revocations>,
        secrets: Arc<super::Secrets>,
        mail: Arc<Notify>,
        followers: Arc<Followers>,
    ) -> Self {
        let (sender, mut queue) = mpsc::channel::<Box<dyn Job>>(WAITING as usize);
        let work = Work { connection, statements, revocations, secrets, mail, followers };
        tokio::spawn(async move {
            let mut jobs = Vec::with_capacity(MOST);
            while queue.recv_many(&mut jobs, MOST).await > 0 {
                work.commit_all(std::mem::take(&mut jobs)).await;
            }
        });
        Self(sender)
    }

    /// Runs an operation in a transaction of its own and waits until it is durable.
    pub(super) async fn write<I, O>(
        &self,
        ctx: &Context,
        place: Option<OwnedSemaphorePermit>,
        input: I,
        operation: Operation<I, O>,
    ) -> Result<O>
    where
        I: Send + Sync + 'static,
        O: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Queued { ctx: ctx.clone(), input, operation, output: None, reply, _place: place };
        self.0
            .try_send(Box::new(job))
            .map_err(|error| Error::unavailable(format!("the queue of writes is {error}")))?;
        answer.await.map_err(|_| Error::unavailable("the writer has stopped"))?
    }
}

struct Work {
    connection: DatabaseConnection,
    statements: Arc<Statements>,
    revocations: Arc<Revocations>,
    secrets: Arc<super::Secrets>,
    mail: Arc<Notify>,
    followers: Arc<Followers>,
}

type Done = (Box<dyn Job>, Result<()>);

impl Work {
    /// Commits the jobs together; where that fails, each by itself.
    async fn commit_all(&self, mut jobs: Vec<Box<dyn Job>>) {
        if jobs.len() > 1 {
            let (outcome, done) = self.commit_together(jobs).await;
            match outcome {
                Ok(()) => {
                    let (again, fine): (Vec<_>, Vec<_>) = done
                        .into_iter()
                        .partition(|(_, result)| result.as_ref().is_err_and(Error::is_transient));
                    for (job, result) in fine {
                        job.answer(result);
                    }
                    jobs = again.into_iter().map(|(job, _)| job).collect();
                }
                Err(error) => {
                    tracing::debug!(%error, "transactions of a group are tried one by one");
                    jobs = done.into_iter().map(|(job, _)| job).collect();
                }
            }
        }
        for job in jobs {
            self.commit_alone(job).await;
        }
    }

    async fn commit_alone(&self, mut job: Box<dyn Job>) {
        for attempt in 1.. {
            let (outcome, done) = self.commit_together(vec![job]).await;
            let Some((same, result)) = done.into_iter().next() else { return };
            let result = outcome.and(result);
            if attempt < TRIES && result.as_ref().is_err_and(Error::is_transient) {
                job = same;
                continue;
            }
            return same.answer(result);
        }
    }

    /// Runs the jobs in one transaction and commits it. The outer result is the commit's: when it failed, nothing was done.
    async fn commit_together(&self, jobs: Vec<Box<dyn Job>>) -> (Result<()>, Vec<Done>) {
        let begin = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = match self.connection.begin_with_options(begin).await {
            Ok(transaction) => Arc::new(transaction),
            Err(error) => {
                let undone = jobs.into_iter().map(|job| (job, Ok(()))).collect();
                return (Err(failure::from_db(error)), undone);
            }
        };
        let group = Arc::new(Group::default());
        let mut done = Vec::with_capacity(jobs.len());
        for mut job in jobs {
            let result =
                if group.is_broken() { Ok(()) } else { self.run(&mut *job, &transaction, &group).await };
            done.push((job, result));
        }
        let outcome = self.finish(transaction, &group).await;
        (outcome, done)
    }

    /// Runs one job in its savepoint.
    async fn run(
        &self,
        job: &mut dyn Job,
        transaction: &Arc<DatabaseTransaction>,
        group: &Arc<Group>,
    ) -> Result<()> {
        let scope = Scope {
            ctx: job.context(),
            conn: Conn::Transaction(transaction.clone()),
            statements: self.statements.clone(),
            secrets: self.secrets.clone(),
        };
        let tx = Tx::new(scope, Some(group.clone()));
        let result = AssertUnwindSafe(job.run(&tx)).catch_unwind().await;
        let mut result =
            result.unwrap_or_else(|_| Err(Error::internal("an operation panicked in its transaction")));
        let dry_run = tx.ctx().is_dry_run();
        if dry_run && result.is_ok() {
            // What waits is written too, to be undone with the rest: it may be refused.
            result = tx.write_records().await;
        }
        let keeps = result.is_ok() && !dry_run;
        if let Err(error) = tx.end_savepoint(keeps).await {
            group.give_up(error);
            return Ok(());
        }
        if keeps {
            let Pending { rows, records, events, revocations, mail, .. } = tx.into_pending();
            let mut pending = group.pending();
            pending.rows.absorb(rows);
            pending.records.absorb(records);
            pending.events.extend(events);
            pending.revocations.extend(revocations);
            pending.mail |= mail;
        }
        result
    }

    async fn finish(&self, transaction: Arc<DatabaseTransaction>, group: &Group) -> Result<()> {
        let Pending { mut rows, records, events, revocations, mail, .. } =
            std::mem::take(&mut *group.pending());
        let wrote = !events.is_empty();
        if !group.is_broken() {
            let conn = Conn::Transaction(transaction.clone());
            rows.absorb(records);
            if let Err(error) = group.flush(&mut rows, events, &conn, &self.statements).await {
                tracing::debug!(%error, "rows of a group can't be written together");
            }
        }
        let transaction = Arc::try_unwrap(transaction)
            .map_err(|_| Error::internal("a transaction outlived its operation"))?;
        if let Some(cause) = group.cause() {
            transaction.rollback().await.map_err(failure::from_db)?;
            return Err(cause);
        }
        transaction.commit().await.map_err(failure::from_db)?;
        self.revocations.apply(&revocations);
        if mail {
            self.mail.notify_one();
        }
        if wrote {
            self.followers.wake();
        }
        Ok(())
    }
}
