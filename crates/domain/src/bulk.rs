//! Many changes at once: all of them or none.
//!
//! Invariant: each goes through the operation that one alone goes through. A noun with operations of its own says so ([`Bulk`]), and no rule of theirs is
//! walked past.

use std::future::Future;

use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Error, Result, Tx,
    edit::{self, Editable},
    error::FieldError,
    input::Unchecked,
    store::{Noun, Owned, Precondition},
};

/// What is done to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkAction {
    /// Make one, of a body as for `POST`.
    Create,
    /// Change one, by a body as for `PATCH`.
    Update,
    /// Delete one.
    Delete,
}

/// One change of many.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkOperation {
    #[garde(skip)]
    action: BulkAction,
    /// Which row; not for a new one.
    #[serde(default)]
    #[garde(custom(there(self.action != BulkAction::Create)))]
    id: Option<Uuid>,
    /// The version that the row must still have, as in `If-Match`; not for a new one.
    #[serde(default)]
    #[garde(range(min = 1))]
    #[schema(minimum = 1)]
    version: Option<i64>,
    /// What is written; not for deleting.
    #[serde(default)]
    #[garde(custom(there(self.action != BulkAction::Delete)))]
    #[schema(value_type = Option<Object>)]
    body: Option<Value>,
}

fn there<T>(wanted: bool) -> impl FnOnce(&Option<T>, &()) -> garde::Result {
    move |value, ()| match (wanted, value.is_some()) {
        (true, false) => Err(garde::Error::new("this action needs it")),
        (false, true) => Err(garde::Error::new("this action does not take it")),
        _ => Ok(()),
    }
}

/// Changes that are made all together or not at all.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkInput {
    #[garde(length(min = 1, max = 100), dive)]
    #[schema(min_items = 1, max_items = 100)]
    operations: Vec<BulkOperation>,
}

/// What came of one change.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BulkOutcome<T> {
    /// What was done.
    pub action: BulkAction,
    /// To which row.
    pub id: Uuid,
    /// As it is now; absent when it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<T>,
}

/// What came of many changes, in their order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BulkResult<T> {
    /// One of each.
    #[schema(max_items = 100)]
    pub results: Vec<BulkOutcome<T>>,
}

/// A noun of which many rows are made, changed and deleted at once, by the operations that do so to one.
pub trait Bulk: Noun {
    /// What was got ready before the transaction for a new row.
    type Ready: Sync;

    /// Makes one of a body as for `POST`.
    fn make(tx: &Tx, body: Value, ready: Option<&Self::Ready>) -> impl Future<Output = Result<Self>> + Send;

    /// Changes one by a merge patch.
    fn change(
        tx: &Tx,
        id: Uuid,
        patch: Value,
        pre: &Precondition,
    ) -> impl Future<Output = Result<Self>> + Send;

    /// Deletes one.
    fn remove(tx: &Tx, id: Uuid, pre: &Precondition) -> impl Future<Output = Result<()>> + Send;
}

impl<N: Editable> Bulk for N {
    type Ready = ();

    async fn make(tx: &Tx, body: Value, _ready: Option<&()>) -> Result<Self> {
        edit::create(tx, &Unchecked::new(body)).await
    }

    async fn change(tx: &Tx, id: Uuid, patch: Value, pre: &Precondition) -> Result<Self> {
        edit::update(tx, id, &Unchecked::patch(patch), pre).await
    }

    async fn remove(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<()> {
        edit::remove::<N>(tx, id, pre).await
    }
}

impl BulkInput {
    /// The bodies of the rows that are to be made, by their places.
    pub(crate) fn bodies_to_make(self) -> impl Iterator<Item = (usize, Value)> {
        let operations = self.operations.into_iter().enumerate();
        let made = operations.filter(|(_, operation)| operation.action == BulkAction::Create);
        made.map(|(place, operation)| (place, operation.body.unwrap_or_default()))
    }
}

/// Makes, changes and deletes rows, each judged and validated by itself, one after the other. What was got ready for new rows is by their places.
///
/// # Errors
/// Those of the first change that fails, with the place of it before its pointers.
pub async fn run<N: Bulk>(
    tx: &Tx,
    body: &Unchecked<BulkInput>,
    ready: &[(usize, N::Ready)],
) -> Result<BulkResult<N>> {
    let mut results = Vec::new();
    for (place, operation) in body.check()?.operations.into_iter().enumerate() {
        let ready = ready.iter().find(|(of, _)| *of == place).map(|(_, ready)| ready);
        let outcome = one::<N>(tx, operation, ready).await;
        results.push(outcome.map_err(|error| error.at_place(place))?);
    }
    Ok(BulkResult { results })
}

async fn one<N: Bulk>(tx: &Tx, operation: BulkOperation, ready: Option<&N::Ready>) -> Result<BulkOutcome<N>> {
    let BulkOperation { action, id, version, body } = operation;
    let pre = version.map_or(Precondition::None, |version| Precondition::Versions(vec![version]));
    let (id, body) = (id.unwrap_or_default(), body.unwrap_or_default());
    let row = match action {
        BulkAction::Create => Some(N::make(tx, body, ready).await.map_err(in_body)?),
        BulkAction::Update => Some(N::change(tx, id, body, &pre).await.map_err(in_body)?),
        BulkAction::Delete => {
            N::remove(tx, id, &pre).await?;
            None
        }
    };
    Ok(BulkOutcome { action, id: row.as_ref().map_or(id, Owned::id), row })
}

/// The error of one of many changes, in what was sent as its body.
pub(crate) fn in_body(error: Error) -> Error {
    error.below("body")
}

impl Error {
    /// The error of one of many changes: where it is stands before its pointers, and by itself when it has none.
    pub(crate) fn at_place(self, place: usize) -> Self {
        let pointer = format!("operations/{place}");
        if !self.fields().is_empty() {
            return self.below(&pointer);
        }
        let message = self.detail().unwrap_or("This operation failed; none was done.").to_owned();
        self.with_field(FieldError { pointer: format!("/{pointer}"), code: "failed", message })
    }
}
