//! Whether the server can serve: the schema is that of this version, and a row of this node can be
//! written and read back.
//!
//! Invariant: the answer comes within a second, whatever the database does. All callers share one
//! probe, whose result is valid for a second. So any number of requests costs the database one
//! probe per second.

use std::{
    sync::{
        Arc, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures::FutureExt;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use taskhub_migration::{ADDITIVE, Migrator};
use tokio::{
    sync::{Mutex, watch},
    time::{Instant as Moment, timeout},
};
use uuid::Uuid;

use super::{Repository, field};
use crate::{
    Error, Result, Timestamp, Tx,
    kernel::{context::Request, error::Kind},
};

/// The maximum time of an answer.
const PATIENCE: Duration = Duration::from_millis(900);
/// The time for which a result is valid.
const FRESH: Duration = Duration::from_secs(1);
/// The time for which a write that failed for lack of space counts. A probe can still succeed then,
/// because it needs little space.
const FULL: Duration = Duration::from_secs(10);
/// The time without a write after which the row of another node is deleted.
const KEPT: Duration = Duration::from_hours(24);
/// The table with a row for each node.
const TABLE: &str = "readiness";

/// The reason why the server can't serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unready {
    /// The database is full.
    StorageFull,
    /// The database accepts no writes.
    ReadOnly,
    /// The database has not answered in time.
    NoAnswer,
    /// The database refuses connections, or is overloaded.
    Unreachable,
    /// The schema lacks migrations of this version.
    OlderSchema,
    /// The schema has migrations that this version does not know.
    NewerSchema,
    /// The database lacks tables, or can't be read.
    NoTables,
}

impl Unready {
    /// A sentence for the operator.
    pub fn reason(self) -> &'static str {
        match self {
            Self::StorageFull => "The database is full.",
            Self::ReadOnly => "The database is read-only.",
            Self::NoAnswer => "The database does not answer in time.",
            Self::Unreachable => "The database can't be reached, or is overloaded.",
            Self::OlderSchema => "The database's schema is of an older version: run `taskhub migrate up`.",
            Self::NewerSchema => "The database's schema is of a newer version: start that version.",
            Self::NoTables => "The database lacks tables, or can't be read.",
        }
    }
}

impl From<Error> for Unready {
    fn from(error: Error) -> Self {
        match error.kind() {
            Kind::StorageFull => Self::StorageFull,
            Kind::ReadOnly => Self::ReadOnly,
            Kind::Unavailable => Self::Unreachable,
            _ => Self::NoTables,
        }
    }
}

type Outcome = Result<(), Unready>;

/// What this node knows about its readiness.
pub(super) struct Readiness {
    node: Uuid,
    /// The number of probes. Each writes another number.
    number: AtomicI64,
    last: watch::Sender<Option<(Moment, Outcome)>>,
    /// The time of the last write that failed for lack of space; `None` after a successful write.
    full: std::sync::Mutex<Option<Moment>>,
    /// The holder of this lock runs the probe.
    turn: Arc<Mutex<()>>,
}

impl Readiness {
    pub(super) fn new(node: Uuid) -> Self {
        Self {
            node,
            number: AtomicI64::new(0),
            last: watch::Sender::new(None),
            full: std::sync::Mutex::default(),
            turn: Arc::default(),
        }
    }

    /// Records the result of a write: its error, or `None`.
    pub(super) fn note(&self, error: Option<Kind>) {
        let full = match error {
            Some(Kind::StorageFull) => Some(Moment::now()),
            None => None,
            Some(_) => return,
        };
        *self.full.lock().unwrap_or_else(PoisonError::into_inner) = full;
    }

    fn was_full(&self) -> bool {
        let full = *self.full.lock().unwrap_or_else(PoisonError::into_inner);
        full.is_some_and(|at| at.elapsed() < FULL)
    }
}

/// The row that a probe writes.
#[derive(Clone, Copy)]
struct Row {
    node: Uuid,
    number: i64,
    at: Timestamp,
}

