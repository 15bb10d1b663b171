//! Bulk requests: several operations in one transaction, all or none.
//!
//! Invariant: each operation goes through the same function as a single request. A resource with
//! special operations implements [`Bulk`], so that none of its rules is bypassed.

mod user;

use std::future::Future;

use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

pub use self::user::check_users;
use crate::{
    Context, Error, Result, Tx,
    kernel::{
        crud::{self, Editable},
        error::{FieldError, Kind},
        input::{Unchecked, items},
        policy::{self, Action},
        repository::{Precondition, Resource},
    },
};

/// The action of one operation: `create`, `update` or `delete`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkAction {
    /// Create a resource, with a body as for `POST`.
    Create,
    /// Update a resource, with a body as for `PATCH`.
    Update,
    /// Delete a resource.
    Delete,
}

impl BulkAction {
    /// The action in the policy.
    fn action(self) -> Action {
        match self {
            Self::Create => Action::Create,
            Self::Update => Action::Update,
            Self::Delete => Action::Delete,
        }
    }
}

/// Operations that take effect all together or not at all.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkInput {
    /// The operations, in order. The fields of each depend on its action: the OpenAPI document has
    /// them for each resource.
    #[garde(custom(items::<_, 1, 100>))]
    #[schema(min_items = 1, max_items = 100, value_type = Vec<Object>)]
    operations: Vec<Value>,
}

/// One operation, as it was sent.
enum Change {
    Create(Create),
    Update(Update),
    Delete(Delete),
}

/// The action of an operation, which is read first.
#[derive(Deserialize, Validate)]
struct Acts {
    #[garde(skip)]
    action: BulkAction,
}

/// A creation.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Create {
    #[serde(rename = "action")]
    #[garde(skip)]
    _action: BulkAction,
    #[garde(skip)]
    body: Value,
}

/// An update.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Update {
    #[serde(rename = "action")]
    #[garde(skip)]
    _action: BulkAction,
    #[garde(skip)]
    id: Uuid,
    /// The version that the row must have, as in `If-Match`.
    #[serde(default)]
    #[garde(range(min = 1))]
    version: Option<i64>,
    #[garde(skip)]
    body: Value,
}

/// A deletion.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Delete {
    #[serde(rename = "action")]
    #[garde(skip)]
    _action: BulkAction,
    #[garde(skip)]
    id: Uuid,
    #[serde(default)]
    #[garde(range(min = 1))]
    version: Option<i64>,
}

impl Change {
    fn read(sent: Value) -> Result<Self> {
        // The action decides about the other fields.
        let action = sent.get("action").cloned();
        let acts = action.map_or_else(|| json!({}), |action| json!({ "action": action }));
        let acts = if sent.is_object() { acts } else { sent.clone() };
        let sent = |acts: Acts| (acts.action, sent);
        Ok(match Unchecked::<Acts>::new(acts).check().map(sent)? {
            (BulkAction::Create, sent) => Self::Create(Unchecked::new(sent).check()?),
            (BulkAction::Update, sent) => Self::Update(Unchecked::new(sent).check()?),
            (BulkAction::Delete, sent) => Self::Delete(Unchecked::new(sent).check()?),
        })
    }
}

/// The result of one operation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BulkOutcome<T> {
    /// The action of the operation.
    pub action: BulkAction,
    /// The id of the resource.
    pub id: Uuid,
    /// The resource after the operation. Absent after a deletion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<T>,
}

/// The results of a bulk request, in the order of its operations.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BulkResult<T> {
    /// One result for each operation.
    #[schema(max_items = 100)]
    pub results: Vec<BulkOutcome<T>>,
}

/// A resource with bulk requests, and its operations on one row.
pub trait Bulk: Resource {
    /// What is prepared for a new row before the transaction.
    type Ready: Sync;

    /// Creates a row, with a body as for `POST`.
    fn make(tx: &Tx, body: Value, ready: Option<&Self::Ready>) -> impl Future<Output = Result<Self>> + Send;

    /// Updates a row with a merge patch.
    fn change(
        tx: &Tx,
        id: Uuid,
        patch: Value,
        pre: &Precondition,
    ) -> impl Future<Output = Result<Self>> + Send;

    /// Deletes a row.
    fn remove(tx: &Tx, id: Uuid, pre: &Precondition) -> impl Future<Output = Result<()>> + Send;
}

impl<N: Editable + Resource<Parent = ()>> Bulk for N {
    type Ready = ();

    async fn make(tx: &Tx, body: Value, _ready: Option<&()>) -> Result<Self> {
        crud::create(tx, (), &Unchecked::new(body)).await
    }

    async fn change(tx: &Tx, id: Uuid, patch: Value, pre: &Precondition) -> Result<Self> {
        crud::update(tx, id, &Unchecked::patch(patch), pre).await
    }

    async fn remove(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<()> {
        crud::remove::<N>(tx, id, pre).await
    }
}

impl Unchecked<BulkInput> {
    /// The number of operations in the body.
    pub fn operations(&self) -> usize {
        self.items("operations")
    }
}

impl BulkInput {
    /// The operations, if all of them have the fields of their actions.
    fn changes(self) -> Result<Vec<Change>> {
        let mut wrong = Wrong::default();
        let mut changes = Vec::new();
        for (place, sent) in self.operations.into_iter().enumerate() {
            match Change::read(sent) {
                Ok(change) => changes.push(change),
                Err(error) => wrong.add(error.at_place(place))?,
            }
        }
        wrong.none().map(|()| changes)
    }

