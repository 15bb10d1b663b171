//! Tasks that wait for others.
//!
//! Invariant: no task waits for itself, by however many others, because whoever adds a dependency looks for that while no other of the tenant is
//! added.

use std::collections::HashSet;

use garde::Validate;
use sea_orm::{Condition, QuerySelect, QueryTrait, entity::prelude::*};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Task, TaskStatus, entity as task};
use crate::{
    Context, Error, Result, Scope, Tx,
    edit::{Child, EditableChild},
    error::Kind,
    list::{Filter, Form, Sort},
    policy::{self, Action, Fact, Facts},
    store::{BelongsTo, Birth, Blank, Container, Noun, Unique, entity, readable_ids},
};

/// How many tasks one task may wait for at once.
const MOST: i64 = 100;
/// How many tasks are looked at for a circle.
const FARTHEST: usize = 5000;

entity! {
    /// A task that waits for another.
    pub struct TaskDependency in "task_dependency", editable {
        /// The task that waits.
        pub task_id: Uuid,
        /// The task that blocks it until it is done or cancelled.
        pub blocker_id: Uuid,
        /// The user who made it; null when a service did, or when it was made before that was recorded.
        pub author_id: Option<Uuid>,
    }
}

impl Noun for TaskDependency {
    const NOUN: policy::Noun = policy::Noun::TaskDependency;
    type Item = Self;

    async fn facts(&self, scope: &Scope, action: Action) -> Result<Facts> {
        let Some(task) = scope.find::<Task>(self.task_id, false).await?.filter(|task| !task.is_removed())
        else {
            return Ok(Facts::default());
        };
        let facts = task.facts(scope, action).await?;
        // What blocks may have moved to where the caller does not look: then there is no such dependency to them.
        let visible = policy::judge_row(scope.ctx(), policy::Noun::Task, Action::Read, facts).is_ok();
        let blocker = super::facts_within(self.blocker_id, scope).await?;
        // A new row's blocker is nil.
        let both = visible && (action == Action::Create || blocker.has(Fact::TaskVisible));
        let user = scope.ctx().user();
        let facts = facts.with(Fact::Author, user.is_some() && user == self.author_id);
        Ok(facts.with(Fact::TaskVisible, both))
    }

    fn lies_in(&self) -> Option<Uuid> {
        Some(self.task_id)
    }

    fn holds(fact: Fact, ctx: &Context) -> Option<Condition> {
        let visible = |column: entity::Column| column.in_subquery(readable_ids::<Task>(ctx));
        let both =
            || Condition::all().add(visible(entity::Column::TaskId)).add(visible(entity::Column::BlockerId));
        (fact == Fact::TaskVisible).then(both)
    }

    async fn container(&self, scope: &Scope) -> Result<Option<Container>> {
        super::container_of(self.task_id, scope).await
    }

    fn filters() -> &'static [Filter<Self>] {
        &[Filter { name: "blocker", form: Form::Id, column: entity::Column::BlockerId }]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "created_at", column: "id", key: |row| row.id.into() }]
    }

    fn uniques() -> &'static [Unique] {
        &[Unique {
            index: "task_dependency_key",
            columns: "task_dependency.task_id, task_dependency.blocker_id",
            field: "blocker_id",
        }]
    }
}

impl Child for TaskDependency {
    type Parent = Task;
    const COLLECTION: &'static str = "dependencies";

    fn parent(&self) -> Uuid {
        self.task_id
    }

    fn within(task: &Task) -> Condition {
        Condition::all().add(entity::Column::TaskId.eq(task.id))
    }
}

/// What a task is to wait for.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskDependencyInput {
    /// A task that the caller sees, and that does not wait for this one itself.
    #[garde(skip)]
    blocker_id: Uuid,
}

impl From<&TaskDependency> for TaskDependencyInput {
    fn from(row: &TaskDependency) -> Self {
        Self { blocker_id: row.blocker_id }
    }
}

impl EditableChild for TaskDependency {
    type Input = TaskDependencyInput;

