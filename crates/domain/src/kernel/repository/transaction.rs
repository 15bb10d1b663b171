//! One transaction on one connection.
//!
//! Invariant: a transaction that a failed statement may have ended runs no further statement and is
//! never committed. SQLite rolls back on its own when the disk is full, and InnoDB after a
//! deadlock. From then on each statement would commit by itself. PostgreSQL answers COMMIT with
//! success after a failed statement, but rolls back.

use std::{future::Future, sync::OnceLock};

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use super::{failure, limit::Limit};
use crate::{Error, Result};

/// A transaction, and whether it is still open.
pub(crate) struct Transaction {
    inner: DatabaseTransaction,
    limit: Limit,
    /// The first error after which it may have ended.
    ended: OnceLock<DbErr>,
}

impl Transaction {
    pub(super) fn new(inner: DatabaseTransaction, limit: Limit) -> Self {
        Self { inner, limit, ended: OnceLock::new() }
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    pub(super) async fn one(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.call(self.inner.query_one_raw(statement)).await
    }

    pub(super) async fn all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.call(self.inner.query_all_raw(statement)).await
    }

    pub(super) async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.call(self.inner.execute_raw(statement)).await
    }

    async fn call<T>(&self, call: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if let Some(cause) = self.ended.get() {
            return Err(cause.clone());
        }
        let outcome = self.limit.hold(call).await;
        if let Err(error) = &outcome
            && !failure::leaves_transaction(error, self.backend())
        {
            // Only the first error is kept.
            self.ended.set(error.clone()).ok();
        }
        outcome
    }

    /// The reason why the transaction may have ended, if it may.
    pub(super) fn ended(&self) -> Option<Error> {
        self.ended.get().cloned().map(failure::from_db)
    }

    /// Commits the transaction: what was written is durable. After an error nothing is durable,
    /// unless the error says that the outcome is unknown.
    ///
    /// # Errors
    /// The error that may have ended the transaction before. `Unavailable` when the database did
    /// not confirm the commit. Otherwise the error of the database.
    pub(super) async fn commit(self) -> Result<()> {
        if let Some(cause) = self.ended() {
            return Err(cause);
        }
        self.limit.hold(self.inner.commit()).await.map_err(failure::from_commit)
    }

    /// Rolls the transaction back.
    ///
    /// # Errors
    /// The error that may have ended the transaction before. Otherwise the error of the database.
    pub(super) async fn rollback(self) -> Result<()> {
        if let Some(cause) = self.ended() {
            return Err(cause);
        }
        self.limit.hold(self.inner.rollback()).await.map_err(failure::from_db)
    }
}
