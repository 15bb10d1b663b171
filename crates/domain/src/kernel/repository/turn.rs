//! Whose turn it is to migrate a database.
//!
//! - **PostgreSQL**: an advisory lock, which ends with its session.
//! - **MySQL and MariaDB**: a row with an owner and an expiry, because on a Galera cluster `GET_LOCK` is a node's own. The
//!   owner keeps renewing it; the row of an owner that was killed expires.
//! - **SQLite**: nothing. Each migration is an immediate transaction, which waits for the others.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use secrecy::ExposeSecret;

use super::{failure, migrating::PAUSE};
use crate::{Error, Result};

/// How often a node tries to get the turn: with the pauses, half an hour.
const TRIES: u32 = 1800;
/// After so many tries the log says again that the node waits.
const REMIND: u32 = 30;
/// For how many seconds a row is its owner's without being renewed.
const LEASE: u32 = 30;
/// How long an owner waits between renewals.
const RENEWAL: Duration = Duration::from_secs(5);
/// The advisory lock's number.
const LOCK: i64 = 8_386_112_016_437;

/// A node's turn.
pub(super) struct Turn {
    /// What names this node in the row.
    owner: String,
}

impl Turn {
    /// Waits for the turn.
    ///
    /// # Errors
    /// `Unavailable` when another node has it for too long.
    pub(super) async fn take(connection: &DatabaseConnection) -> Result<Self> {
        let turn = Self { owner: taskhub_auth::secret::opaque().expose_secret().to_owned() };
        turn.prepare(connection).await?;
        for attempt in 0..TRIES {
            if turn.claim(connection).await? {
                return Ok(turn);
            }
            if attempt % REMIND == 0 {
                tracing::info!("another node migrates the database: waiting until it has finished");
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(Error::unavailable("another node migrates the database, and does not come to an end"))
    }

    /// Renews the turn until it is lost.
    pub(super) async fn keep(&self, connection: &DatabaseConnection) -> Error {
        if connection.get_database_backend() != DbBackend::MySql {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(RENEWAL).await;
            // A renewal that fails is no loss yet: the next one shows whether another node took the row.
            if matches!(self.lease(connection).await, Ok(false)) {
                return Error::unavailable("the turn at migrating went to another node");
            }
        }
    }

    /// Lets the next node have its turn.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn end(&self, connection: &DatabaseConnection) -> Result<()> {
        let sql = match connection.get_database_backend() {
            DbBackend::Postgres => format!("SELECT pg_advisory_unlock({LOCK})"),
            DbBackend::MySql => {
                format!("UPDATE migration_lock SET expires_at = 0 WHERE owner = '{}'", self.owner)
            }
            _ => return Ok(()),
        };
        connection.execute_unprepared(&sql).await.map(drop).map_err(failure::from_db)
    }

    /// Makes the row, where there is to be one.
    async fn prepare(&self, connection: &DatabaseConnection) -> Result<()> {
        if connection.get_database_backend() != DbBackend::MySql {
            return Ok(());
        }
        let table = "CREATE TABLE IF NOT EXISTS migration_lock (id SMALLINT NOT NULL PRIMARY KEY, \
             owner VARCHAR(64) NOT NULL, expires_at BIGINT NOT NULL) ENGINE = InnoDB";
        let row = "INSERT IGNORE INTO migration_lock (id, owner, expires_at) VALUES (1, '', 0)";
        for sql in [table, row] {
            connection.execute_unprepared(sql).await.map_err(failure::from_db)?;
        }
        Ok(())
    }

    /// Gets the turn, unless another node has it.
    async fn claim(&self, connection: &DatabaseConnection) -> Result<bool> {
        let claimed = match connection.get_database_backend() {
            DbBackend::Postgres => try_lock(connection).await,
            DbBackend::MySql => self.lease(connection).await,
            _ => Ok(true),
        };
        match claimed {
            // Of two nodes of a Galera cluster that claim the row at once, one gets a deadlock.
            Err(error) if failure::is_transient(&error) => Ok(false),
            outcome => outcome.map_err(failure::from_db),
        }
    }

    /// Gets or renews the row for a while.
    async fn lease(&self, connection: &DatabaseConnection) -> Result<bool, DbErr> {
        let owner = &self.owner;
        let sql = format!(
            "UPDATE migration_lock SET owner = '{owner}', expires_at = UNIX_TIMESTAMP() + {LEASE} \
             WHERE id = 1 AND (owner = '{owner}' OR expires_at < UNIX_TIMESTAMP())"
        );
        Ok(connection.execute_unprepared(&sql).await?.rows_affected() == 1)
    }
}

async fn try_lock(connection: &DatabaseConnection) -> Result<bool, DbErr> {
    let sql = format!("SELECT pg_try_advisory_lock({LOCK})");
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    row.map_or(Ok(false), |row| row.try_get_by_index(0))
}
