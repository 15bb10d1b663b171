//! Internal rows: what the server stores for itself, in the transaction that it belongs to.
//! Examples are idempotency keys, revocations, and the time of the last use of a token.
//!
//! Invariant: nothing here is a change of a resource that a user made, so nothing here is audited.

use sea_orm::{
    ColumnTrait, EntityName,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};
use uuid::Uuid;

use super::{
    batch, failure,
    resource::{ColumnOf, EntityOf, Owned, Resource},
    revocation::Revocation,
    row::Positioned,
    tx::{Birth, Tx},
};
use crate::{
    Error, Result,
    kernel::{
        change::ChangeType,
        event::{self, Event},
    },
};

/// The column of the rows that [`Tx::guard`] writes.
const GUARD: &str = "guard";

impl Tx {
    /// Inserts an internal row. It is not audited.
    ///
    /// # Errors
    /// `Unavailable`, `StorageFull` or `ReadOnly`, as for every write.
    pub(crate) async fn insert_internal<M: Owned>(&self, row: &M) -> Result<()> {
        self.in_tenant(row)?;
        self.begin_writing().await?;
        let insert = batch::insert_now(row, &self.conn, &self.statements).await;
        insert.map_err(|error| failure::from_write(error, &[]))
    }

    /// As [`Self::insert_internal`], at the end of the transaction. It is for a row that can't
    /// violate a unique constraint and refers to no other batched row.
    pub(crate) fn insert_internal_later<M: Owned>(&self, row: &M) -> Result<()> {
        self.in_tenant(row)?;
        self.pending().rows.push(row);
        Ok(())
    }

    /// As [`Self::insert_internal_later`], for a row of a resource whose owner gets an event in the
    /// change feed. The server makes such a row for a user, so it is not audited.
    pub(crate) fn insert_internal_and_publish<N: Resource>(&self, row: &N) -> Result<()> {
        self.insert_internal_later(row)?;
        let Birth { tenant, id, at } = self.birth();
        let event = event::row(tenant, id, at, N::TYPE.as_str(), row.id(), ChangeType::Create, row.version());
        self.pending().events.push(Event { within_id: row.lies_in(), ..event });
        Ok(())
    }

    /// Deletes an internal row, if it exists.
    pub(crate) async fn delete_internal<M: Owned>(&self, id: Uuid) -> Result<()> {
        self.begin_writing().await?;
        let mut delete = Query::delete();
        let same = sea_orm::Condition::all()
            .add(M::tenant_column().eq(self.ctx.tenant()))
            .add(M::id_column().eq(id));
        delete.from_table(EntityOf::<M>::default().table_ref()).cond_where(same);
        self.conn.change(&delete).await.map(drop).map_err(failure::from_db)
    }

    /// Deletes internal rows. If another transaction has deleted some of them, the transaction is
    /// retried.
    pub(crate) async fn delete_all_internal<M: Owned>(&self, ids: Vec<Uuid>) -> Result<()> {
        self.begin_writing().await?;
        let number = ids.len() as u64;
        let mut delete = Query::delete();
        delete.from_table(EntityOf::<M>::default().table_ref());
        delete.and_where(M::tenant_column().eq(self.ctx.tenant())).and_where(M::id_column().is_in(ids));
        let gone = self.conn.change(&delete).await.map_err(failure::from_db)?;
        if gone == number { Ok(()) } else { Err(Error::transient("rows were deleted concurrently")) }
    }

    /// Finds an internal row, and locks it until the transaction ends.
    pub(crate) async fn find_internal<M: Owned>(&self, id: Uuid) -> Result<Option<M>> {
        self.find(id, true).await
    }

    /// Sets a column of a row to the transaction's timestamp, such as the time of the last use. It
    /// is not audited and makes no new version.
    pub(crate) async fn stamp<N: Resource>(&self, id: Uuid, column: ColumnOf<N>) -> Result<()> {
        self.begin_writing().await?;
        let mut update = Query::update();
        update.table(EntityOf::<N>::default().table_ref()).value(column, self.now());
        update.and_where(N::tenant_column().eq(self.ctx.tenant())).and_where(N::id_column().eq(id));
        self.conn.change(&update).await.map(drop).map_err(failure::from_db)
    }

    /// Serialises the transactions that follow a rule over several rows: each writes this row
    /// first, and reads what the rule needs after it. A lock would not be enough, because the nodes
    /// of a cluster may certify writes only and don't share locks.
    pub(crate) async fn guard<N: Resource>(&self, id: Uuid) -> Result<()> {
        self.begin_writing().await?;
        let mut update = Query::update();
        update.table(EntityOf::<N>::default().table_ref()).value(GUARD, Expr::col(GUARD).add(1_i64));
        update.and_where(N::tenant_column().eq(self.ctx.tenant())).and_where(N::id_column().eq(id));
        self.conn.change(&update).await.map(drop).map_err(failure::from_db)
    }

    /// Revokes tokens. The revocation takes effect with the commit.
    pub(crate) async fn revoke(&self, revocation: Revocation) -> Result<()> {
        self.insert_internal(&revocation).await?;
        self.pending().revocations.push(revocation);
        self.notify_nodes();
        Ok(())
    }

    /// Notifies the other nodes with the commit that there are revocations to read.
    pub(crate) fn notify_nodes(&self) {
        self.pending().notifies_nodes = true;
    }

    /// Wakes this node's mail sender with the commit.
    pub(crate) fn wake_the_sender(&self) {
        self.pending().mail = true;
    }

    /// Runs an unscoped write, for what belongs to no tenant. It returns the number of changed
    /// rows. Each new use is a decision.
    pub(crate) async fn change_unscoped(&self, statement: &impl sea_orm::StatementBuilder) -> Result<u64> {
        self.begin_writing().await?;
        self.conn.change(statement).await.map_err(|error| failure::from_write(error, &[]))
    }

    /// Runs an unscoped query, for what belongs to no tenant. `locks` locks the rows until the
    /// transaction ends. Each new use is a decision.
    pub(crate) async fn find_unscoped<T: Positioned>(
        &self,
        mut select: SelectStatement,
        locks: bool,
    ) -> Result<Vec<T>> {
        if locks {
            self.conn.lock(&mut select);
        }
        self.conn.all(&select).await.map_err(failure::from_db)
    }
}
