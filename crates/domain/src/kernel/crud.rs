//! The operations on rows of any resource: list, get, create, update and remove.
//!
//! A resource says what is special to it ([`Resource`], [`Editable`]). A resource with rules
//! that go beyond its row has operations of its own in addition.
//!
//! Invariant: the caller is authorised before the body is validated. This module does not know any
//! single resource.

use std::{future::Future, slice};

use futures::future::BoxFuture;
use garde::Validate;
use sea_orm::Condition;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Context, Error, Repository, Result, Tx,
    kernel::{
        change::ChangeType,
        error::{FieldError, Kind},
        input::Unchecked,
        list::{self, Page, Query, Within},
        repository::{Birth, CollectionOf, Delete, KeyOf, Parent, Precondition, Read, Resource, Update},
    },
};

/// A resource whose rows are created and changed with one input type.
pub trait Editable: Resource {
    /// The writable fields of a row. `POST` and `PUT` send all of them, `PATCH` some.
    type Input: DeserializeOwned + Serialize + Validate<Context = ()> + for<'a> From<&'a Self> + Send + Sync;

    /// The fields of the input that refer to other rows.
    const REFERENCES: &'static [Reference] = &[];

    /// A new row, before the input is applied.
    fn blank(born: Birth, ctx: &Context, parent: &Self::Parent) -> Self;

    /// Completes the input of a new row with defaults that depend on the caller.
    fn complete(input: Self::Input, _ctx: &Context) -> Self::Input {
        input
    }

    /// The action of a change in the audit log.
    fn change(_old: &Self, _new: &Self) -> ChangeType {
        ChangeType::Update
    }

    /// Applies the input to the row: resolves its references, and checks the rules that span
    /// several fields.
    fn apply(self, tx: &Tx, input: Self::Input) -> impl Future<Output = Result<Self>> + Send;
}

/// The most ids of a list that are looked up. No list in a valid body is longer.
const MOST_IDS: usize = 50;

/// A field of a body that refers to a row of another resource, or to a list of such rows.
#[derive(Clone, Copy)]
pub struct Reference {
    field: &'static str,
    refer: for<'a> fn(&'a Tx, Uuid, &'a str) -> BoxFuture<'a, Result<()>>,
}

impl Reference {
    /// A reference to a row of a resource.
    pub(crate) const fn to<N: Resource>(field: &'static str) -> Self {
        fn refer<'a, N: Resource>(tx: &'a Tx, id: Uuid, field: &'a str) -> BoxFuture<'a, Result<()>> {
            Box::pin(async move { tx.refer::<N>(Some(id), field).await.map(drop) })
        }
        Self { field, refer: refer::<N> }
    }

    /// The errors of the references in a body that differ from the present ones.
    async fn check(self, tx: &Tx, body: &Value, present: &Value) -> Vec<FieldError> {
        let id = |value: &Value| value.as_str().and_then(crate::kernel::input::id);
        let present = present.get(self.field);
        let ids = match body.get(self.field) {
            Some(Value::Array(values)) => {
                let known = |value| present.and_then(Value::as_array).is_some_and(|ids| ids.contains(value));
                let new = values.iter().take(MOST_IDS).enumerate().filter(|(_, value)| !known(value));
                new.filter_map(|(place, value)| Some((format!("{}/{place}", self.field), id(value)?)))
                    .collect()
            }
            value => {
                let new = value.filter(|value| present != Some(*value)).and_then(id);
                Vec::from_iter(new.map(|id| (self.field.to_owned(), id)))
            }
        };
        let mut wrong = Vec::new();
        for (field, id) in ids {
            if let Err(error) = (self.refer)(tx, id, &field).await {
                wrong.extend_from_slice(error.fields());
            }
        }
        wrong
    }
}

/// Adds the errors of the references in the body to an error of input, so that all are reported
/// together.
async fn with_references<N: Editable>(
    tx: &Tx,
    body: &Unchecked<N::Input>,
    present: &Value,
    error: Error,
) -> Error {
    let Some(sent) = body.read().ok().filter(|_| error.kind() == Kind::Invalid) else { return error };
    let mut wrong = error.fields().to_vec();
    for reference in N::REFERENCES {
        for more in reference.check(tx, sent, present).await {
            if wrong.iter().all(|it| it.pointer != more.pointer) {
                wrong.push(more);
            }
        }
    }
    Error::invalid(wrong)
}

