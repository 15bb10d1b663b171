//! Dependencies: tasks that are blocked by other tasks.
//!
//! Invariant: the dependencies of a tenant have no cycle. Adding a dependency looks for a cycle
//! while the lock of the tenant keeps other dependencies from being added.

use std::collections::HashSet;

use garde::Validate;
use sea_orm::{Condition, QuerySelect, QueryTrait, entity::prelude::*};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Task, TaskStatus, entity as task};
use crate::{
    Context, Error, Result, Scope, Tx,
    kernel::{
        crud::Editable,
        error::Kind,
        list::{Filter, Form, Sort},
        policy::{self, Action, Relation, Relations},
        repository::{
            Access, BelongsTo, Birth, Blank, Child, Container, Listed, Resource, Stored, Unique, entity,
            field, readable_ids,
        },
    },
};

/// How many dependencies a task may have.
const MOST: i64 = 100;
/// How many tasks the search for a cycle visits. If there are more, the dependency is refused.
const FARTHEST: usize = 5000;

entity! {
    /// A dependency: one task blocks another.
    pub struct TaskDependency in "task_dependency", editable {
        /// The id of the task that is blocked.
        pub task_id: Uuid,
        /// The id of the task that blocks it, until that task is done, cancelled or deleted.
        pub blocker_id: Uuid,
        /// The id of the user who created the dependency. Null if a service account did, or if it
        /// was created before authors were recorded.
        pub author_id: Option<Uuid>,
    }
}

impl Resource for TaskDependency {
    const TYPE: policy::ResourceType = policy::ResourceType::TaskDependency;
    type Parent = Task;
}

impl Access for TaskDependency {
    async fn relations(&self, scope: &Scope, action: Action) -> Result<Relations> {
        let Some(task) = scope.find::<Task>(self.task_id, false).await?.filter(|task| !task.is_removed())
        else {
            return Ok(Relations::default());
        };
        let relations = task.relations(scope, action).await?;
        // The blocking task may have moved out of the sight of the caller, who then does not see
        // the dependency either.
        let visible =
            policy::authorize_row(scope.ctx(), policy::ResourceType::Task, Action::Read, relations).is_ok();
        let blocker = super::relations_within(self.blocker_id, scope).await?;
        // The blocker of a new row is nil.
        let both = visible && (action == Action::Create || blocker.has(Relation::TaskVisible));
        let user = scope.ctx().user();
        let relations = relations.with(Relation::Author, user.is_some() && user == self.author_id);
        Ok(relations.with(Relation::TaskVisible, both))
    }

    fn lies_in(&self) -> Option<Uuid> {
        Some(self.task_id)
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        let visible = |column: entity::Column| column.in_subquery(readable_ids::<Task>(ctx));
        let both =
            || Condition::all().add(visible(entity::Column::TaskId)).add(visible(entity::Column::BlockerId));
        (relation == Relation::TaskVisible).then(both)
    }

    async fn container(&self, scope: &Scope) -> Result<Option<Container>> {
        super::container_of(self.task_id, scope).await
    }
}

impl Stored for TaskDependency {
    fn uniques() -> &'static [Unique] {
        &[Unique {
            index: "task_dependency_key",
            columns: "task_dependency.task_id, task_dependency.blocker_id",
            field: "blocker_id",
        }]
    }
}

impl Listed for TaskDependency {
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        &[Filter { name: "blocker", form: Form::Id, column: entity::Column::BlockerId }]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "created_at", column: "id", key: |row| row.id.into() }]
    }
}

impl Child for TaskDependency {
    const COLLECTION: &'static str = "dependencies";

    fn parent(&self) -> Uuid {
        self.task_id
    }

    fn within(task: &Task) -> Condition {
        Condition::all().add(entity::Column::TaskId.eq(task.id))
    }
}

/// The writable fields of a dependency.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskDependencyInput {
    /// The id of the blocking task. The caller must be able to see it, and it must not depend on
    /// this task.
    #[garde(skip)]
    blocker_id: Uuid,
}

impl From<&TaskDependency> for TaskDependencyInput {
    fn from(row: &TaskDependency) -> Self {
        Self { blocker_id: row.blocker_id }
    }
}

