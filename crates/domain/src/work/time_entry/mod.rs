//! Time entries: the time that a user worked on a task. An entry without an end is the running
//! timer of its user.
//!
//! Invariant: a user has at most one running entry. [`start`] ends the previous one in the
//! transaction of the new one, and a unique index enforces it. Entries of one user may overlap,
//! because people do two things at once and record them later.

mod input;
mod timer;

use std::slice;

use futures::future::BoxFuture;
use sea_orm::{Condition, QuerySelect, QueryTrait, entity::prelude::*};

pub(crate) use self::timer::{running, stop_running};
pub use self::{
    input::TimeEntryInput,
    timer::{Timer, get as timer, start, stop},
};
use crate::{
    Context, Error, Repository, Result, Scope, Timestamp, Tx,
    kernel::{
        crud::Editable,
        input::Unchecked,
        list::{self, Filter, Form, Page, Query, Sort, Within},
        policy::{self, Action, Relation, Relations},
        repository::{
            Access, Birth, Child, Container, Delete, Listed, Precondition, ReactsTo, Read, Resource, Stored,
            Update, Written, entity, field,
        },
    },
    work::task::{self, Task},
};

/// The greatest length of an entry. A forgotten timer counts no longer than this.
const LONGEST: std::time::Duration = std::time::Duration::from_hours(24);

entity! {
    /// Time that a user worked on a task.
    pub struct TimeEntry in "time_entry", shown {
        /// The id of the task.
        pub task_id: Uuid,
        /// The id of the user who worked, even after that user was removed.
        pub user_id: Uuid,
        /// The date and time (UTC) at which the work started.
        pub started_at: Timestamp,
        /// The date and time (UTC) at which the work ended, or null while the timer is running.
        pub ended_at: Option<Timestamp>,
        /// The duration in whole seconds, from 0 to 86400, or null while the timer is running.
        #[schema(example = 5400)]
        pub seconds: Option<i32>,
        /// A note on the work, on one line, or null.
        #[schema(example = "Second draft")]
        pub note: Option<String>,
        /// The user while the timer is running. It makes running entries unique.
        #[serde(skip)]
        pub running_key: Option<Uuid>,
        ..removed user_removed of user_id,
    }
}

/// The whole seconds between two timestamps, within the bounds of an entry.
fn seconds(start: Timestamp, end: Timestamp) -> i32 {
    let micros = end.micros().saturating_sub(start.micros());
    i32::try_from(micros.div_euclid(1_000_000)).unwrap_or(i32::MAX)
}

impl Resource for TimeEntry {
    const TYPE: policy::ResourceType = policy::ResourceType::TimeEntry;
    type Parent = Task;
}

impl Access for TimeEntry {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        let own = scope.ctx().user().is_some_and(|user| self.user_id == user);
        let task = scope.find::<Task>(self.task_id, false).await?;
        // Deleting a task does not change who may read the time worked on it.
        let manages = match task {
            Some(task) => task.relations(scope, Action::Read).await?.has(Relation::ManagesProject),
            None => false,
        };
        Ok(Relations::default().with(Relation::ManagesProject, manages).with(Relation::Owner, own))
    }

    fn lies_in(&self) -> Option<Uuid> {
        Some(self.task_id)
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        use entity::Column;
        let user = ctx.user()?;
        let condition = match relation {
            Relation::Owner => Column::UserId.eq(user),
            Relation::ManagesProject => Column::TaskId.in_subquery(task::managed_ids(ctx, user)),
            _ => return None,
        };
        Some(Condition::all().add(condition))
    }

    async fn container(&self, scope: &Scope) -> Result<Option<Container>> {
        task::container_of(self.task_id, scope).await
    }
}

impl Stored for TimeEntry {
    const HIDDEN: &'static [&'static str] = &["tenant_id", "running_key"];

    fn derived(self) -> Self {
        Self {
            seconds: self.ended_at.map(|end| seconds(self.started_at, end)),
            running_key: self.ended_at.is_none().then_some(self.user_id),
            ..self
        }
    }
}

impl Listed for TimeEntry {
    type Item = Self;

    const ADDED: &'static [&'static str] = &["user_removed"];

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "task", form: Form::Id, column: Column::TaskId },
            Filter { name: "project", form: Form::Through(task::ids_in), column: Column::TaskId },
            Filter { name: "user", form: Form::Person, column: Column::UserId },
            Filter { name: "running", form: Form::Unset, column: Column::EndedAt },
            Filter { name: "started_at", form: Form::Timestamp, column: Column::StartedAt },
            Filter { name: "ended_at", form: Form::Timestamp, column: Column::EndedAt },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[
            Sort { name: "created_at", column: "id", key: |row| row.id.into() },
            Sort { name: "started_at", column: "started_at", key: |row| row.started_at.into() },
        ]
    }
}