impl Repository {
    /// Checks that the server can serve. It returns within a second.
    ///
    /// # Errors
    /// The reason why it can't.
    pub async fn ready(&self) -> Outcome {
        let readiness = &self.0.readiness;
        let mut last = readiness.last.subscribe();
        let known = *last.borrow_and_update();
        if let Some((at, outcome)) = known
            && at.elapsed() < FRESH
        {
            return outcome;
        }
        if let Ok(turn) = readiness.turn.clone().try_lock_owned() {
            // A task of its own: a slow probe goes on when no caller waits for it, and no second
            // one begins beside it.
            let repository = self.clone();
            tokio::spawn(async move {
                let outcome = repository.probe().await;
                repository.0.readiness.last.send_replace(Some((Moment::now(), outcome)));
                drop(turn);
            });
        }
        match timeout(PATIENCE, last.changed()).await {
            Ok(Ok(())) => (*last.borrow()).map_or(Err(Unready::NoAnswer), |(_, outcome)| outcome),
            _ => Err(Unready::NoAnswer),
        }
    }

    async fn probe(&self) -> Outcome {
        let outcome = match self.check_schema().await {
            Ok(()) if self.0.readiness.was_full() => Err(Unready::StorageFull),
            Ok(()) => self.check_write().await,
            refused => refused,
        };
        if let Err(why) = outcome {
            tracing::warn!(reason = why.reason(), "the server is not ready");
        }
        outcome
    }

    /// Compares the applied migrations with those of this version, and checks the tables that every
    /// write needs.
    async fn check_schema(&self) -> Outcome {
        let system = self.system("checking the schema", Request::default());
        let recorded = Query::select().columns(["version", "applied_at"]).from("seaql_migrations").take();
        let rows = self.unscoped(&system).rows(&recorded).await.map_err(Error::from)?;
        let mut applied = Vec::with_capacity(rows.len());
        for row in &rows {
            let (name, at): (String, i64) = (field(row, 0)?, field(row, 1)?);
            // An interrupted migration has the time 0.
            applied.extend((at != 0).then_some(name));
        }
        let tables = Query::select()
            .expr(Expr::value(1))
            .from("tenant")
            .from("audit")
            .from("event")
            .and_where(Expr::cust("1 = 0"))
            .take();
        self.unscoped(&system).rows(&tables).await.map_err(Error::from)?;
        let known = Migrator::names();
        if known.iter().any(|name| !applied.contains(name)) {
            return Err(Unready::OlderSchema);
        }
        let is_newer = |name: &String| !known.contains(name) && !name.ends_with(ADDITIVE);
        if applied.iter().any(is_newer) { Err(Unready::NewerSchema) } else { Ok(()) }
    }

    /// Writes the row of this node and reads it back.
    async fn check_write(&self) -> Outcome {
        let readiness = &self.0.readiness;
        let number = readiness.number.fetch_add(1, Ordering::Relaxed);
        let row = Row { node: readiness.node, number, at: self.clock().now() };
        let system = self.system("probing that writes are stored", Request::default());
        let ctx = system.within(Uuid::nil());
        self.write(&ctx, row, |tx, row| write(tx, *row).boxed()).await?;
        let own = Query::select()
            .column("number")
            .from(TABLE)
            .and_where(Expr::col("node_id").eq(readiness.node))
            .take();
        let rows = self.unscoped(&system).rows(&own).await.map_err(Error::from)?;
        let stored: Option<i64> = rows.first().map(|row| field(row, 0)).transpose()?;
        if stored == Some(number) { Ok(()) } else { Err(Unready::NoTables) }
    }
}

/// Writes the row. The first write also deletes the rows of nodes that are gone.
async fn write(tx: &Tx, row: Row) -> Result<()> {
    let columns = ["node_id", "number", "at"];
    let mut insert = Query::insert();
    insert.into_table(TABLE).columns(columns).values_panic([
        row.node.into(),
        row.number.into(),
        Expr::value(row.at),
    ]);
    insert.on_conflict(OnConflict::column("node_id").update_columns(["number", "at"]).to_owned());
    tx.change_unscoped(&insert).await?;
    if row.number == 0 {
        let mut gone = Query::delete();
        gone.from_table(TABLE).and_where(Expr::col("at").lt(row.at.minus(KEPT)));
        tx.change_unscoped(&gone).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_database_is_full_until_a_write_succeeds() {
        let readiness = Readiness::new(Uuid::nil());
        assert!(!readiness.was_full());
        readiness.note(Some(Kind::StorageFull));
        readiness.note(Some(Kind::Conflict));
        assert!(readiness.was_full());
        readiness.note(None);
        assert!(!readiness.was_full());
        readiness.note(Some(Kind::StorageFull));
        tokio::time::advance(FULL).await;
        assert!(!readiness.was_full(), "from then on a probe finds out");
    }
}