impl Editable for TaskDependency {
    type Input = TaskDependencyInput;

    fn blank(born: Birth, ctx: &Context, task: &Task) -> Self {
        Self { task_id: task.id, author_id: ctx.user(), ..Self::born(born) }
    }

    async fn apply(self, tx: &Tx, TaskDependencyInput { blocker_id }: TaskDependencyInput) -> Result<Self> {
        tx.refer::<Task>(Some(blocker_id), "blocker_id").await?;
        // One at a time: of two dependencies that close a cycle together, one is refused.
        tx.lock_tenant().await?;
        let own = tx.owned::<Self>().filter(entity::Column::TaskId.eq(self.task_id));
        if tx.count::<Self>(own).await? >= MOST {
            return Err(Error::with(Kind::Conflict, format!("A task can have at most {MOST} dependencies.")));
        }
        if waits_for(tx, blocker_id, self.task_id).await? {
            return Err(Error::with(
                Kind::Conflict,
                "The dependency would close a cycle: the other task is this task, or depends on it already.",
            ));
        }
        Ok(Self { blocker_id, ..self })
    }
}

impl BelongsTo<Task> for TaskDependency {
    /// The dependencies in which a task is the blocker.
    fn belonging_to(blocker: &Task) -> Condition {
        Condition::all().add(entity::Column::BlockerId.eq(blocker.id))
    }
}

/// Whether a task is the other one, or depends on it directly or through other tasks.
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
            let blockers = rows.select_only().column(entity::Column::BlockerId).distinct();
            // The ids are distinct. If the limit cuts some off, the rest is already too many.
            for row in tx.rows(&blockers.limit(FARTHEST as u64 + 1).into_query()).await? {
                next.extend(Some(field(&row, 0)?).filter(|id| seen.insert(*id)));
            }
            if seen.len() > FARTHEST {
                let detail = format!(
                    "The other task depends on more than {FARTHEST} tasks, too many to look for a cycle."
                );
                return Err(Error::with(Kind::Conflict, detail));
            }
        }
        level = next;
    }
    Ok(false)
}

/// Refuses to complete a task that an open task blocks.
///
/// # Errors
/// `Conflict`.
pub(super) async fn check_unblocked(tx: &Tx, task: Uuid) -> Result<()> {
    if !is_blocked(tx, task).await? {
        return Ok(());
    }
    // The number of blockers is not reported: the caller may not see all of them.
    let detail = "The task is blocked by open tasks. An admin, a manager of its project or the owner of a \
                  personal task can complete it with force=true.";
    Err(Error::with(Kind::Conflict, detail))
}

/// Refuses to move a blocked task out of its project, unless the caller may complete it by force
/// there. Otherwise a move to a project with other managers would get round the block.
///
/// # Errors
/// `Forbidden`.
pub(super) async fn check_stays(tx: &Tx, task: &Task) -> Result<()> {
    let relations = task.relations(tx, Action::Override).await?;
    let may = policy::authorize_row(tx.ctx(), Task::TYPE, Action::Override, relations).is_ok();
    if may || !is_blocked(tx, task.id).await? {
        return Ok(());
    }
    let detail = "The task is blocked by open tasks. Only an admin, a manager of its project or the owner of a \
                  personal task can move it to another project.";
    Err(Error::with(Kind::Forbidden, detail))
}

/// Whether an open task blocks a task.
async fn is_blocked(tx: &Tx, task: Uuid) -> Result<bool> {
    let mut blockers = entity::Entity::find().select_only().column(entity::Column::BlockerId);
    blockers = blockers.filter(entity::Column::TenantId.eq(tx.ctx().tenant()));
    let blockers = blockers.filter(entity::Column::TaskId.eq(task)).into_query();
    let open = tx.owned::<Task>().filter(task::Column::Id.in_subquery(blockers));
    let open = open.filter(task::Column::Status.is_not_in([TaskStatus::Done, TaskStatus::Cancelled]));
    Ok(tx.count::<Task>(open.filter(task::Column::DeletedAt.is_null())).await? > 0)
}