    fn blank(born: Birth, ctx: &Context, task: &Task) -> Self {
        Self { task_id: task.id, author_id: ctx.user(), ..Self::born(born) }
    }

    async fn apply(self, tx: &Tx, TaskDependencyInput { blocker_id }: TaskDependencyInput) -> Result<Self> {
        tx.refer::<Task>(Some(blocker_id), "blocker_id").await?;
        // One at a time: of two that close a circle together, one sees it.
        tx.lock_tenant().await?;
        let own = tx.owned::<Self>().filter(entity::Column::TaskId.eq(self.task_id));
        if tx.count::<Self>(own).await? >= MOST {
            return Err(Error::with(Kind::Conflict, format!("A task waits for at most {MOST} others.")));
        }
        if waits_for(tx, blocker_id, self.task_id).await? {
            return Err(Error::with(Kind::Conflict, "The other task waits for this one already."));
        }
        Ok(Self { blocker_id, ..self })
    }
}

impl BelongsTo<Task> for TaskDependency {
    /// The dependencies of other tasks on this one.
    fn belonging_to(blocker: &Task) -> Condition {
        Condition::all().add(entity::Column::BlockerId.eq(blocker.id))
    }
}

/// Whether a task is another, or waits for it, by however many others.
async fn waits_for(tx: &Tx, task: Uuid, other: Uuid) -> Result<bool> {
    let (mut seen, mut level) = (HashSet::from([task]), vec![task]);
    while !level.is_empty() {
        if seen.contains(&other) {
            return Ok(true);
        }
        let mut next = Vec::new();
        for some in level.chunks(500) {
            let rows = tx.owned::<TaskDependency>();
            let rows = rows.filter(entity::Column::TaskId.is_in(some.iter().copied()));
            let rows: Vec<TaskDependency> = tx.all(&rows.limit(FARTHEST as u64).into_query()).await?;
            next.extend(rows.into_iter().map(|row| row.blocker_id).filter(|id| seen.insert(*id)));
            if seen.len() >= FARTHEST {
                return Err(Error::with(Kind::Conflict, "Too many tasks wait for each other here."));
            }
        }
        level = next;
    }
    Ok(false)
}

/// Refuses to let a task be done that waits for an open one.
///
/// # Errors
/// `Conflict`.
pub(super) async fn check_unblocked(tx: &Tx, task: Uuid) -> Result<()> {
    if !is_blocked(tx, task).await? {
        return Ok(());
    }
    // How many is not told: the caller may not see all of them.
    Err(Error::with(Kind::Conflict, "The task waits for others that are open. Who manages it can force it."))
}

/// Refuses to let a task that waits for an open one leave its project, but by who could force it there: elsewhere others could.
///
/// # Errors
/// `Forbidden`.
pub(super) async fn check_stays(tx: &Tx, task: &Task) -> Result<()> {
    let facts = task.facts(tx, Action::Override).await?;
    let may = policy::judge_row(tx.ctx(), Task::NOUN, Action::Override, facts).is_ok();
    if may || !is_blocked(tx, task.id).await? {
        return Ok(());
    }
    let detail = "The task waits for others that are open. Who manages it can move it to another project.";
    Err(Error::with(Kind::Forbidden, detail))
}

/// Whether a task waits for an open one.
async fn is_blocked(tx: &Tx, task: Uuid) -> Result<bool> {
    let mut blockers = entity::Entity::find().select_only().column(entity::Column::BlockerId);
    blockers = blockers.filter(entity::Column::TenantId.eq(tx.ctx().tenant()));
    let blockers = blockers.filter(entity::Column::TaskId.eq(task)).into_query();
    let open = tx.owned::<Task>().filter(task::Column::Id.in_subquery(blockers));
    let open = open.filter(task::Column::Status.is_not_in([TaskStatus::Done, TaskStatus::Cancelled]));
    Ok(tx.count::<Task>(open.filter(task::Column::DeletedAt.is_null())).await? > 0)
}
