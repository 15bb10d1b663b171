//! Many changes at once: all of them or none.

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
    store::{Owned, Precondition},
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
    /// As it is now; null when it was deleted.
    pub row: Option<T>,
}

/// What came of many changes, in their order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BulkResult<T> {
    /// One of each.
    pub results: Vec<BulkOutcome<T>>,
}

/// Makes, changes and deletes rows, each judged and validated by itself, one after the other.
///
/// # Errors
/// Those of the first change that fails, with the place of it before its pointers.
pub async fn run<N: Editable>(tx: &Tx, body: &Unchecked<BulkInput>) -> Result<BulkResult<N>> {
    let mut results = Vec::new();
    for (place, operation) in body.check()?.operations.into_iter().enumerate() {
        let outcome = one::<N>(tx, operation).await.map_err(|error| error.at_place(place))?;
        results.push(outcome);
    }
    Ok(BulkResult { results })
}

async fn one<N: Editable>(tx: &Tx, operation: BulkOperation) -> Result<BulkOutcome<N>> {
    let BulkOperation { action, id, version, body } = operation;
    let pre = version.map_or(Precondition::None, |version| Precondition::Versions(vec![version]));
    let (id, body) = (id.unwrap_or_default(), body.unwrap_or_default());
    let row = match action {
        BulkAction::Create => Some(edit::create::<N>(tx, &Unchecked::new(body)).await.map_err(in_body)?),
        BulkAction::Update => {
            Some(edit::update::<N>(tx, id, &Unchecked::patch(body), &pre).await.map_err(in_body)?)
        }
        BulkAction::Delete => {
            edit::remove::<N>(tx, id, &pre).await?;
            None
        }
    };
    Ok(BulkOutcome { action, id: row.as_ref().map_or(id, Owned::id), row })
}

fn in_body(error: Error) -> Error {
    error.below("body")
}

impl Error {
    /// The error of one of many changes: where it is stands before its pointers, and by itself when it has none.
    fn at_place(self, place: usize) -> Self {
        let pointer = format!("operations/{place}");
        if !self.fields().is_empty() {
            return self.below(&pointer);
        }
        let message = self.detail().unwrap_or("This operation failed; none was done.").to_owned();
        self.with_field(FieldError { pointer: format!("/{pointer}"), code: "failed", message })
    }
}
