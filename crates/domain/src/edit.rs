//! What is done with rows of any noun: list, get, create, update, remove.
//!
//! A noun says what is special to it ([`Noun`], [`Editable`]); a noun with rules beyond its row has operations of its own beside these.

use std::future::Future;

use garde::Validate;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    Context, Result, Store, Tx,
    input::Unchecked,
    list::{self, Page, Query, Within},
    policy::{self, Action},
    store::{Birth, Delete, Noun, Precondition, Read, Update},
};

/// A noun whose rows are made and changed by one input.
pub trait Editable: Noun {
    /// What can be written of a row: all of it for a new one and in a `PUT`, some of it in a `PATCH`.
    type Input: DeserializeOwned + Serialize + Validate<Context = ()> + for<'a> From<&'a Self> + Send + Sync;

    /// What a new row begins with.
    fn blank(born: Birth, ctx: &Context) -> Self;

    /// The input of a new row, where what it leaves open depends on the caller.
    fn complete(input: Self::Input, _ctx: &Context) -> Self::Input {
        input
    }

    /// The row with what was written of it: its references resolved, and the rules kept that span fields.
    fn apply(self, tx: &Tx, input: Self::Input) -> impl Future<Output = Result<Self>> + Send;
}

/// The rows that the caller sees, by the page.
///
/// # Errors
/// `InvalidParameter` for what the noun does not list; `Forbidden` for the collection as a whole.
pub async fn list<N: Noun>(store: &Store, ctx: &Context, query: &Query) -> Result<Page<N::Item>> {
    list::page::<N>(store, &store.read(ctx), query, Within::all()).await
}

/// A row.
///
/// # Errors
/// `NotFound`.
pub async fn get<N: Noun>(store: &Store, ctx: &Context, id: Uuid) -> Result<N> {
    Ok(store.read(ctx).resolve(id, Read).await?.into_row())
}

/// Makes a row.
///
/// # Errors
/// `Forbidden`, `Invalid`, `Conflict`.
pub async fn create<N: Editable>(tx: &Tx, body: &Unchecked<N::Input>) -> Result<N> {
    policy::permit(tx.ctx(), N::NOUN, Action::Create)?;
    let input = N::complete(body.check()?, tx.ctx());
    tx.add(N::blank(tx.birth(), tx.ctx()).apply(tx, input).await?).await
}

/// Changes a row: to the body whole, or by it as a merge patch.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`, `Conflict`, and those of the precondition.
pub async fn update<N: Editable>(
    tx: &Tx,
    id: Uuid,
    body: &Unchecked<N::Input>,
    pre: &Precondition,
) -> Result<N> {
    let seen = tx.resolve::<N, _>(id, Update).await?;
    let input = body.check_over(&N::Input::from(seen.row()))?;
    let row = seen.row().clone().apply(tx, input).await?;
    tx.update(seen, row, pre).await
}

/// Removes a row to which nothing refers any more.
///
/// # Errors
/// `NotFound`, `Forbidden`, `InUse`, and those of the precondition.
pub async fn remove<N: Noun>(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<()> {
    let seen = tx.resolve::<N, _>(id, Delete).await?;
    tx.remove(seen, pre).await
}
