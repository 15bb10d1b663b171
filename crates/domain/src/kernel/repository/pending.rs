//! What waits until the end of a transaction: the records of its writes, and batched rows.
//!
//! Invariant: pending rows are written before the commit, or nothing of the transaction is. Events
//! are written last.

use std::sync::{MutexGuard, PoisonError, atomic::Ordering};

use uuid::Uuid;

use super::{
    batch::Batches,
    failure,
    resource::{Owned, Resource},
    revocation::Revocation,
    scope::Scope,
    tx::{Birth, Tx},
};
use crate::{
    Error, Result,
    kernel::{
        audit,
        change::ChangeType,
        event::{self, Event},
        policy::{self, Action},
    },
};

/// What waits until the end of the transaction.
#[derive(Default)]
pub(super) struct Pending {
    /// New rows of resources that are batched.
    pub(super) rows: Batches,
    /// Audit rows, and rows of other logs.
    pub(super) records: Batches,
    /// Events in their order. They get their positions immediately before the commit.
    pub(super) events: Vec<Event>,
    /// The revocations that take effect with the commit.
    pub(super) revocations: Vec<Revocation>,
    /// Whether the commit notifies other nodes of revocations.
    pub(super) notifies_nodes: bool,
    /// Whether the commit adds mail to send.
    pub(super) mail: bool,
}

impl Tx {
    /// Writes the pending audit rows, for operations that change many rows: it bounds the memory
    /// that they need. Events are small, and wait until the end to be numbered.
    pub(crate) async fn write_records(&self) -> Result<()> {
        self.begin_writing().await?;
        let mut records = std::mem::take(&mut self.pending().records);
        let written = records.flush(&self.conn, &self.statements).await;
        written.map_err(|error| failure::from_write(error, &[]))
    }

    /// Records an occurrence in the audit without a change of the row: a rejected attempt or a
    /// revoked token. It makes no event.
    pub(crate) fn note(
        &self,
        noun: policy::ResourceType,
        name: ChangeType,
        id: Uuid,
        what: &impl serde::Serialize,
    ) -> Result<()> {
        let what = serde_json::to_string(what).map_err(Error::internal)?;
        let Birth { id: record, at, .. } = self.birth();
        let row = audit::row(&self.ctx, record, at, noun.as_str(), id, name, None, Some(what));
        self.pending().records.push(&row);
        Ok(())
    }

    /// Records a write of something that belongs to a row, such as the labels of a task.
    /// [`Self::add`], [`Self::update`] and [`Self::remove`] record their own writes.
    pub(crate) fn record<N: Resource>(
        &self,
        name: ChangeType,
        id: Uuid,
        version: i64,
        old: Option<String>,
        new: Option<String>,
    ) {
        let Birth { tenant, id: record, at } = self.birth();
        let noun = N::TYPE.as_str();
        let mut pending = self.pending();
        pending.events.push(event::row(tenant, record, at, noun, id, name, version));
        pending.records.push(&audit::row(&self.ctx, record, at, noun, id, name, old, new));
    }

    /// As [`Self::record`], for the row itself. `moves` says that the write can affect the
    /// visibility of rows.
    pub(crate) fn record_row<N: Resource>(
        &self,
        name: ChangeType,
        row: &N,
        moves: bool,
        old: Option<String>,
        new: Option<String>,
    ) {
        self.record::<N>(name, row.id(), row.version(), old, new);
        if let Some(event) = self.pending().events.last_mut() {
            *event = Event { within_id: row.lies_in(), moves, ..event.clone() };
        }
    }

    /// Adds a row to a log at the end of the transaction. Nothing in the transaction reads it.
    pub(crate) fn append<M: Owned>(&self, row: &M) {
        self.pending().records.push(row);
    }

    /// The scope, after all batched rows were written.
    pub(crate) async fn flushed(&self) -> Result<&Scope> {
        self.flush().await?;
        Ok(self)
    }

    /// Records in the caller's authorisation record that they created the row, and so see it.
    pub(super) fn record_added<N: Resource>(&self, row: &N) {
        if let Some(record) = self.ctx.record() {
            record.authorized_on(N::TYPE, Action::Create, row.id());
            record.authorized_on(N::TYPE, Action::Read, row.id());
        }
    }

    /// Prepares for a statement that writes immediately. Batched rows are written first. In a
    /// group, a savepoint lets this transaction fail alone.
    pub(super) async fn begin_writing(&self) -> Result<()> {
        self.flush().await?;
        self.set_savepoint().await
    }

    /// Writes the batched rows.
    pub(super) async fn flush(&self) -> Result<()> {
        if let Some(group) = &self.group {
            group.flush(&self.conn, &self.statements).await?;
        }
        let mut rows = std::mem::take(&mut self.pending().rows);
        if !rows.is_empty() {
            self.set_savepoint().await?;
            rows.flush(&self.conn, &self.statements)
                .await
                .map_err(|error| failure::from_write(error, &[]))?;
        }
        Ok(())
    }

    async fn set_savepoint(&self) -> Result<()> {
        if self.group.is_some() && !self.savepoint.swap(true, Ordering::Relaxed) {
            self.conn.execute("SAVEPOINT one", Vec::new()).await.map_err(failure::from_db)?;
        }
        Ok(())
    }

    /// Keeps or undoes what was written since the savepoint.
    pub(super) async fn end_savepoint(&self, keep: bool) -> Result<()> {
        if self.savepoint.swap(false, Ordering::Relaxed) {
            if !keep {
                self.conn.execute("ROLLBACK TO one", Vec::new()).await.map_err(failure::from_db)?;
            }
            self.conn.execute("RELEASE one", Vec::new()).await.map_err(failure::from_db)?;
        }
        Ok(())
    }

    /// The number of writes that the transaction has recorded so far.
    pub(super) fn recorded(&self) -> u32 {
        u32::try_from(self.pending().events.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the use of the transaction. The repository then writes what is pending.
    pub(super) fn into_pending(self) -> Pending {
        self.pending.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