    /// The bodies of the creations, with the index of each operation.
    pub(crate) fn bodies_to_make(self) -> Result<Vec<(usize, Value)>> {
        let made = |(place, change)| match change {
            Change::Create(Create { body, .. }) => Some((place, body)),
            _ => None,
        };
        Ok(self.changes()?.into_iter().enumerate().filter_map(made).collect())
    }
}

/// Collects the errors of the input of all operations, so that they are reported together.
#[derive(Default)]
pub(crate) struct Wrong(Vec<FieldError>);

impl Wrong {
    /// Adds an error of input. An error of state is ignored after an error of input, because it may
    /// be a consequence of it.
    ///
    /// # Errors
    /// An error of state, if it is the first error.
    pub(crate) fn add(&mut self, error: Error) -> Result<()> {
        match error.kind() {
            Kind::Invalid => {
                self.0.extend(error.fields().iter().take(FieldError::MOST - self.0.len()).cloned());
            }
            _ if self.0.is_empty() => return Err(error),
            _ => {}
        }
        Ok(())
    }

    /// Whether to stop after an error of this kind: no more errors are reported, or the transaction
    /// may not be usable any more.
    fn is_over(&self, kind: Kind) -> bool {
        let goes_on = matches!(
            kind,
            Kind::Invalid
                | Kind::NotFound
                | Kind::Forbidden
                | Kind::InsufficientScope
                | Kind::Stale
                | Kind::PreconditionRequired
        );
        !goes_on || self.0.len() >= FieldError::MOST
    }

    /// Succeeds if there were no errors.
    ///
    /// # Errors
    /// `Invalid`, with all errors.
    pub(crate) fn none(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::invalid(self.0)) }
    }
}

/// Runs the operations in order, each authorised and validated by itself. `ready` has what was
/// prepared for new rows, with the index of each operation.
///
/// # Errors
/// `Invalid` with the errors of input of all operations, if the first failure was one of input.
/// Else the error of the first operation that failed. The pointers begin with the index of the
/// operation.
pub async fn run<N: Bulk>(
    tx: &Tx,
    body: &Unchecked<BulkInput>,
    ready: &[(usize, N::Ready)],
) -> Result<BulkResult<N>> {
    authorize::<N>(tx.ctx(), body)?;
    let mut results = Vec::new();
    let mut wrong = Wrong::default();
    for (place, change) in body.check()?.changes()?.into_iter().enumerate() {
        let ready = ready.iter().find(|(of, _)| *of == place).map(|(_, ready)| ready);
        match one::<N>(tx, change, ready).await {
            Ok(outcome) => results.push(outcome),
            Err(error) => {
                let kind = error.kind();
                wrong.add(error.at_place(place))?;
                if wrong.is_over(kind) {
                    break;
                }
            }
        }
    }
    wrong.none().map(|()| BulkResult { results })
}

/// Rejects callers who may not perform a requested action on any row of the resource, before the
/// rest of the body is read.
///
/// # Errors
/// `InsufficientScope` and `Forbidden`, with the index of the first rejected operation.
fn authorize<N: Resource>(ctx: &Context, body: &Unchecked<BulkInput>) -> Result<()> {
    let sent = body.read().ok().and_then(|body| body.get("operations")).and_then(Value::as_array);
    let asked = sent.into_iter().flatten().enumerate();
    let named = asked
        .filter_map(|(place, sent)| Some((place, serde_json::from_value(sent.get("action")?.clone()).ok()?)));
    let named: Vec<(usize, BulkAction)> = named.collect();
    for (place, action) in &named {
        policy::permit(ctx, N::TYPE, action.action()).map_err(|error| error.at_place(*place))?;
    }
    if named.is_empty() {
        let all = [BulkAction::Create, BulkAction::Update, BulkAction::Delete];
        let mut refusals = all.map(|action| policy::permit(ctx, N::TYPE, action.action())).into_iter();
        let first = refusals.next().unwrap_or(Ok(()));
        return refusals.fold(first, Result::or);
    }
    Ok(())
}

async fn one<N: Bulk>(tx: &Tx, change: Change, ready: Option<&N::Ready>) -> Result<BulkOutcome<N>> {
    let versions =
        |version: Option<i64>| version.map_or(Precondition::None, |it| Precondition::Versions(vec![it]));
    let (action, row) = match change {
        Change::Create(Create { body, .. }) => {
            (BulkAction::Create, N::make(tx, body, ready).await.map_err(in_body)?)
        }
        Change::Update(Update { id, version, body, .. }) => {
            (BulkAction::Update, N::change(tx, id, body, &versions(version)).await.map_err(in_body)?)
        }
        Change::Delete(Delete { id, version, .. }) => {
            N::remove(tx, id, &versions(version)).await?;
            return Ok(BulkOutcome { action: BulkAction::Delete, id, row: None });
        }
    };
    Ok(BulkOutcome { action, id: row.id(), row: Some(row) })
}

/// An error in the body of an operation.
fn in_body(error: Error) -> Error {
    error.below("body")
}

impl Error {
    /// The error of one operation: its index is put before the pointers, or is the pointer if there
    /// are none.
    pub(crate) fn at_place(self, place: usize) -> Self {
        let pointer = format!("operations/{place}");
        if !self.fields().is_empty() {
            return self.below(&pointer);
        }
        let message =
            self.detail().unwrap_or("This operation failed, so no operation was carried out.").to_owned();
        self.with_field(FieldError { pointer: format!("/{pointer}"), code: "failed", message })
    }
}
