//! How resources relate to each other: which rows are removed with a row, and what else follows from
//! a write. Each relation is declared by the resource that depends on the other.
//!
//! Invariant: a resource knows the resources that it depends on, and none that depend on it. The
//! repository knows no resource at all: `crate::insight::resources` lists the relations, and the store is
//! opened with that list.

use std::any::Any;

use futures::future::BoxFuture;
use sea_orm::{Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::{resource::Resource, scope::Scope, tx::Tx};
use crate::{
    Error, Result,
    kernel::{
        crud::Child,
        policy::{self, Authorization},
    },
};

/// How many children are read at once.
const PAGE: u64 = 200;

/// A row of any resource.
type AnyRow = dyn Any + Send + Sync;

/// All relations between resources.
pub(crate) struct Dependents {
    /// In the order in which they are removed.
    pub(crate) cascades: &'static [Cascade],
    /// In the order in which they run.
    pub(crate) reactions: &'static [Reaction],
    pub(crate) successions: &'static [Succession],
    /// Authorizes again what was authorized before, by the caller's present scopes and role and by
    /// the row as it is now.
    pub(crate) authorize_again: for<'a> fn(&'a Scope, Authorization) -> BoxFuture<'a, Result<()>>,
}

/// A resource whose rows are removed together with a row that is not their parent, each with an audit
/// row and an event of its own, before the foreign keys could remove them unrecorded.
pub(crate) trait BelongsTo<P: Resource>: Resource {
    /// The rows that belong to a row.
    fn belonging_to(row: &P) -> Condition;
}

/// A resource's rows that are removed with a row of another.
pub(crate) struct Cascade {
    noun: policy::ResourceType,
    remove: for<'a> fn(&'a Tx, &'a AnyRow) -> BoxFuture<'a, Result<()>>,
}

impl Cascade {
    /// The rows of a child resource, with their parent.
    pub(crate) const fn children<C: Child>() -> Self {
        Self {
            noun: C::Parent::TYPE,
            remove: |tx, row| Box::pin(remove_all::<C>(tx, row.downcast_ref().map(C::within))),
        }
    }

    /// The rows of a resource that belong to a row of another.
    pub(crate) const fn of<C: BelongsTo<P>, P: Resource>() -> Self {
        Self {
            noun: P::TYPE,
            remove: |tx, row| Box::pin(remove_all::<C>(tx, row.downcast_ref().map(C::belonging_to))),
        }
    }
}

/// Removes rows by the page, so that what waits in memory is bounded. They are authorized with the
/// row that they belong to, and don't count among the rows that a request may change along.
async fn remove_all<N: Resource>(tx: &Tx, rows: Option<Condition>) -> Result<()> {
    let rows = rows.ok_or_else(|| Error::internal("a row of another resource"))?;
    let page = tx.owned::<N>().filter(rows).order_by_asc(N::id_column()).limit(PAGE).into_query();
    loop {
        let found: Vec<N> = tx.lock_all(page.clone()).await?;
        if found.is_empty() {
            return Ok(());
        }
        for row in found {
            tx.erase("delete", row).await?;
        }
        tx.write_records().await?;
    }
}

/// A write of a row: `old` is absent of a new row, and `new` of a removed one.
#[derive(Debug)]
pub struct Written<'a, N: ?Sized> {
    /// The name of the change in the audit.
    pub(crate) name: &'static str,
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
    /// `None`: nothing follows from this write.
    fn react<'a>(tx: &'a Tx, written: Written<'a, N>) -> Option<BoxFuture<'a, Result<()>>>;
}

/// A resource's reaction to the writes of another.
pub(crate) struct Reaction {
    noun: policy::ResourceType,
    react: for<'a> fn(&'a Tx, Written<'a, AnyRow>) -> Option<BoxFuture<'a, Result<()>>>,
}

impl Reaction {
    pub(crate) const fn of<R: ReactsTo<N>, N: Resource>() -> Self {
        Self {
            noun: N::TYPE,
            react: |tx, Written { name, old, new }| {
                let (old, new) =
                    (old.and_then(|row| row.downcast_ref()), new.and_then(|row| row.downcast_ref()));
                R::react(tx, Written { name, old, new })
            },
        }
    }
}

/// A resource of which a row's successor gets some rows too, as the next task of a recurring one.
pub(crate) trait PassesOn<N: Resource> {
    /// Adds what the successor gets. It follows from the change of the row, and so takes no scope of
    /// its own.
    fn pass_on<'a>(tx: &'a Tx, from: &'a N, to: &'a N) -> BoxFuture<'a, Result<()>>;
}

/// What a row's successor gets of another resource.
pub(crate) struct Succession {
    noun: policy::ResourceType,
    pass_on: for<'a> fn(&'a Tx, &'a AnyRow, &'a AnyRow) -> Option<BoxFuture<'a, Result<()>>>,
}

impl Succession {
    pub(crate) const fn of<R: PassesOn<N>, N: Resource>() -> Self {
        Self {
            noun: N::TYPE,
            pass_on: |tx, from, to| Some(R::pass_on(tx, from.downcast_ref()?, to.downcast_ref()?)),
        }
    }
}

impl Dependents {
    /// Lets a new row, which is written, follow another.
    async fn succeed<N: Resource>(&self, tx: &Tx, from: &N, to: &N) -> Result<()> {
        for succession in self.successions.iter().filter(|succession| succession.noun == N::TYPE) {
            if let Some(rest) = (succession.pass_on)(tx, from, to) {
                rest.await?;
            }
        }
        Ok(())
    }

    /// Removes what belongs to a row that is about to be removed for good.
    pub(super) async fn cascade<N: Resource>(&self, tx: &Tx, row: &N) -> Result<()> {
        for cascade in self.cascades.iter().filter(|cascade| cascade.noun == N::TYPE) {
            (cascade.remove)(tx, row).await?;
        }
        Ok(())
    }

    /// Lets all resources react to a write.
    pub(super) async fn react<N: Resource>(&self, tx: &Tx, written: Written<'_, N>) -> Result<()> {
        for reaction in self.reactions.iter().filter(|reaction| reaction.noun == N::TYPE) {
            let (old, new) = (written.old.map(|row| row as &AnyRow), written.new.map(|row| row as &AnyRow));
            if let Some(rest) = (reaction.react)(tx, Written { name: written.name, old, new }) {
                rest.await?;
            }
        }
        Ok(())
    }
}

impl Tx {
    /// Adds the row that follows another, with what passes on to it.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub(crate) async fn add_successor<N: Resource>(&self, from: &N, row: N) -> Result<N> {
        let row = self.add(row).await?;
        self.dependents.succeed(self, from, &row).await?;
        Ok(row)
    }
}
