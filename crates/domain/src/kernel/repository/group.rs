//! SQLite's one writer: concurrent transactions share a durable commit.
//!
//! A write waits in a bounded queue, in which tenants take turns ([`super::queue`]). The writer
//! takes waiting writes into one immediate transaction until they have written [`ROWS`] rows, so no
//! commit delays the next group for long. From its first statement that writes, each write has a
//! savepoint and so fails alone.
//!
//! Invariant: a write is acknowledged only after the one commit, which is synced to disk
//! (`synchronous=FULL`). When the batched rows can't be written, the whole transaction is rolled
//! back, and each write is retried alone. When the database accepts no writes (full, read-only or
//! unreachable), all are rejected with the cause.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{FutureExt, future::BoxFuture};
use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc, oneshot};

use super::{
    Operation, batch::Batches, conn::Conn, dependents::Dependents, failure, feed::Followers,
    pending::Pending, queue::Queue, revocation::Revocations, scope::Scope, sql::Statements,
    transaction::Transaction, tx::Tx, writer_connection::WriterConnection,
};
use crate::{Context, Error, Result, kernel::event::Event};

/// The number of written rows after which a group is committed. A bulk request has at most as many
/// operations, so the largest one has a group of its own.
const ROWS: u32 = 100;
/// The capacity of the queue, in transactions. A further one is rejected.
pub(super) const WAITING: u32 = 2048;
/// The number of attempts for a transaction that fails with a transient error.
pub(super) const TRIES: u32 = 8;

/// What the transactions of one commit share: the rows that wait for it.
#[derive(Default)]
pub(super) struct Group {
    pending: Mutex<Pending>,
    /// The reason why the whole group must be rolled back, if there is one.
    broken: Mutex<Option<Error>>,
}

impl Group {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the batched rows of earlier transactions.
    pub(super) async fn flush(&self, conn: &Conn, statements: &Statements) -> Result<()> {
        let mut rows = std::mem::take(&mut self.pending().rows);
        if rows.is_empty() {
            return Ok(());
        }
        self.flush_rows(&mut rows, Vec::new(), conn, statements).await
    }

