//! Many changes at once: all of them or none.
//!
//! Invariant: each goes through the operation that one alone goes through. A noun with operations of its own says so ([`Bulk`]), and no rule of theirs is
//! walked past.

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
    edit::{self, Editable},
    error::{FieldError, Kind},
    input::{Unchecked, items},
    policy::{self, Action},
    store::{Noun, Precondition},
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

impl BulkAction {
    /// What the policy calls it.
    fn action(self) -> Action {
        match self {
            Self::Create => Action::Create,
            Self::Update => Action::Update,
            Self::Delete => Action::Delete,
        }
    }
}

/// Changes that are made all together or not at all.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkInput {
    /// In their order. What each may say depends on its action: the document says it for each noun.
    #[garde(custom(items::<_, 1, 100>))]
    #[schema(min_items = 1, max_items = 100, value_type = Vec<Object>)]
    operations: Vec<Value>,
}

/// One change of many, as it was sent.
enum Change {
    Create(Create),
    Update(Update),
    Delete(Delete),
}

/// The word that says which of the changes one is.
#[derive(Deserialize, Validate)]
struct Acts {
    #[garde(skip)]
    action: BulkAction,
}

/// Make one.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Create {
    #[serde(rename = "action")]
    #[garde(skip)]
    _action: BulkAction,
    #[garde(skip)]
    body: Value,
}

/// Change one.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Update {
    #[serde(rename = "action")]
    #[garde(skip)]
    _action: BulkAction,
    #[garde(skip)]
    id: Uuid,
    /// The version that the row must still have, as in `If-Match`.
    #[serde(default)]
    #[garde(range(min = 1))]
    version: Option<i64>,
    #[garde(skip)]
    body: Value,
}

/// Delete one.
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
        // What else it may say follows from its action.
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

impl Unchecked<BulkInput> {
    /// How many operations the body has.
    pub fn operations(&self) -> usize {
        self.items("operations")
    }
}

impl BulkInput {
    /// The changes, if all of them say what their actions take.
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

    /// The bodies of the rows that are to be made, by their places.
    pub(crate) fn bodies_to_make(self) -> Result<Vec<(usize, Value)>> {
        let made = |(place, change)| match change {
            Change::Create(Create { body, .. }) => Some((place, body)),
            _ => None,
        };
        Ok(self.changes()?.into_iter().enumerate().filter_map(made).collect())
    }
}

/// What is wrong with the input of many changes, so that all of it is told at once.
#[derive(Default)]
pub(crate) struct Wrong(Vec<FieldError>);

impl Wrong {
    /// Keeps an error of input, and passes over one of state after it: that may come of what was not done. The first one of state is told by itself.
    ///
    /// # Errors
    /// That one.
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

    /// Whether nothing more is to be found out after an error of this kind: no more is told, or the database may not answer in this transaction any more.
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

    /// Nothing, if nothing was wrong.
    ///
    /// # Errors
    /// `Invalid`, with all that was.
    pub(crate) fn none(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::invalid(self.0)) }
    }
}

/// Makes, changes and deletes rows, each judged and validated by itself, one after the other. What was got ready for new rows is by their places.
///
/// # Errors
/// `Invalid` with what is wrong with the input of any of them, if that was the first failure; that of the first change that fails by the state of the
/// rows otherwise. The place is before the pointers.
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

/// Refuses callers who may do none of what they ask for to any row of the noun, before anything else that they sent is looked at.
///
/// # Errors
/// `InsufficientScope` and `Forbidden`, at the place of the first change that is refused.
fn authorize<N: Noun>(ctx: &Context, body: &Unchecked<BulkInput>) -> Result<()> {
    let sent = body.read().ok().and_then(|body| body.get("operations")).and_then(Value::as_array);
    let asked = sent.into_iter().flatten().enumerate();
    let named = asked
        .filter_map(|(place, sent)| Some((place, serde_json::from_value(sent.get("action")?.clone()).ok()?)));
    let named: Vec<(usize, BulkAction)> = named.collect();
    for (place, action) in &named {
        policy::permit(ctx, N::NOUN, action.action()).map_err(|error| error.at_place(*place))?;
    }
    if named.is_empty() {
        let all = [BulkAction::Create, BulkAction::Update, BulkAction::Delete];
        let mut refusals = all.map(|action| policy::permit(ctx, N::NOUN, action.action())).into_iter();
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

/// The error of one of many changes, in what was sent as its body.
fn in_body(error: Error) -> Error {
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
