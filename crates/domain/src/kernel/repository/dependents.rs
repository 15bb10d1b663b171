//! How resources relate to each other: which rows are deleted with a row, and what else follows
//! from a write. The resource that depends on the other declares the relation.
//!
//! Invariant: a resource knows the resources that it depends on, and none that depend on it. The
//! repository knows no resource at all: `crate::dependents` lists the relations, and the repository
//! is opened with that list.

use std::any::Any;

use futures::future::BoxFuture;
use sea_orm::{Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::{parent::Child, resource::Resource, scope::Scope, tx::Tx};
use crate::{
    Error, Result,
    kernel::{
        change::ChangeType,
        policy::{self, Authorization},
    },
};

/// The number of rows that are read and deleted at once.
const PAGE: u64 = 200;

/// A row of any resource.
type AnyRow = dyn Any + Send + Sync;
/// What follows from a write, still to be run.
pub(crate) type Effect<'a> = BoxFuture<'a, Result<()>>;

/// All relations between resources.
pub(crate) struct Dependents {
    /// In the order in which the rows are deleted.
    pub(crate) cascades: &'static [Cascade],
    /// In the order in which the reactions run.
    pub(crate) reactions: &'static [Reaction],
    pub(crate) successions: &'static [Succession],
    /// Authorises again an action that was authorised before. It uses the caller's present scopes
    /// and role, and the row as it is now.
    pub(crate) authorize_again: for<'a> fn(&'a Scope, Authorization) -> BoxFuture<'a, Result<()>>,
}

/// A resource whose rows are deleted with a row that is not their parent. Each deletion has an
/// audit row and an event of its own. It comes before the foreign keys, which would delete the rows
/// without a record.
pub(crate) trait BelongsTo<P: Resource>: Resource {
    /// The condition for the rows that belong to a row.
    fn belonging_to(row: &P) -> Condition;
}

/// A cascade: the rows of one resource that are deleted with a row of another.
pub(crate) struct Cascade {
    resource: policy::ResourceType,
    remove: for<'a> fn(&'a Tx, &'a AnyRow) -> Effect<'a>,
}

impl Cascade {
    /// Deletes the children with their parent.
    pub(crate) const fn children<C: Child>() -> Self {
        Self {
            resource: C::Parent::TYPE,
            remove: |tx, row| Box::pin(remove_all::<C>(tx, row.downcast_ref().map(C::within))),
        }
    }

    /// Deletes the rows of `C` that belong to a deleted row of `P`.
    pub(crate) const fn of<C: BelongsTo<P>, P: Resource>() -> Self {
        Self {
            resource: P::TYPE,
            remove: |tx, row| Box::pin(remove_all::<C>(tx, row.downcast_ref().map(C::belonging_to))),
        }
    }
}

/// Deletes rows by the page, so that the pending records in memory are bounded. The deletion is
/// authorised with that of the row that they belong to. It does not count among the other rows that
/// a request may change.
async fn remove_all<N: Resource>(tx: &Tx, rows: Option<Condition>) -> Result<()> {
    let rows = rows.ok_or_else(|| Error::internal("a row of another resource"))?;
    let page = tx.owned::<N>().filter(rows).order_by_asc(N::id_column()).limit(PAGE).into_query();
    loop {
        let found: Vec<N> = tx.lock_all(page.clone()).await?;
        if found.is_empty() {
            return Ok(());
        }
        for row in found {
            tx.erase(ChangeType::Delete, row).await?;
        }
        tx.write_records().await?;
    }
}

/// A write of a row: `old` is `None` for a new row, and `new` for a deleted one.
#[derive(Debug)]
pub struct Written<'a, N: ?Sized> {
    /// The name of the change in the audit.
    pub(crate) name: ChangeType,
    pub(crate) old: Option<&'a N>,
    pub(crate) new: Option<&'a N>,
}

impl<N: ?Sized> Clone for Written<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N: ?Sized> Copy for Written<'_, N> {}

/// What a resource does in the transaction of another resource's writes.
pub(crate) trait ReactsTo<N: Resource> {
    /// The reaction; `None` if nothing follows from this write.
    fn react<'a>(tx: &'a Tx, written: Written<'a, N>) -> Option<Effect<'a>>;
}

/// The reaction of one resource to the writes of another.
pub(crate) struct Reaction {
    resource: policy::ResourceType,
    react: for<'a> fn(&'a Tx, Written<'a, AnyRow>) -> Option<Effect<'a>>,
}

impl Reaction {
    pub(crate) const fn of<R: ReactsTo<N>, N: Resource>() -> Self {
        Self {
            resource: N::TYPE,
            react: |tx, Written { name, old, new }| {
                let (old, new) =
                    (old.and_then(|row| row.downcast_ref()), new.and_then(|row| row.downcast_ref()));
                R::react(tx, Written { name, old, new })
            },
        }
    }
}

/// A resource that passes some rows on to the successor of a row, as from a recurring task to the
/// next one.
pub(crate) trait PassesOn<N: Resource> {
    /// Adds the rows of the successor. They follow from the change of the row, so the caller needs
    /// no scope for them.
    fn pass_on<'a>(tx: &'a Tx, from: &'a N, to: &'a N) -> Effect<'a>;
}

/// The rows of one resource that the successor of a row gets.
pub(crate) struct Succession {
    resource: policy::ResourceType,
    pass_on: for<'a> fn(&'a Tx, &'a AnyRow, &'a AnyRow) -> Option<Effect<'a>>,
}

impl Succession {
    pub(crate) const fn of<R: PassesOn<N>, N: Resource>() -> Self {
        Self {
            resource: N::TYPE,
            pass_on: |tx, from, to| Some(R::pass_on(tx, from.downcast_ref()?, to.downcast_ref()?)),
        }
    }
}

impl Dependents {
    /// Passes rows on to the successor, which was added before.
    async fn succeed<N: Resource>(&self, tx: &Tx, from: &N, to: &N) -> Result<()> {
        for succession in self.successions.iter().filter(|succession| succession.resource == N::TYPE) {
            if let Some(rest) = (succession.pass_on)(tx, from, to) {
                rest.await?;
            }
        }
        Ok(())
    }

    /// Deletes the rows that belong to a row that is about to be deleted permanently.
    pub(super) async fn cascade<N: Resource>(&self, tx: &Tx, row: &N) -> Result<()> {
        for cascade in self.cascades.iter().filter(|cascade| cascade.resource == N::TYPE) {
            (cascade.remove)(tx, row).await?;
        }
        Ok(())
    }

    /// Runs the reactions of all resources to a write.
    pub(super) async fn react<N: Resource>(&self, tx: &Tx, written: Written<'_, N>) -> Result<()> {
        for reaction in self.reactions.iter().filter(|reaction| reaction.resource == N::TYPE) {
            let (old, new) = (written.old.map(|row| row as &AnyRow), written.new.map(|row| row as &AnyRow));
            if let Some(rest) = (reaction.react)(tx, Written { name: written.name, old, new }) {
                rest.await?;
            }
        }
        Ok(())
    }
}

impl Tx {
    /// Adds the successor of a row, with the rows that pass on to it.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub(crate) async fn add_successor<N: Resource>(&self, from: &N, row: N) -> Result<N> {
        let row = self.add(row).await?;
        self.dependents.succeed(self, from, &row).await?;
        Ok(row)
    }
}
