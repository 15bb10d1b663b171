//! The one connection that writes to SQLite.
//!
//! Invariant: a transaction begins on a connection that is outside one. The pool hands out none that the driver counts as inside one,
//! and SQLite itself refuses BEGIN IMMEDIATE inside one; neither costs a statement more. After a failed begin, commit or rollback, or a
//! statement that may have ended its transaction, the connection is closed and the next transaction gets a new one.
//!
//! Without that, the driver counts a transaction that SQLite has rolled back by itself (full disk, I/O error) as open for ever: its
//! next BEGIN becomes a savepoint, and its COMMIT releases that savepoint in a transaction that nobody commits.

use std::time::Duration;

use sea_orm::{SqliteTransactionMode, TransactionOptions};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::{failure, home::Pool, pool::Database, transaction::Transaction};
use crate::{Error, Result};

/// How long a group waits for the old connection to close. One that hangs in a call goes on closing by itself.
const CLOSING: Duration = Duration::from_secs(1);
/// The pause after a connection could not be opened.
const PAUSE: Duration = Duration::from_millis(500);

/// The connection, and what opens it anew.
pub(super) struct WriterConnection {
    database: Database,
    state: State,
}

enum State {
    Open(Pool),
    /// The old one is still at work. There is no other meanwhile, so that none piles up.
    Closing(JoinHandle<()>),
    Closed,
    /// It could not be opened; the next attempt is not before this time.
    Failed(Instant, Error),
}

impl WriterConnection {
    pub(super) fn new(database: Database, pool: Pool) -> Self {
        Self { database, state: State::Open(pool) }
    }

    /// Begins a transaction that may write.
    ///
    /// # Errors
    /// `Unavailable`, `StorageFull` or `ReadOnly`, at once while there is no connection.
    pub(super) async fn begin(&mut self) -> Result<Transaction> {
        let pool = self.pool().await?;
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        match pool.begin(immediate).await {
            Ok(transaction) => Ok(transaction),
            Err(error) => {
                self.replace().await;
                Err(failure::from_begin(error))
            }
        }
    }

    /// Commits a transaction of this connection.
    ///
    /// # Errors
    /// As [`Transaction::commit`].
    pub(super) async fn commit(&mut self, transaction: Transaction) -> Result<()> {
        let outcome = transaction.commit().await;
        if outcome.is_err() {
            self.replace().await;
        }
        outcome
    }

    /// Rolls back a transaction of this connection: it is undone in any case.
    pub(super) async fn roll_back(&mut self, transaction: Transaction) {
        if let Err(error) = transaction.rollback().await {
            tracing::debug!(%error, "the rollback failed");
            self.replace().await;
        }
    }

    /// Closes the connection, whatever its state. SQLite undoes what was not committed.
    pub(super) async fn replace(&mut self) {
        if let State::Open(pool) = std::mem::replace(&mut self.state, State::Closed) {
            tracing::warn!("the connection that writes is replaced");
            let mut closing = tokio::spawn(pool.close());
            if timeout(CLOSING, &mut closing).await.is_err() {
                self.state = State::Closing(closing);
            }
        }
    }

    async fn pool(&mut self) -> Result<Pool> {
        match &self.state {
            State::Open(pool) => return Ok(pool.clone()),
            State::Closing(closing) if !closing.is_finished() => {
                return Err(Error::unavailable("the old connection that writes is still at work"));
            }
            State::Failed(until, error) if Instant::now() < *until => return Err(error.clone()),
            State::Closing(_) | State::Closed | State::Failed(..) => {}
        }
        match self.database.open_writer().await {
            Ok(pool) => {
                self.state = State::Open(pool.clone());
                Ok(pool)
            }
            Err(error) => {
                let error = failure::from_begin(error);
                self.state = State::Failed(Instant::now() + PAUSE, error.clone());
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests;
