//! The lock of a migration: one node migrates at a time.
//!
//! - **PostgreSQL**: an advisory lock, which ends with its session.
//! - **MySQL and MariaDB**: a row with an owner and an expiry, because `GET_LOCK` is local to a
//!   node of a Galera cluster. The owner renews it. The row of an owner that was killed expires.
//! - **SQLite**: nothing. Each migration is an immediate transaction, which waits for the others.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use secrecy::ExposeSecret;

use super::{failure, migrating::PAUSE};
use crate::{Error, Result};

/// The number of attempts to get the lock. With the pauses of 1 s it is half an hour.
const TRIES: u32 = 1800;
/// The log repeats that the node waits after so many attempts.
const REMIND: u32 = 30;
/// The time after which an owner that does not renew the row loses it, in seconds.
const LEASE: u32 = 30;
/// The interval between renewals.
const RENEWAL: Duration = Duration::from_secs(5);
/// The number of the advisory lock.
const LOCK: i64 = 8_386_112_016_437;

/// The lock, held by this node.
pub(super) struct MigrationLock {
    /// The name of this node in the row.
    owner: String,
}

impl MigrationLock {
    /// Waits for the lock.
    ///
    /// # Errors
    /// `Unavailable` when another node holds it for half an hour.
    pub(super) async fn take(connection: &DatabaseConnection) -> Result<Self> {
        let turn = Self { owner: taskhub_auth::secret::opaque().expose_secret().to_owned() };
        turn.prepare(connection).await?;
        for attempt in 0..TRIES {
            if turn.claim(connection).await? {
                return Ok(turn);
            }
            if attempt % REMIND == 0 {
                tracing::info!("another node is migrating the database; waiting for it");
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(Error::unavailable("another node has been migrating the database for too long"))
    }

    /// Renews the lock until it is lost, and returns that as an error.
    pub(super) async fn keep(&self, connection: &DatabaseConnection) -> Error {
        if connection.get_database_backend() != DbBackend::MySql {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(RENEWAL).await;
            // A failed renewal is not yet a loss. The next one shows whether another node took the
            // row.
            if matches!(self.lease(connection).await, Ok(false)) {
                return Error::unavailable("another node took over the migration");
            }
        }
    }

    /// Releases the lock.
    ///
    /// # Errors
    /// The errors of the database.
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

    /// Creates the row, where the lock is a row.
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

    /// Tries to get the lock. Returns false if another node holds it.
    async fn claim(&self, connection: &DatabaseConnection) -> Result<bool> {
        let claimed = match connection.get_database_backend() {
            DbBackend::Postgres => try_lock(connection).await,
            DbBackend::MySql => self.lease(connection).await,
            _ => Ok(true),
        };
        match claimed {
            // If two nodes of a Galera cluster claim the row at once, one gets a deadlock.
            Err(error) if failure::is_transient(&error) => Ok(false),
            outcome => outcome.map_err(failure::from_db),
        }
    }

    /// Gets or renews the row for [`LEASE`] seconds. Returns false if another node has it.
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
