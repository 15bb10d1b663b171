//! Opens one of the three databases, with the options that TaskHub's guarantees need: durable
//! commits, foreign keys, isolation and time limits.

use std::{future::ready, str::FromStr, sync::Arc, time::Duration};

use sea_orm::{ConnectOptions, DbErr, RuntimeErr};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Connection, Executor,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{bound_pool::Pool, checkpoint, file_mode, limit::Limit, statistics};

/// The time that a request waits for a connection. It may have waited 1 s for its tenant's share
/// before, so together it waits at most 2 s.
const ACQUIRE: Duration = Duration::from_secs(1);
/// The default limit of each call to the database.
const CALL: Duration = Duration::from_secs(10);
/// The maximum lifetime of a connection that reads SQLite.
const READER: Duration = Duration::from_hours(1);
/// The time that a statement waits for a lock.
const LOCK: Duration = Duration::from_secs(5);

/// A database (`sqlite://…`, `postgres://…` or `mysql://…`), and the number of its connections.
#[derive(Clone, Debug)]
pub struct Database {
    url: SecretString,
    connections: u32,
    limit: Limit,
    /// The maximum size of SQLite's file in pages, for connections that are opened from now on.
    #[cfg(test)]
    pub(super) pages: std::sync::Arc<std::sync::atomic::AtomicU32>,
}

impl Database {
    /// A database by its URL. On SQLite `connections` is the number of readers; there is one writer
    /// beside them.
    pub fn new(url: SecretString, connections: u32) -> Self {
        Self {
            url,
            connections,
            limit: Limit::new(CALL),
            #[cfg(test)]
            pages: std::sync::Arc::new(u32::MAX.into()),
        }
    }

    /// Limits the duration of each call to the database, including BEGIN and COMMIT.
    #[must_use]
    pub fn with_timeout(mut self, each: Duration) -> Self {
        self.limit = Limit::new(each);
        self
    }

    /// Whether the database is a file on this machine (SQLite).
    pub fn is_embedded(&self) -> bool {
        self.url.expose_secret().starts_with("sqlite:")
    }

    /// The URL, with the password.
    pub(super) fn url(&self) -> &str {
        self.url.expose_secret()
    }

    /// The URL, if the database is a file on this machine.
    pub(super) fn embedded(&self) -> Option<&str> {
        self.is_embedded().then(|| self.url.expose_secret())
    }

    /// The URL, if the database has notifications between nodes (PostgreSQL).
    pub(super) fn telling(&self) -> Option<&SecretString> {
        let url = self.url.expose_secret();
        ["postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme)).then_some(&self.url)
    }

    /// The number of connections.
    pub(super) fn connections(&self) -> u32 {
        self.connections
    }

    /// The pools for reading and for writing. A database with many writers has one pool for both.
    pub(super) async fn open(&self) -> std::result::Result<(Pool, Pool), DbErr> {
        self.keep_private()?;
        if self.is_embedded() {
            // The writer is opened first, because it creates the file.
            let writer = self.open_writer().await?;
            statistics::at_open(&writer).await;
            Ok((self.pool(self.connections, true).await?, writer))
        } else {
            let pool = self.pool(self.connections, false).await?;
            Ok((pool.clone(), pool))
        }
    }

    /// A pool of one connection, such as the one that writes to SQLite.
    pub(crate) async fn open_writer(&self) -> std::result::Result<Pool, DbErr> {
        self.pool(1, false).await
    }

    async fn pool(&self, connections: u32, read_only: bool) -> std::result::Result<Pool, DbErr> {
        let connecting = Box::pin(sea_orm::Database::connect(self.options(connections, read_only)));
        Ok(Pool::new(self.limit.hold(connecting).await?, self.limit.clone()))
    }

    /// Makes the files of an embedded database accessible only to their owner.
    pub(super) fn keep_private(&self) -> std::result::Result<(), DbErr> {
        let Some(url) = self.embedded() else { return Ok(()) };
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))?;
        let file = options.get_filename();
        file_mode::keep(file)
            .map_err(|error| DbErr::Conn(RuntimeErr::Internal(format!("{}: {error}", file.display()))))
    }

    pub(super) fn options(&self, connections: u32, read_only: bool) -> ConnectOptions {
        let mut options = ConnectOptions::new(self.url.expose_secret());
        options
            .max_connections(connections)
            .acquire_timeout(ACQUIRE)
            .connect_timeout(ACQUIRE)
            .sqlx_logging(false)
            .test_before_acquire(false)
            .statement_timeout(self.limit.for_server());
        if !self.is_embedded() {
            // Detects a connection that the database has closed before it is used.
            options.test_before_acquire_if_idle_for(Duration::from_secs(1));
        }
        if self.is_embedded() {
            options
                .min_connections(connections)
                .idle_timeout(None::<Duration>)
                // A connection keeps the statistics that were there when it was opened.
                .max_lifetime(read_only.then_some(READER));
        }
        self.sqlite_options(&mut options, read_only);
        self.postgres_options(&mut options);
        self.mysql_options(&mut options);
        options
    }

    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "tests bound the file's size"))]
    fn sqlite_options(&self, options: &mut ConnectOptions, read_only: bool) {
        #[cfg(test)]
        let pages = self.pages.clone();
        options.map_sqlx_sqlite_opts(move |sqlite| {
            #[cfg(test)]
            let sqlite =
                sqlite.pragma("max_page_count", pages.load(std::sync::atomic::Ordering::Relaxed).to_string());
            sqlite
                .create_if_missing(!read_only)
                .read_only(read_only)
                .journal_mode(SqliteJournalMode::Wal)
                // NORMAL would lose acknowledged writes in a power failure.
                .synchronous(SqliteSynchronous::Full)
                .pragma("journal_size_limit", checkpoint::LARGE.to_string())
                .busy_timeout(LOCK)
                .foreign_keys(true)
                .statement_cache_capacity(512)
        });
        // The driver counts a transaction that SQLite has rolled back on its own as open. Such a
        // connection is closed.
        options.map_sqlx_sqlite_pool_opts(|pool| {
            pool.before_acquire(|connection, _| Box::pin(ready(Ok(!connection.is_in_transaction()))))
        });
    }

    fn postgres_options(&self, options: &mut ConnectOptions) {
        options.map_sqlx_postgres_opts(|postgres| {
            postgres
                .application_name("taskhub")
                .statement_cache_capacity(512)
                .options([("lock_timeout", LOCK.as_millis().to_string())])
        });
        let limit = self.limit.clone();
        options.map_sqlx_postgres_pool_opts(move |pool| {
            let limit = limit.clone();
            pool.after_release(move |connection, _| Box::pin(limit.is_reusable(connection)))
        });
    }

    fn mysql_options(&self, options: &mut ConnectOptions) {
        options.map_sqlx_mysql_opts(|mysql| mysql.statement_cache_capacity(512));
        let limit = self.limit.clone();
        options.map_sqlx_mysql_pool_opts(move |pool| {
            let limit = limit.clone();
            pool.after_release(move |connection, _| Box::pin(limit.is_reusable(connection))).after_connect(
                |connection, _| {
                    Box::pin(async move {
                        connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
                        connection.execute("SET SESSION innodb_lock_wait_timeout = 5").await?;
                        // A change of the schema waits as long for a table, and then lets the
                        // others continue.
                        connection.execute("SET SESSION lock_wait_timeout = 5").await?;
                        Ok(())
                    })
                },
            )
        });
    }
}
