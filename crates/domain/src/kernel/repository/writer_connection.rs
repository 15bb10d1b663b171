//! The one connection that writes to SQLite.
//!
//! Invariant: a transaction begins only on a connection that is outside a transaction. The pool
//! hands out no connection that the driver counts as inside one, and SQLite rejects BEGIN IMMEDIATE
//! inside one. Neither check costs a statement. After a failed begin, commit or rollback, or a
//! statement that may have ended the transaction, the connection is closed and replaced.
//!
//! Without this, the driver counts a transaction that SQLite has rolled back on its own (full disk,
//! I/O error) as open forever. Its next BEGIN becomes a savepoint, and its COMMIT only releases
//! that savepoint, in a transaction that nobody commits.

use std::time::Duration;

use sea_orm::{SqliteTransactionMode, TransactionOptions};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::{bound_pool::Pool, failure, pool::Database, transaction::Transaction};
use crate::{Error, Result};

/// The time that a group waits for the old connection to close. A connection that hangs in a call
/// goes on closing in the background.
const CLOSING: Duration = Duration::from_secs(1);
/// The pause after a connection could not be opened.
const PAUSE: Duration = Duration::from_millis(500);

/// The connection, and the database to open it again.
pub(super) struct WriterConnection {
    database: Database,
    state: State,
}

enum State {
    Open(Pool),
    /// The old connection is still closing. No other one is opened meanwhile, so connections don't
    /// pile up.
    Closing(JoinHandle<()>),
    Closed,
    /// The connection could not be opened. There is no further attempt before this time.
    Failed(Instant, Error),
}

impl WriterConnection {
    pub(super) fn new(database: Database, pool: Pool) -> Self {
        Self { database, state: State::Open(pool) }
    }

    /// Begins a transaction that may write.
    ///
    /// # Errors
    /// `Unavailable`, `StorageFull` or `ReadOnly`; immediately while there is no connection.
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

    /// Rolls back a transaction of this connection. After an error the connection is replaced,
    /// which undoes the transaction too.
    pub(super) async fn roll_back(&mut self, transaction: Transaction) {
        if let Err(error) = transaction.rollback().await {
            tracing::debug!(%error, "the rollback failed");
            self.replace().await;
        }
    }

    /// Closes the connection, whatever its state. SQLite rolls back what was not committed.
    pub(super) async fn replace(&mut self) {
        if let State::Open(pool) = std::mem::replace(&mut self.state, State::Closed) {
            tracing::warn!("replacing the connection of the writer");
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
                return Err(Error::unavailable("the old connection of the writer is still closing"));
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