/// A page of the rows that the caller sees, in a parent if they have one.
///
/// # Errors
/// `NotFound` for the parent; `InvalidParameter` for unknown filters and sort keys; `Forbidden` for
/// the collection as a whole.
pub async fn list<N: Resource>(
    repository: &Repository,
    ctx: &Context,
    collection: CollectionOf<N>,
    query: &Query,
) -> Result<Page<N::Item>> {
    let scope = repository.read(ctx);
    let rows = N::Parent::open(&scope, collection).await?.rows(&scope).await?;
    list::page::<N>(repository, &scope, query, rows).await
}

/// A page of the rows that refer to another row.
///
/// # Errors
/// As [`list()`].
pub(crate) async fn list_of<P: Resource, N: Resource>(
    repository: &Repository,
    ctx: &Context,
    place: Uuid,
    query: &Query,
    within: fn(&P) -> Condition,
) -> Result<Page<N::Item>> {
    let scope = repository.read(ctx);
    let place = scope.resolve::<P, _>(place, Read).await?.into_row();
    list::page::<N>(repository, &scope, query, Within::of(place.id(), within(&place))).await
}

/// One row.
///
/// # Errors
/// `NotFound`.
pub async fn get<N: Resource>(repository: &Repository, ctx: &Context, key: KeyOf<N>) -> Result<N> {
    let scope = repository.read(ctx);
    let mut row = scope.resolve_at::<N, _>(key, Read).await?.into_row();
    scope.mark_removed(slice::from_mut(&mut row)).await?;
    Ok(row)
}

/// Creates a row, in a parent if it has one.
///
/// # Errors
/// `NotFound` for the parent; `Forbidden`, `Invalid`, `Conflict`.
pub async fn create<N: Editable>(
    tx: &Tx,
    collection: CollectionOf<N>,
    body: &Unchecked<N::Input>,
) -> Result<N> {
    let parent = N::Parent::open(tx, collection).await?;
    let blank = N::blank(tx.birth(), tx.ctx(), &parent);
    N::Parent::authorize_create(tx, &blank).await?;
    let apply = async { blank.apply(tx, N::complete(body.check()?, tx.ctx())).await };
    let applied = apply.await;
    match applied {
        Ok(row) => tx.add(row).await,
        Err(error) => Err(with_references::<N>(tx, body, &Value::Null, error).await),
    }
}

/// Updates a row: replaces it by the body, or applies the body as a merge patch.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`, `Conflict`, and those of the precondition.
pub async fn update<N: Editable>(
    tx: &Tx,
    key: KeyOf<N>,
    body: &Unchecked<N::Input>,
    pre: &Precondition,
) -> Result<N> {
    let seen = tx.resolve_at::<N, _>(key, Update).await?;
    let present = N::Input::from(seen.row());
    let apply = async { seen.row().clone().apply(tx, body.check_over(&present)?).await };
    let applied = apply.await;
    match applied {
        Ok(row) => {
            let name = N::change(seen.row(), &row);
            let mut row = tx.update_as(name, seen, row, pre).await?;
            tx.mark_removed(slice::from_mut(&mut row)).await?;
            Ok(row)
        }
        Err(error) => {
            let present = serde_json::to_value(&present).map_err(Error::internal)?;
            Err(with_references::<N>(tx, body, &present, error).await)
        }
    }
}

/// Removes a row. It is an error if other rows refer to it.
///
/// # Errors
/// `NotFound`, `Forbidden`, `InUse`, and those of the precondition.
pub async fn remove<N: Resource>(tx: &Tx, key: KeyOf<N>, pre: &Precondition) -> Result<()> {
    let seen = tx.resolve_at::<N, _>(key, Delete).await?;
    tx.remove(seen, pre).await
}

/// Declares the input type of a resource whose writable fields are fields of its row.
///
/// It makes the type, the conversion from a row, and `onto`, which writes the input to a row.
/// Attributes of the fields have their bounds. Other rules are in [`Editable::apply`]; for a
/// resource `without rules`, the macro implements [`Editable`] too.
macro_rules! input {
    ($(#[$($doc:tt)*])* pub struct $input:ident of $row:ident, without rules { $($body:tt)* }) => {
        $crate::kernel::crud::input! { $(#[$($doc)*])* pub struct $input of $row { $($body)* } }

        impl $crate::kernel::crud::Editable for $row {
            type Input = $input;

            fn blank(born: $crate::kernel::repository::Birth, _ctx: &$crate::Context, (): &()) -> Self {
                $crate::kernel::repository::Blank::born(born)
            }

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
