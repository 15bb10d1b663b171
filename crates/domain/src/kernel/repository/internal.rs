//! What the server keeps for itself, in the transaction of what it is for: rows that are no nouns, and notes in rows that are. Unaudited.

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
    kernel::event::{self, Event},
};

/// The column of the rows that rules depend on.
const GUARD: &str = "guard";

impl Tx {
    /// Adds a row that is no noun: what the server keeps for itself about a tenant, unaudited.
    pub(crate) async fn insert_internal<M: Owned>(&self, row: &M) -> Result<()> {
        self.in_tenant(row)?;
        self.begin_writing().await?;
        let insert = batch::insert_now(row, &self.conn, &self.statements).await;
        insert.map_err(|error| failure::from_write(error, &[]))
    }

    /// As [`Self::insert_internal`], at the transaction's end: for a row that refers to none that waits too, and clashes with none.
    pub(crate) fn insert_internal_later<M: Owned>(&self, row: &M) -> Result<()> {
        self.in_tenant(row)?;
        self.pending().rows.push(row);
        Ok(())
    }

    /// As [`Self::insert_internal_later`], for a row whose owner is told of it by the feed; what the server itself makes for a user is no affair of the audit.
    pub(crate) fn insert_internal_and_publish<N: Resource>(&self, row: &N) -> Result<()> {
        self.insert_internal_later(row)?;
        let Birth { tenant, id, at } = self.birth();
        let event = event::row(tenant, id, at, N::TYPE.as_str(), row.id(), "create", row.version());
        self.pending().events.push(Event { within_id: row.lies_in(), ..event });
        Ok(())
    }

    /// Removes a row that is no noun.
    pub(crate) async fn delete_internal<M: Owned>(&self, id: Uuid) -> Result<()> {
        self.begin_writing().await?;
        let mut delete = Query::delete();
        let same = sea_orm::Condition::all()
            .add(M::tenant_column().eq(self.ctx.tenant()))
            .add(M::id_column().eq(id));
        delete.from_table(EntityOf::<M>::default().table_ref()).cond_where(same);
        self.conn.change(&delete).await.map(drop).map_err(failure::from_db)
    }

    /// Removes rows that are no nouns: all of them, or the transaction is tried again.
    pub(crate) async fn delete_all_internal<M: Owned>(&self, ids: Vec<Uuid>) -> Result<()> {
        self.begin_writing().await?;
        let number = ids.len() as u64;
        let mut delete = Query::delete();
        delete.from_table(EntityOf::<M>::default().table_ref());
        delete.and_where(M::tenant_column().eq(self.ctx.tenant())).and_where(M::id_column().is_in(ids));
        let gone = self.conn.change(&delete).await.map_err(failure::from_db)?;
        if gone == number { Ok(()) } else { Err(Error::transient("rows went away while they were removed")) }
    }

    /// A row that is no noun.
    pub(crate) async fn find_internal<M: Owned>(&self, id: Uuid) -> Result<Option<M>> {
        self.find(id, true).await
    }

    /// Notes in a row what the server keeps for itself about it, as when it was used last: unaudited, and without a new version.
    pub(crate) async fn stamp<N: Resource>(&self, id: Uuid, column: ColumnOf<N>) -> Result<()> {
        self.begin_writing().await?;
        let mut update = Query::update();
        update.table(EntityOf::<N>::default().table_ref()).value(column, self.now());
        update.and_where(N::tenant_column().eq(self.ctx.tenant())).and_where(N::id_column().eq(id));
        self.conn.change(&update).await.map(drop).map_err(failure::from_db)
    }

    /// Lets one transaction at a time pass that follows a rule which depends on this row, by writing the row: a cluster may certify what
    /// transactions write, and knows nothing of the locks on its other nodes. What the rule reads is read after this.
    pub(crate) async fn guard<N: Resource>(&self, id: Uuid) -> Result<()> {
        self.begin_writing().await?;
        let mut update = Query::update();
        update.table(EntityOf::<N>::default().table_ref()).value(GUARD, Expr::col(GUARD).add(1_i64));
        update.and_where(N::tenant_column().eq(self.ctx.tenant())).and_where(N::id_column().eq(id));
        self.conn.change(&update).await.map(drop).map_err(failure::from_db)
    }

    /// Refuses, from the commit on, the tokens that a revocation names.
    pub(crate) async fn revoke(&self, revocation: Revocation) -> Result<()> {
        self.insert_internal(&revocation).await?;
        self.pending().revocations.push(revocation);
        self.notify_nodes();
        Ok(())
    }

    /// Lets the other nodes know with the commit that there is something for them to read about who is refused.
    pub(crate) fn notify_nodes(&self) {
        self.pending().notifies_nodes = true;
    }

    /// Tells this node's sender, from the commit on, that mail waits.
    pub(crate) fn wake_the_sender(&self) {
        self.pending().mail = true;
    }

    /// Changes what belongs to no tenant, in the transaction of what it is for.
    pub(crate) async fn change_unscoped(&self, statement: &impl sea_orm::StatementBuilder) -> Result<u64> {
        self.begin_writing().await?;
        self.conn.change(statement).await.map_err(|error| failure::from_write(error, &[]))
    }

    /// Reads what belongs to no tenant; what will be written is locked until the transaction ends.
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
