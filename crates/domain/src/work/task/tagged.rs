//! The labels of tasks.
//!
//! Invariant: the row of a task lists its labels, for responses and the audit. The rows here repeat
//! that list, to find tasks by label and to keep a label from being deleted while it is in use.
//! [`keep`] writes them with every write of a task.

use futures::future::BoxFuture;
use sea_orm::{
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*, sea_query::SelectStatement,
};

use super::{Task, entity as task};
use crate::{
    Context, Error, Result, Tx,
    kernel::{
        change::ChangeType,
        repository::{ReactsTo, Written, entity},
    },
    work::label::Label,
};

/// How many tasks are read at once.
const PAGE: u64 = 200;

entity! {
    /// A label of a task.
    struct TaskLabel in "task_label", unversioned {
        pub task_id: Uuid,
        pub label_id: Uuid,
    }
}

/// Resolves the labels that a task did not have before.
///
/// # Errors
/// `Invalid`, at the label.
pub(super) async fn refer(tx: &Tx, before: &[Uuid], labels: &[Uuid]) -> Result<()> {
    for (place, label) in labels.iter().enumerate().filter(|(_, label)| !before.contains(label)) {
        let found = tx.refer::<Label>(Some(*label), &format!("label_ids/{place}")).await?;
        found.ok_or_else(|| Error::internal("the id of a label resolved to no label"))?;
    }
    Ok(())
}

/// Writes the rows of the labels of a task.
pub(super) async fn keep(tx: &Tx, old: Option<&Task>, new: &Task) -> Result<()> {
    let before = old.map_or(&[][..], |old| &old.label_ids.0);
    let after = &new.label_ids.0;
    if before.iter().any(|label| !after.contains(label)) {
        let kept = tx.owned::<TaskLabel>().filter(entity::Column::TaskId.eq(new.id)).into_query();
        let kept: Vec<TaskLabel> = tx.all(&kept).await?;
        for gone in kept.iter().filter(|kept| !after.contains(&kept.label_id)) {
            tx.delete_internal::<TaskLabel>(gone.id).await?;
        }
    }
    for label in after.iter().filter(|label| !before.contains(label)) {
        let born = tx.birth();
        let row = TaskLabel { tenant_id: born.tenant, id: born.id, task_id: new.id, label_id: *label };
        tx.insert_internal(&row).await?;
    }
    Ok(())
}

impl ReactsTo<Label> for Task {
    /// Tasks in the trash lose a label that is deleted.
    fn react<'a>(
        tx: &'a Tx,
        Written { old, new, .. }: Written<'a, Label>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        let gone = old.filter(|_| new.is_none())?;
        Some(Box::pin(detach(tx, gone.id)))
    }
}

/// Removes a label that is being deleted from the tasks in the trash, which are restored without
/// it. Tasks that are not in the trash keep the label.
///
/// # Errors
/// `Conflict` when there are too many.
async fn detach(tx: &Tx, label: Uuid) -> Result<()> {
    let of = with(tx.ctx(), Some(label.into()));
    let deleted = tx.owned::<Task>().filter(task::Column::Id.in_subquery(of));
    let deleted = deleted.filter(task::Column::DeletedAt.is_not_null()).order_by_asc(task::Column::Id);
    let mut last = Uuid::nil();
    loop {
        let some = deleted.clone().filter(task::Column::Id.gt(last)).limit(PAGE).into_query();
        let some: Vec<Task> = tx.lock_all(some).await?;
        let Some(end) = some.last() else { return Ok(()) };
        last = end.id;
        for old in some {
            let mut row = old.clone();
            row.label_ids.0.retain(|id| *id != label);
            tx.cascade_update(ChangeType::Update, old, row).await?;
        }
        tx.write_records().await?;
    }
}

/// The ids of the tasks with a label, or of those without any label.
pub(super) fn with(ctx: &Context, label: Option<Value>) -> SelectStatement {
    let rows = entity::Entity::find().select_only().column(entity::Column::TaskId);
    let rows = rows.filter(entity::Column::TenantId.eq(ctx.tenant()));
    if let Some(label) = label {
        return rows.filter(entity::Column::LabelId.eq(label)).into_query();
    }
    let tasks = task::Entity::find().select_only().column(task::Column::Id);
    let own = task::Column::TenantId.eq(ctx.tenant());
    tasks.filter(own).filter(task::Column::Id.not_in_subquery(rows.into_query())).into_query()
}
