//! The executor: a pool or a transaction of one of the three databases.
//!
//! Invariant: it never leaves the domain crate, and the statements of a tenant come from its scope.

use std::sync::Arc;

use sea_orm::{
    ConnAcquireErr, DbBackend, DbErr, ExecResult, QueryResult, Statement, StatementBuilder, Value,
    sea_query::{Expr, ExprTrait, Func, LockType, SelectStatement},
};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    bound_pool::Pool,
    row::{self, Positioned},
    tenant_limiter::TenantShare,
    transaction::Transaction,
};

/// The place where a statement runs.
#[derive(Clone)]
pub(crate) enum Conn {
    /// Any connection of a pool, within the tenant's share of it.
    Pool(Pool, Option<TenantShare>),
    /// The one connection of a transaction.
    Transaction(Arc<Transaction>),
}

impl Conn {
    pub(super) fn backend(&self) -> DbBackend {
        match self {
            Self::Pool(pool, _) => pool.backend(),
            Self::Transaction(transaction) => transaction.backend(),
        }
    }

    /// Locks the rows of a query until the transaction ends. PostgreSQL's lock lets others insert
    /// references to them meanwhile. SQLite has one writer and ignores it.
    pub(super) fn lock(&self, select: &mut SelectStatement) {
        match self.backend() {
            DbBackend::Postgres => select.lock(LockType::NoKeyUpdate),
            _ => select.lock_exclusive(),
        };
    }

    /// Keeps the rows of a query unchanged until the transaction ends. Any number of transactions
    /// can do so at once.
    pub(super) fn hold(select: &mut SelectStatement) {
        select.lock_shared();
    }

    /// A sum as a 64-bit integer. Databases widen the type of a sum, and not all to the same type.
    pub(super) fn sum(&self, expr: Expr) -> Expr {
        let sum = Expr::from(Func::sum(expr));
        match self.backend() {
            DbBackend::MySql => sum.cast_as("SIGNED"),
            _ => sum.cast_as("BIGINT"),
        }
    }

    /// Notifies the other nodes of a revocation, with the commit. Only PostgreSQL has
    /// notifications. On the other databases the nodes poll.
    pub(super) async fn notify_nodes(&self) -> Result<(), DbErr> {
        match self.backend() {
            DbBackend::Postgres => {
                self.execute(&format!("NOTIFY {}", super::node_notifier::CHANNEL), Vec::new()).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    /// The text of a statement.
    pub(super) fn build(&self, statement: &impl StatementBuilder) -> String {
        self.backend().build(statement).sql
    }

    /// The first row of a cached statement.
    pub(super) async fn one<T: Positioned>(&self, sql: &str, values: Vec<Value>) -> Result<Option<T>, DbErr> {
        let statement = logged(Statement::from_sql_and_values(self.backend(), sql, values));
        let row = match self {
            Self::Pool(pool, share) => {
                let _held = enter(share.as_ref()).await?;
                pool.one(statement).await
            }
            Self::Transaction(transaction) => transaction.one(statement).await,
        }?;
        row.map(|row| row::read(&row)).transpose()
    }

    /// All rows of a statement.
    pub(crate) async fn all<T: Positioned>(
        &self,
        statement: &impl StatementBuilder,
    ) -> Result<Vec<T>, DbErr> {
        self.rows(statement).await?.iter().map(row::read).collect()
    }

    /// All rows of a statement, to be read by position.
    pub(crate) async fn rows(&self, statement: &impl StatementBuilder) -> Result<Vec<QueryResult>, DbErr> {
        let statement = logged(self.backend().build(statement));
        match self {
            Self::Pool(pool, share) => {
                let _held = enter(share.as_ref()).await?;
                pool.all(statement).await
            }
            Self::Transaction(transaction) => transaction.all(statement).await,
        }
    }

    /// Runs a cached statement, and returns the number of affected rows.
    pub(super) async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<u64, DbErr> {
        self.run(Statement::from_sql_and_values(self.backend(), sql, values)).await
    }

    /// Runs a statement, and returns the number of affected rows.
    pub(crate) async fn change(&self, statement: &impl StatementBuilder) -> Result<u64, DbErr> {
        self.run(self.backend().build(statement)).await
    }

    /// Runs a statement on MySQL or MariaDB, and returns the number that it passed to
    /// `LAST_INSERT_ID`.
    pub(super) async fn inserted(&self, statement: &impl StatementBuilder) -> Result<i64, DbErr> {
        let done = self.done(self.backend().build(statement)).await?;
        i64::try_from(done.last_insert_id()).map_err(|_| DbErr::RecordNotInserted)
    }

    async fn run(&self, statement: Statement) -> Result<u64, DbErr> {
        Ok(self.done(statement).await?.rows_affected())
    }

    async fn done(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let statement = logged(statement);
        match self {
            Self::Pool(pool, share) => {
                let _held = enter(share.as_ref()).await?;
                pool.execute(statement).await
            }
            Self::Transaction(transaction) => transaction.execute(statement).await,
        }
    }
}

/// Logs a statement at the level `trace`, without its values, which may be secrets.
fn logged(statement: Statement) -> Statement {
    tracing::trace!(target: "taskhub::sql", sql = statement.sql);
    statement
}

/// Waits for a place in the tenant's share, if there is a share.
async fn enter(share: Option<&TenantShare>) -> Result<Option<OwnedSemaphorePermit>, DbErr> {
    match share {
        Some(share) => {
            let permit = share.enter().await;
            permit.map(Some).map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))
        }
        None => Ok(None),
    }
}
