//! One transaction on one connection.
//!
//! Invariant: a transaction that a failed statement may have ended takes no further statement and is never committed. SQLite rolls
//! back by itself when its disk is full, InnoDB after a deadlock, and from then on each statement would commit on its own. PostgreSQL
//! answers COMMIT with success after a failed statement, and rolls back.

use std::{future::Future, sync::OnceLock};

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use super::{failure, limit::Limit};
use crate::{Error, Result};

/// A transaction, and whether it still stands.
pub(crate) struct Transaction {
    inner: DatabaseTransaction,
    limit: Limit,
    /// The first failure after which it may have ended.
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
            // The first failure is the one that counts.
            self.ended.set(error.clone()).ok();
        }
        outcome
    }

    /// Why it may have ended, if it may.
    pub(super) fn ended(&self) -> Option<Error> {
        self.ended.get().cloned().map(failure::from_db)
    }

    /// Makes what was written durable. After an error nothing of it is, unless the error says that this is not known.
    pub(super) async fn commit(self) -> Result<()> {
        if let Some(cause) = self.ended() {
            return Err(cause);
        }
        self.limit.hold(self.inner.commit()).await.map_err(failure::from_commit)
    }

    /// Undoes what was written.
    pub(super) async fn rollback(self) -> Result<()> {
        if let Some(cause) = self.ended() {
            return Err(cause);
        }
        self.limit.hold(self.inner.rollback()).await.map_err(failure::from_db)
    }
}
