//! What is done with rows of any noun: list, get, create, update, remove.
//!
//! A noun says what is special to it ([`Noun`], [`Editable`]); a noun with rules beyond its row has operations of its own beside these.

use std::future::Future;

use garde::Validate;
use sea_orm::Condition;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    Context, Result, Scope, Store, Tx,
    input::Unchecked,
    list::{self, Page, Query, Within},
    policy::{self, Action},
    store::{Birth, Blank, Delete, Noun, Owned, Precondition, Read, Update},
};

/// A noun whose rows are made and changed by one input.
pub trait Editable: Noun + Blank {
    /// What can be written of a row: all of it for a new one and in a `PUT`, some of it in a `PATCH`.
    type Input: DeserializeOwned + Serialize + Validate<Context = ()> + for<'a> From<&'a Self> + Send + Sync;

    /// What a new row begins with.
    fn blank(born: Birth, _ctx: &Context) -> Self {
        Self::born(born)
    }

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

/// A noun whose rows lie in a row of another noun, and are reached through it alone.
pub trait Child: Noun {
    /// What its rows lie in.
    type Parent: Noun;

    /// What its rows are called in a parent, as in `members`.
    const COLLECTION: &'static str;

    /// The id of the row that this one lies in.
    fn parent(&self) -> Uuid;

    /// The rows that lie in a parent.
    #[doc(hidden)]
    fn within(parent: &Self::Parent) -> Condition;

    /// Which of these the caller may see, where that is not told by the policy alone. `None`: all.
    #[doc(hidden)]
    fn shown(
        _scope: &Scope,
        _parent: &Self::Parent,
    ) -> impl Future<Output = Result<Option<Condition>>> + Send {
        async { Ok(None) }
    }
}

/// A child whose rows are made and changed by one input.
pub trait EditableChild: Child {
    /// As [`Editable::Input`].
    type Input: DeserializeOwned + Serialize + Validate<Context = ()> + for<'a> From<&'a Self> + Send + Sync;

    /// What a new row in a parent begins with.
    fn blank(born: Birth, ctx: &Context, parent: &Self::Parent) -> Self;

    /// As [`Editable::apply`].
    fn apply(self, tx: &Tx, input: Self::Input) -> impl Future<Output = Result<Self>> + Send;
}

/// The rows in a parent, by the page.
///
/// # Errors
/// `NotFound` for the parent, and those of lists.
pub async fn list_within<N: Child>(
    store: &Store,
    ctx: &Context,
    parent: Uuid,
    query: &Query,
) -> Result<Page<N::Item>> {
    let scope = store.read(ctx);
    let parent = scope.resolve::<N::Parent, _>(parent, Read).await?.into_row();
    let rows = N::within(&parent).add_option(N::shown(&scope, &parent).await?);
    list::page::<N>(store, &scope, query, Within::of(parent.id(), rows)).await
}

/// The rows that have to do with another row, by the page.
///
/// # Errors
/// As [`list_within`].
pub(crate) async fn list_of<P: Noun, N: Noun>(
    store: &Store,
    ctx: &Context,
    place: Uuid,
    query: &Query,
    within: fn(&P) -> Condition,
) -> Result<Page<N::Item>> {
    let scope = store.read(ctx);
    let place = scope.resolve::<P, _>(place, Read).await?.into_row();
    list::page::<N>(store, &scope, query, Within::of(place.id(), within(&place))).await
}

/// A row in a parent.
///
/// # Errors
/// `NotFound` for the parent and for a row that lies elsewhere.
pub async fn get_within<N: Child>(store: &Store, ctx: &Context, ids: (Uuid, Uuid)) -> Result<N> {
    Ok(store.read(ctx).resolve_within(ids, Read).await?.into_row())
}

/// Makes a row in a parent. The new row itself is judged: a right to make one may depend on where it lies.
///
/// # Errors
/// `NotFound` for the parent; `Forbidden`, `Invalid`, `Conflict`.
pub async fn create_within<N: EditableChild>(tx: &Tx, parent: Uuid, body: &Unchecked<N::Input>) -> Result<N> {
    let parent = tx.resolve::<N::Parent, _>(parent, Read).await?.into_row();
    let blank = N::blank(tx.birth(), tx.ctx(), &parent);
    let facts = blank.facts(tx, Action::Create).await?;
    policy::judge(tx.ctx(), N::NOUN, Action::Create, facts)?;
    tx.add(blank.apply(tx, body.check()?).await?).await
}

/// Changes a row in a parent: to the body whole, or by it as a merge patch.
///
/// # Errors
/// As [`update`], and `NotFound` for a row that lies elsewhere.
pub async fn update_within<N: EditableChild>(
    tx: &Tx,
    ids: (Uuid, Uuid),
    body: &Unchecked<N::Input>,
    pre: &Precondition,
) -> Result<N> {
    let seen = tx.resolve_within::<N, _>(ids, Update).await?;
    let input = body.check_over(&N::Input::from(seen.row()))?;
    let row = seen.row().clone().apply(tx, input).await?;
    tx.update(seen, row, pre).await
}

/// Removes a row in a parent.
///
/// # Errors
/// As [`remove`], and `NotFound` for a row that lies elsewhere.
pub async fn remove_within<N: Child>(tx: &Tx, ids: (Uuid, Uuid), pre: &Precondition) -> Result<()> {
    let seen = tx.resolve_within::<N, _>(ids, Delete).await?;
    tx.remove(seen, pre).await
}

/// Declares what can be written of a row, where each field of it is one of the row's: the input, how it is read from a row, and `onto`, which writes
/// it onto one. What the fields must be is said by their attributes, and what else must hold by [`Editable::apply`]; of a noun `without rules`
/// beyond its fields' it is [`Editable`] whole.
macro_rules! input {
    ($(#[$($doc:tt)*])* pub struct $input:ident of $row:ident, without rules { $($body:tt)* }) => {
        $crate::edit::input! { $(#[$($doc)*])* pub struct $input of $row { $($body)* } }

        impl $crate::edit::Editable for $row {
            type Input = $input;

            async fn apply(self, _tx: &$crate::Tx, input: $input) -> $crate::Result<Self> {
                Ok(input.onto(self))
            }
        }
    };
    ($(#[$($doc:tt)*])* pub struct $input:ident of $row:ident {
        $($(#[$($meta:tt)*])* $field:ident: $kind:ty,)*
    }) => {
        $(#[$($doc)*])*
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize, garde::Validate, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $input {
            $($(#[$($meta)*])* $field: $kind,)*
        }

        impl From<&$row> for $input {
            fn from(row: &$row) -> Self {
                Self { $($field: Clone::clone(&row.$field)),* }
            }
        }

        impl $input {
            fn onto(self, row: $row) -> $row {
                $row { $($field: self.$field,)* ..row }
            }
        }
    };
}
pub(crate) use input;
