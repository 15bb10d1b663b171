//! Connections to a database: a pool that belongs to one runtime, with a time limit for each call.
//!
//! Invariant: a connection is opened on the runtime on which the pool was made, whichever runtime
//! asks for it. A socket ends with the runtime that opened it, and the runtimes of workers end
//! before the server does.

use std::{
    future::{Future, poll_fn},
    pin::pin,
};

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, IsolationLevel,
    QueryResult, Statement, TransactionOptions, TransactionTrait,
};
use tokio::runtime::Handle;

use super::{limit::Limit, transaction::Transaction};

/// A pool and its runtime. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: DatabaseConnection,
    limit: Limit,
    /// `None` for a pool that never connects.
    home: Option<Handle>,
}

impl Pool {
    /// A pool that belongs to the current runtime.
    pub(super) fn new(connections: DatabaseConnection, limit: Limit) -> Self {
        Self { connections, limit, home: Handle::try_current().ok() }
    }

    /// The connections, for what is read once at the start.
    pub(super) fn connections(&self) -> &DatabaseConnection {
        &self.connections
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.connections.get_database_backend()
    }

    pub(super) async fn one(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(self.connections.query_one_raw(statement)).await
    }

    pub(super) async fn all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(self.connections.query_all_raw(statement)).await
    }

    pub(super) async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(self.connections.execute_raw(statement)).await
    }

    /// Begins a transaction. The caller must not drop the future: half a BEGIN would leave the
    /// connection inside a transaction that the driver does not know.
    pub(super) async fn begin(&self, options: TransactionOptions) -> Result<Transaction, DbErr> {
        let inner = self.run(self.connections.begin_with_options(options)).await?;
        Ok(Transaction::new(inner, self.limit.clone()))
    }

    /// Begins a read-only transaction that sees the database at one point in time. Every
    /// transaction of SQLite does.
    pub(super) async fn snapshot(&self) -> Result<Transaction, DbErr> {
        let is_embedded = self.backend() == DbBackend::Sqlite;
        let options = TransactionOptions {
            isolation_level: (!is_embedded).then_some(IsolationLevel::RepeatableRead),
            access_mode: (!is_embedded).then_some(AccessMode::ReadOnly),
            ..TransactionOptions::default()
        };
        // A task of its own, so that BEGIN completes when the reader is dropped.
        let pool = self.clone();
        let begin = tokio::spawn(async move { pool.begin(options).await });
        begin.await.unwrap_or_else(|error| Err(DbErr::Custom(error.to_string())))
    }

    /// Closes all connections, and waits for those in use.
    pub(super) async fn close(self) {
        if let Err(error) = self.connections.close_by_ref().await {
            tracing::debug!(%error, "can't close the connections");
        }
    }

    /// Runs a call on a connection of the pool, within the time limit. The runtime of the caller
    /// polls it, but its sockets, timers and tasks belong to the runtime of the pool.
    async fn run<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let mut work = pin!(work);
        let at_home = poll_fn(|context| {
            let _entered = self.home.as_ref().map(Handle::enter);
            work.as_mut().poll(context)
        });
        self.limit.hold(at_home).await
    }
}