    /// Writes rows of several transactions. When that fails, the whole group must be rolled back.
    async fn flush_rows(
        &self,
        rows: &mut Batches,
        events: Vec<Event>,
        conn: &Conn,
        statements: &Statements,
    ) -> Result<()> {
        rows.flush_with(events, conn, statements).await.map_err(|error| {
            self.give_up(failure::from_write(error, &[]));
            Error::transient("the group is rolled back")
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
    /// The number of rows that it writes. Before the run it is the expected number, and afterwards
    /// at least the recorded one.
    fn cost(&self) -> u32;
    fn run<'a>(&'a mut self, tx: &'a Tx) -> BoxFuture<'a, Result<()>>;
    fn answer(self: Box<Self>, committed: Result<()>);
}

struct Queued<I, O> {
    ctx: Context,
    input: I,
    operation: Operation<I, O>,
    cost: u32,
    output: Option<O>,
    reply: oneshot::Sender<Result<O>>,
    /// The tenant's place in the queue. It is held until the job is answered, even if the client
    /// disconnects.
    _place: Option<OwnedSemaphorePermit>,
}

impl<I: Send + Sync, O: Send> Job for Queued<I, O> {
    fn context(&self) -> Context {
        self.ctx.clone()
    }

    fn cost(&self) -> u32 {
        self.cost
    }

    fn run<'a>(&'a mut self, tx: &'a Tx) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let output = (self.operation)(tx, &self.input).await;
            self.cost = self.cost.max(tx.recorded());
            self.output = Some(output?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, committed: Result<()>) {
        let Self { output, reply, .. } = *self;
        let answer =
            committed.and_then(|()| output.ok_or_else(|| Error::internal("a transaction has no output")));
        // The receiver is gone when the client has disconnected. What was committed stays.
        drop(reply.send(answer));
    }
}

/// The jobs that wait for the writer.
#[derive(Clone)]
struct Waiting(Arc<Mutex<Queue<Box<dyn Job>>>>);

impl Waiting {
    fn queue(&self) -> MutexGuard<'_, Queue<Box<dyn Job>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The access to the writer.
#[derive(Clone)]
pub(super) struct Writer {
    waiting: Waiting,
    /// Wakes the writer. The writer ends when the last sender is dropped.
    wake: mpsc::Sender<()>,
}

impl Writer {
    /// Starts the writer on its connection. It ends when the last [`Writer`] is dropped.
    pub(super) fn start(
        connection: WriterConnection,
        statements: Arc<Statements>,
        revocations: Arc<Revocations>,
        secrets: Arc<super::Secrets>,
        mail: Arc<Notify>,
        followers: Arc<Followers>,
        dependents: &'static Dependents,
    ) -> Self {
        let waiting = Waiting(Arc::new(Mutex::new(Queue::new(WAITING as usize))));
        let (wake, mut woken) = mpsc::channel(1);
        let mut work = Work {
            waiting: waiting.clone(),
            connection,
            statements,
            revocations,
            secrets,
            mail,
            followers,
            dependents,
        };
        tokio::spawn(async move {
            while woken.recv().await.is_some() {
                work.commit_waiting().await;
            }
        });
        Self { waiting, wake }
    }

    /// Runs an operation in a transaction of its own, and returns when it is durable.
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
        let (tenant, cost) = (ctx.tenant(), ctx.cost());
        let job = Queued { ctx: ctx.clone(), input, operation, cost, output: None, reply, _place: place };
        if !self.waiting.queue().push(tenant, cost, Box::new(job)) {
            return Err(Error::unavailable("the queue of writes is full"));
        }
        // A full channel means that the writer has yet to look into the queue.
        self.wake.try_send(()).ok();
        answer.await.map_err(|_| Error::unavailable("the writer has stopped"))?
    }
}

struct Work {
    waiting: Waiting,
    connection: WriterConnection,
    statements: Arc<Statements>,
    revocations: Arc<Revocations>,
    secrets: Arc<super::Secrets>,
    dependents: &'static Dependents,
    mail: Arc<Notify>,
    followers: Arc<Followers>,
}

type Done = (Box<dyn Job>, Result<()>);

impl Work {
    /// Commits waiting jobs, group by group, until the queue is empty.
    async fn commit_waiting(&mut self) {
        while let Some(first) = self.next(u32::MAX) {
            self.commit_group(first).await;
        }
    }

    /// The next job, if it costs no more than `room`.
    fn next(&self, room: u32) -> Option<Box<dyn Job>> {
        self.waiting.queue().next(room)
    }

    /// Commits a job together with waiting ones. If one of them makes the group fail, each is
    /// committed alone.
    async fn commit_group(&mut self, first: Box<dyn Job>) {
        let (outcome, done) = self.commit_together(first, ROWS).await;
        let jobs: Vec<_> = match outcome {
            Ok(()) => {
                let (again, fine): (Vec<_>, Vec<_>) =
                    done.into_iter().partition(|(_, result)| result.as_ref().is_err_and(Error::is_transient));
                for (job, result) in fine {
                    job.answer(result);
                }
                again
            }
            Err(error) if error.is_of_database() => {
                for (job, _) in done {
                    job.answer(Err(error.clone()));
                }
                return;
            }
            Err(error) => {
                tracing::debug!(%error, "retrying the transactions of a group one by one");
                done
            }
        };
        for (job, _) in jobs {
            self.commit_alone(job).await;
        }
    }

    async fn commit_alone(&mut self, mut job: Box<dyn Job>) {
        for attempt in 1.. {
            let (outcome, done) = self.commit_together(job, 0).await;
            let Some((same, result)) = done.into_iter().next() else { return };
            let result = outcome.and(result);
            if attempt < TRIES && result.as_ref().is_err_and(Error::is_transient) {
                job = same;
                continue;
            }
            return same.answer(result);
        }
    }

    /// Runs a job in a transaction, and waiting ones while there is room for their rows, and
    /// commits it. The outer result is that of the commit. When it is an error, nothing was
    /// written.
    async fn commit_together(&mut self, first: Box<dyn Job>, mut room: u32) -> (Result<()>, Vec<Done>) {
        let transaction = match self.connection.begin().await {
            Ok(transaction) => Arc::new(transaction),
            Err(error) => {
                // All waiting jobs would wait as long for the same error, so they get it now.
                let room = if room == 0 { 0 } else { u32::MAX };
                let all = std::iter::once(first).chain(std::iter::from_fn(|| self.next(room)));
                return (Err(error), all.map(|job| (job, Ok(()))).collect());
            }
        };
        let group = Arc::new(Group::default());
        let mut done = Vec::new();
        let mut next = Some(first);
        while let Some(mut job) = next {
            let expected = job.cost();
            let result = self.run(&mut *job, &transaction, &group).await;
            let rows = job.cost();
            self.waiting.queue().charge(job.context().tenant(), rows - expected);
            room = room.saturating_sub(rows);
            done.push((job, result));
            next = if group.is_broken() { None } else { self.next(room) };
        }
        let outcome = self.finish(transaction, &group).await;
        (outcome, done)
    }

    /// Runs one job in its savepoint.
    async fn run(&self, job: &mut dyn Job, transaction: &Arc<Transaction>, group: &Arc<Group>) -> Result<()> {
        let scope = Scope {
            ctx: job.context(),
            conn: Conn::Transaction(transaction.clone()),
            statements: self.statements.clone(),
            secrets: self.secrets.clone(),
            dependents: self.dependents,
        };
        let tx = Tx::new(scope, Some(group.clone()));
        let result = AssertUnwindSafe(job.run(&tx)).catch_unwind().await;
        let mut result =
            result.unwrap_or_else(|_| Err(Error::internal("an operation panicked in its transaction")));
        let dry_run = tx.ctx().is_dry_run();
        if dry_run && result.is_ok() {
            // A dry run writes its pending rows too, before it is rolled back: the database may
            // reject them.
            result = tx.write_records().await;
        }
        let keeps = result.is_ok() && !dry_run;
        let ended = tx.end_savepoint(keeps).await.err();
        // A statement before the savepoint can have ended the transaction, too.
        if let Some(error) = transaction.ended().or(ended) {
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

    async fn finish(&mut self, transaction: Arc<Transaction>, group: &Group) -> Result<()> {
        let Pending { mut rows, records, events, revocations, mail, .. } =
            std::mem::take(&mut *group.pending());
        let wrote = !events.is_empty();
        if !group.is_broken() {
            let conn = Conn::Transaction(transaction.clone());
            rows.absorb(records);
            if let Err(error) = group.flush_rows(&mut rows, events, &conn, &self.statements).await {
                tracing::debug!(%error, "the rows of a group can't be written together");
            }
        }
        let Ok(transaction) = Arc::try_unwrap(transaction) else {
            self.connection.replace().await;
            return Err(Error::internal("a transaction outlived its operation"));
        };
        if let Some(cause) = group.cause() {
            self.connection.roll_back(transaction).await;
            return Err(cause);
        }
        self.connection.commit(transaction).await?;
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