/// The seconds of all entries of a task. The running timer counts nothing yet.
pub(crate) async fn seconds_on(tx: &Tx, task: &Task) -> Result<i64> {
    let entries = tx.owned::<TimeEntry>().filter(TimeEntry::within(task)).select_only();
    let sum = entries.column_as(tx.sum(entity::Column::Seconds.into_expr()), "seconds").into_query();
    let row = tx.rows(&sum).await?.into_iter().next();
    Ok(row.map(|row| field::<Option<i64>>(&row, 0)).transpose()?.flatten().unwrap_or_default())
}

impl ReactsTo<Task> for TimeEntry {
    /// Timers on a task stop when the task is deleted.
    fn react<'a>(
        tx: &'a Tx,
        Written { old, new, .. }: Written<'a, Task>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        let (old, new) = old.zip(new)?;
        Some(Box::pin(timer::stop_on(tx, old, new)))
    }
}

impl Child for TimeEntry {
    const COLLECTION: &'static str = "time-entries";

    fn parent(&self) -> Uuid {
        self.task_id
    }

    fn within(task: &Task) -> Condition {
        Condition::all().add(entity::Column::TaskId.eq(task.id))
    }
}

impl Editable for TimeEntry {
    type Input = TimeEntryInput;

    /// A new entry has an end, so that only [`start`] creates a running one.
    fn blank(born: Birth, ctx: &Context, task: &Task) -> Self {
        Self {
            tenant_id: born.tenant,
            id: born.id,
            task_id: task.id,
            user_id: ctx.user().unwrap_or_default(),
            started_at: born.at,
            ended_at: Some(born.at),
            seconds: Some(0),
            note: None,
            running_key: None,
            created_at: born.at,
            updated_at: born.at,
            version: 1,
            user_removed: None,
        }
    }

    async fn apply(self, tx: &Tx, input: TimeEntryInput) -> Result<Self> {
        let (started_at, ended_at) = input.span(&self, tx.now())?;
        Ok(Self { started_at, ended_at, note: input.note, ..self }.derived())
    }
}

/// An entry by its own id, even if the caller can no longer see its task.
///
/// # Errors
/// `NotFound`.
pub async fn get(repository: &Repository, ctx: &Context, id: Uuid) -> Result<TimeEntry> {
    let scope = repository.read(ctx);
    let mut row = scope.resolve::<TimeEntry, _>(id, Read).await?.into_row();
    scope.mark_removed(slice::from_mut(&mut row)).await?;
    Ok(row)
}

/// Updates an entry, even if the user who worked can no longer see its task.
///
/// # Errors
/// As [`crate::kernel::crud::update`].
pub async fn update(
    tx: &Tx,
    id: Uuid,
    body: &Unchecked<TimeEntryInput>,
    pre: &Precondition,
) -> Result<TimeEntry> {
    let seen = tx.resolve::<TimeEntry, _>(id, Update).await?;
    let input = body.check_over(&TimeEntryInput::from(seen.row()))?;
    let row = seen.row().clone().apply(tx, input).await?;
    let mut row = tx.update(seen, row, pre).await?;
    tx.mark_removed(slice::from_mut(&mut row)).await?;
    Ok(row)
}

/// Deletes an entry, even if the user who worked can no longer see its task.
///
/// # Errors
/// As [`crate::kernel::crud::remove`].
pub async fn remove(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<()> {
    let seen = tx.resolve::<TimeEntry, _>(id, Delete).await?;
    tx.remove(seen, pre).await
}

/// One page of the entries that the caller sees, of all tasks, including those in the trash.
///
/// # Errors
/// Those of lists.
pub async fn list(repository: &Repository, ctx: &Context, query: &Query) -> Result<Page<TimeEntry>> {
    list::page::<TimeEntry>(repository, &repository.read(ctx), query, Within::all()).await
}

/// As [`list()`], starting at a cursor. For the export.
///
/// # Errors
/// Those of lists.
pub async fn export(
    repository: &Repository,
    ctx: &Context,
    query: &Query,
    cursor: String,
) -> Result<Page<TimeEntry>> {
    let mut query = query.clone();
    query.0.extend([("cursor".to_owned(), cursor), ("page_size".to_owned(), "200".to_owned())]);
    list(repository, ctx, &query).await
}

/// The error of an invalid field of an entry.
fn wrong(field: &str, message: &str) -> Error {
    Error::field(format!("/{field}"), "invalid_value", message)
}
