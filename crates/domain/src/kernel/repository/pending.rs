//! What waits until a transaction's end: the records of its writes, and the rows that nothing else reads.

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
        event::{self, Event},
        policy::{self, Action},
    },
};

/// What waits until the transaction's end.
#[derive(Default)]
pub(super) struct Pending {
    /// Rows of nouns that nothing else reads.
    pub(super) rows: Batches,
    /// Audit rows, and rows of other logs.
    pub(super) records: Batches,
    /// Events, in their order: they get their positions as the last thing before the commit.
    pub(super) events: Vec<Event>,
    /// What the commit revokes.
    pub(super) revocations: Vec<Revocation>,
    /// Whether other nodes are told to read it.
    pub(super) notifies_nodes: bool,
    /// Whether the commit lets mail wait.
    pub(super) mail: bool,
}

impl Tx {
    /// Writes the audit rows that wait, for an operation that changes many rows: they don't pile up in memory. Events, which are small, go on waiting:
    /// they are numbered at the end.
    pub(crate) async fn write_records(&self) -> Result<()> {
        self.begin_writing().await?;
        let mut records = std::mem::take(&mut self.pending().records);
        let written = records.flush(&self.conn, &self.statements).await;
        written.map_err(|error| failure::from_write(error, &[]))
    }

    /// Records what happened to a row without changing it, for the security log: what was tried and refused, a token that was ended.
    pub(crate) fn note(
        &self,
        noun: policy::ResourceType,
        name: &'static str,
        id: Uuid,
        what: &impl serde::Serialize,
    ) -> Result<()> {
        let what = serde_json::to_string(what).map_err(Error::internal)?;
        let Birth { id: record, at, .. } = self.birth();
        let row = audit::row(&self.ctx, record, at, noun.as_str(), id, name, None, Some(what));
        self.pending().records.push(&row);
        Ok(())
    }

    /// Records a write: [`Self::add`], [`Self::update`] and [`Self::remove`] do so themselves. For what is written beside a row, and belongs to it.
    pub(crate) fn record<N: Resource>(
        &self,
        name: &'static str,
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

    /// As [`Self::record`], of the row itself; `moves`: it may have brought something into sight or out of it.
    pub(crate) fn record_row<N: Resource>(
        &self,
        name: &'static str,
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

    /// Adds a row to a log, at the transaction's end: nothing in the transaction reads it.
    pub(crate) fn append<M: Owned>(&self, row: &M) {
        self.pending().records.push(row);
    }

    /// The rows as they are after all that was written so far.
    pub(crate) async fn flushed(&self) -> Result<&Scope> {
        self.flush().await?;
        Ok(self)
    }

    /// Records that the caller made a row, and sees it, in their record.
    pub(super) fn record_added<N: Resource>(&self, row: &N) {
        if let Some(record) = self.ctx.record() {
            record.authorized_on(N::TYPE, Action::Create, row.id());
            record.authorized_on(N::TYPE, Action::Read, row.id());
        }
    }

    /// Makes ready for a statement that writes at once: what waits is written first, and in a group a savepoint lets this
    /// transaction fail alone.
    pub(super) async fn begin_writing(&self) -> Result<()> {
        self.flush().await?;
        self.set_savepoint().await
    }

    /// Writes the rows that wait.
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

    /// How many rows it has recorded so far.
    pub(super) fn recorded(&self) -> u32 {
        u32::try_from(self.pending().events.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the transaction's use: what waits is the store's to write.
    pub(super) fn into_pending(self) -> Pending {
        self.pending.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
