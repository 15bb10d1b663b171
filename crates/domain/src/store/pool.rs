//! Opening one of the three databases, each with what TaskHub's promises need of it.

use std::time::Duration;

use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, Statement, TransactionTrait,
};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Executor,
    sqlite::{SqliteJournalMode, SqliteSynchronous},
};
use taskhub_migration::{MigrationStatus, Migrator, MigratorTrait};

use super::failure;
use crate::{Error, Result};

/// How long a request waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);
/// How long a statement may take.
const STATEMENT: Duration = Duration::from_secs(15);
/// How long a statement waits for a lock.
const LOCK: Duration = Duration::from_secs(5);

/// A database: `sqlite://…`, `postgres://…` or `mysql://…`, and how many connections it gets.
#[derive(Clone, Debug)]
pub struct Database {
    url: SecretString,
    connections: u32,
}

/// A migration and whether it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationState {
    /// Its name.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

impl Database {
    /// A database by its URL. On SQLite the connections are the readers', beside the one writer.
    pub fn new(url: SecretString, connections: u32) -> Self {
        Self { url, connections }
    }

    /// Whether it is a file of this machine (SQLite).
    pub fn is_embedded(&self) -> bool {
        self.url.expose_secret().starts_with("sqlite:")
    }

    /// Its URL, if it is one that lets nodes know what others did (PostgreSQL).
    pub(super) fn telling(&self) -> Option<&SecretString> {
        let url = self.url.expose_secret();
        ["postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme)).then_some(&self.url)
    }

    /// How many connections it gets.
    pub(super) fn connections(&self) -> u32 {
        self.connections
    }

    /// Brings the schema up to date.
    ///
    /// # Errors
    /// `Unavailable` when the database can't be reached; `Internal` when a migration fails.
    pub async fn migrate(&self) -> Result<()> {
        let connection = self.single().await?;
        // Nodes that start together take turns: the lock is the session's, and goes with it.
        let lock = match connection.get_database_backend() {
            DbBackend::Postgres => "SELECT 1 FROM pg_advisory_lock(8386112016437)",
            DbBackend::MySql => "SELECT GET_LOCK('taskhub migrate', 60)",
            _ => "SELECT 1",
        };
        let lock = Statement::from_string(connection.get_database_backend(), lock);
        let held = connection.query_one_raw(lock).await.map_err(failure::from_db)?;
        if held.and_then(|row| row.try_get_by_index::<i32>(0).ok()) != Some(1) {
            return Err(Error::unavailable(
                "another node migrates the database, and does not come to an end",
            ));
        }
        Migrator::up(&connection, None).await.map_err(failure::from_db)
    }

    /// Takes the latest migrations back; all of them when no number is given.
    ///
    /// # Errors
    /// As [`Self::migrate`].
    pub async fn migrate_down(&self, steps: Option<u32>) -> Result<()> {
        Migrator::down(&self.single().await?, steps).await.map_err(failure::from_db)
    }

    /// Which migrations the database has.
    ///
    /// # Errors
    /// As [`Self::migrate`].
    pub async fn migrations(&self) -> Result<Vec<MigrationState>> {
        let status =
            Migrator::get_migration_with_status(&self.single().await?).await.map_err(failure::from_db)?;
        let state = |migration: &taskhub_migration::Migration| MigrationState {
            name: migration.name().to_owned(),
            applied: migration.status() == MigrationStatus::Applied,
        };
        Ok(status.iter().map(state).collect())
    }

    /// One connection: migrations on more than one can see half of each other's work. They take as long as they take.
    async fn single(&self) -> Result<DatabaseConnection> {
        let mut options = self.options(1, false);
        options.statement_timeout(Duration::ZERO);
        sea_orm::Database::connect(options).await.map_err(failure::from_db)
    }

    /// The pools for reading and for writing; one pool serves both where the database has many writers.
    pub(super) async fn open(&self) -> std::result::Result<(DatabaseConnection, DatabaseConnection), DbErr> {
        if self.is_embedded() {
            // The writer comes first: it makes the file.
            let writer = sea_orm::Database::connect(self.options(1, false)).await?;
            let readers = sea_orm::Database::connect(self.options(self.connections, true)).await?;
            Ok((readers, writer))
        } else {
            let pool = sea_orm::Database::connect(self.options(self.connections, false)).await?;
            Ok((pool.clone(), pool))
        }
    }

    fn options(&self, connections: u32, read_only: bool) -> ConnectOptions {
        let mut options = ConnectOptions::new(self.url.expose_secret());
        options
            .max_connections(connections)
            .acquire_timeout(ACQUIRE)
            .connect_timeout(ACQUIRE)
            .sqlx_logging(false)
            .test_before_acquire(false)
            .statement_timeout(STATEMENT);
        if !self.is_embedded() {
            // A connection that the database closed meanwhile is found out before it is used.
            options.test_before_acquire_if_idle_for(Duration::from_secs(1));
        }
        if self.is_embedded() {
            options
                .min_connections(connections)
                .idle_timeout(None::<Duration>)
                .max_lifetime(None::<Duration>);
        }
        options.map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .create_if_missing(!read_only)
                .read_only(read_only)
                .journal_mode(SqliteJournalMode::Wal)
                // NORMAL would lose acknowledged writes to a power cut.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(LOCK)
                .foreign_keys(true)
                .statement_cache_capacity(512)
        });
        options.map_sqlx_postgres_opts(|postgres| {
            postgres
                .application_name("taskhub")
                .statement_cache_capacity(512)
                .options([("lock_timeout", LOCK.as_millis().to_string())])
        });
        options.map_sqlx_mysql_opts(|mysql| mysql.statement_cache_capacity(512));
        options.map_sqlx_mysql_pool_opts(|pool| {
            pool.after_connect(|connection, _| {
                Box::pin(async move {
                    connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
                    connection.execute("SET SESSION innodb_lock_wait_timeout = 5").await?;
                    Ok(())
                })
            })
        });
        options
    }
}

/// Begins to read the database as it is at one instant. SQLite's transactions do so anyhow.
pub(super) async fn snapshot(pool: &DatabaseConnection) -> std::result::Result<DatabaseTransaction, DbErr> {
    if pool.get_database_backend() == DbBackend::Sqlite {
        return pool.begin().await;
    }
    pool.begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly)).await
}
