//! The operations on tasks beyond writing their fields: complete, reopen, move, restore and purge.
//!
//! Invariant: each operation resolves the task first, so that authorisation comes before
//! validation.

use std::time::Duration;

use futures::future::BoxFuture;
use sea_orm::{QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};

use super::{
    MoveInput, Task, TaskStatus,
    assignment::{self, Assignment},
    dependency, entity, family, rank,
};
use crate::{
    Context, Error, Repository, Result, Scope, System, Timestamp, Tx,
    identity::tenant,
    kernel::{
        change::ChangeType,
        crud,
        error::Kind,
        input::Unchecked,
        list::{self, Page, Query, Within},
        repository::{Delete, Override, Precondition, ReactsTo, SWEEP, Stored, Update, Written},
    },
    work::project::{self, Project},
};

/// Completes a task. A task that is done stays unchanged. A cancelled task must be reopened first.
/// A blocked task is completed only if `force` is set, which needs the right to override.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Conflict`, and those of the precondition.
pub async fn complete(tx: &Tx, id: Uuid, force: bool, pre: &Precondition) -> Result<Task> {
    if force {
        let seen = tx.resolve::<Task, _>(id, Override).await?;
        let row = done(tx, seen.row()).await?;
        return tx.update_as(ChangeType::ForceComplete, seen, row, pre).await;
    }
    let seen = tx.resolve::<Task, _>(id, Update).await?;
    if seen.row().status != TaskStatus::Done {
        dependency::check_unblocked(tx, id).await?;
    }
    let row = done(tx, seen.row()).await?;
    tx.update_as(ChangeType::Complete, seen, row, pre).await
}

async fn done(tx: &Tx, task: &Task) -> Result<Task> {
    if task.status == TaskStatus::Cancelled {
        return Err(Error::with(Kind::Conflict, "A cancelled task cannot be completed. Reopen it first."));
    }
    task.clone().with_status(tx, TaskStatus::Done).await
}

/// Reopens a task that is done or cancelled. An open task stays unchanged. An assignee who can no
/// longer see the task is cleared.
///
/// # Errors
/// `NotFound`, `Forbidden`, and those of the precondition.
pub async fn reopen(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<Task> {
    let seen = tx.resolve::<Task, _>(id, Update).await?;
    let status = match seen.row().status {
        TaskStatus::Done | TaskStatus::Cancelled => TaskStatus::Todo,
        open => open,
    };
    let was_open = seen.row().is_open();
    let mut row = seen.row().clone().with_status(tx, status).await?;
    if !was_open {
        row = assignment::without_unseeing(tx, row).await?;
    }
    tx.update_as(ChangeType::Reopen, seen, row, pre).await
}

/// Moves a task next to another task, or to the end of a project.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`, `Conflict`, and those of the precondition.
pub async fn move_to(tx: &Tx, id: Uuid, body: &Unchecked<MoveInput>, pre: &Precondition) -> Result<Task> {
    let seen = tx.resolve::<Task, _>(id, Update).await?;
    let MoveInput { project_id, beside_id, side } = body.check()?;
    tx.refer::<Project>(project_id, "project_id").await?;
    let anchor = tx.refer::<Task>(beside_id, "beside_id").await?;
    if anchor.as_ref().is_some_and(|anchor| anchor.id == id) {
        return Err(Error::field("/beside_id", "invalid_value", "Must not be the task itself."));
    }
    let project = match &anchor {
        Some(anchor) if project_id.is_some() && project_id != anchor.project_id => {
            return Err(Error::field(
                "/project_id",
                "invalid_value",
                "Must be the project of the task in beside_id.",
            ));
        }
        Some(anchor) => anchor.project_id,
        None if project_id.is_none() => {
            return Err(Error::field("", "required", "One of project_id and beside_id is required."));
        }
        None => project_id,
    };
    if project != seen.row().project_id {
        tx.refer::<Project>(project, "beside_id").await?;
        if seen.row().parent_id.is_some() {
            return Err(Error::with(
                Kind::Conflict,
                "A subtask stays in the project of its parent task. Move the parent task, or set parent_id to null first.",
            ));
        }
        dependency::check_stays(tx, seen.row()).await?;
    }
    let rank = match &anchor {
        Some(anchor) => rank::beside(tx, id, side, anchor).await?,
        None => rank::last(tx.birth().id),
    };
    let row = Task { project_id: project, rank, ..seen.row().clone() };
    assignment::check(tx, Assignment::from(seen.row()), &row).await?;
    tx.update_as(ChangeType::Move, seen, row, pre).await
}

/// One page of the tasks in the trash that the caller could see if they were restored.
///
/// # Errors
/// Those of lists.
pub async fn deleted(repository: &Repository, ctx: &Context, query: &Query) -> Result<Page<Task>> {
    list::page::<Task>(repository, &repository.read(ctx), query, Within::removed()).await
}

/// Restores a task, and the subtasks that were deleted together with it.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Conflict` when the parent task is in the trash, and those of the
/// precondition.
pub async fn restore(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<Task> {
    let seen = tx.resolve_removed::<Task, _>(id, Delete).await?;
    if let Some(parent) = seen.row().parent_id {
        tx.guard::<Task>(parent).await?;
        let parent = tx.find::<Task>(parent, false).await?;
        if parent.is_none_or(|parent| parent.is_removed()) {
            return Err(Error::with(Kind::Conflict, "The parent task is in the trash. Restore it first."));
        }
    }
    tx.restore(seen, pre).await
}

/// How many tasks in the trash are purged with their project at most.
const MOST: u64 = 500;

impl Repository {
    /// Purges the tasks that have been in the trash for longer than their tenant keeps them.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn purge_tasks(&self, system: &System) -> Result<()> {
        for tenant in tenant::all(self, system).await? {
            let ctx = system.within(tenant.id);
            let days = u32::try_from(tenant.purge_after_days).unwrap_or_default();
            let before = system.now().minus(Duration::from_hours(24) * days);
            if !has_old(&self.read(&ctx), before).await? {
                continue;
            }
            // A few per transaction, so that no other write waits for long.
            loop {
                match self.write(&ctx, before, |tx, before| Box::pin(purge_some(tx, *before))).await {
                    Ok(true) => {}
                    Ok(false) => break,
                    // A failure in one tenant does not keep the others from being purged.
                    Err(error) => {
                        tracing::warn!(%error, tenant = %tenant.id, "could not delete the old tasks in the trash");
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Some tasks that were deleted before a time, the oldest first.
fn old(scope: &Scope, before: Timestamp, most: u64) -> Select<entity::Entity> {
    let old = scope.owned::<Task>().filter(entity::Column::DeletedAt.lt(before));
    old.order_by_asc(entity::Column::DeletedAt).limit(most)
}

/// Whether a task was deleted before a time.
async fn has_old(scope: &Scope, before: Timestamp) -> Result<bool> {
    let first: Vec<Task> = scope.all(&old(scope, before, 1).into_query()).await?;
    Ok(!first.is_empty())
}

/// Purges a few tasks that were deleted before a time. Returns whether there may be more.
async fn purge_some(tx: &Tx, before: Timestamp) -> Result<bool> {
    let due: Vec<Task> = tx.all(&old(tx, before, SWEEP).into_query()).await?;
    for task in &due {
        // It may have been purged with its parent task.
        match purge(tx, task.id, &Precondition::Any).await {
            Err(error) if error.kind() != Kind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(!due.is_empty())
}

/// Purges a task in the trash, with its subtasks and their children.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Conflict` when it has too many subtasks or one that is not in the
/// trash, and those of the precondition.
pub async fn purge(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<()> {
    let seen = tx.resolve_removed::<Task, _>(id, Delete).await?;
    purge_parts(tx, id).await?;
    tx.purge(seen, pre).await
}

async fn purge_parts(tx: &Tx, id: Uuid) -> Result<()> {
    for part in family::below(tx, id).await?.into_iter().rev() {
        if !part.is_removed() {
            return Err(Error::with(
                Kind::Conflict,
                "A subtask of the task is not in the trash. Delete it first.",
            ));
        }
        tx.cascade_purge(part).await?;
    }
    Ok(())
}

/// The tasks of a project.
///
/// # Errors
/// `NotFound`, and those of lists.
pub async fn in_project(
    repository: &Repository,
    ctx: &Context,
    id: Uuid,
    query: &Query,
) -> Result<Page<Task>> {
    crud::list_of::<Project, Task>(repository, ctx, id, query, super::of_project).await
}

/// Deletes a project that contains only milestones, which are deleted with it, and tasks in the
/// trash. These are purged only if the caller asks for it, because they could be restored.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Conflict` while it is archived, `InUse`, and those of the
/// precondition.
pub async fn remove_project(tx: &Tx, id: Uuid, purge: bool, pre: &Precondition) -> Result<()> {
    let seen = project::resolve_deletable(tx, id, pre).await?;
    // No task is deleted meanwhile: a write of a task locks its project.
    if !purge && any_deleted(tx, seen.row()).await? {
        let detail = "The project has tasks in the trash, which can be restored. Restore them, delete them \
                      permanently, or delete them with the project by purge=true.";
        return Err(Error::with(Kind::InUse, detail));
    }
    tx.remove(seen, pre).await
}

impl ReactsTo<Project> for Task {
    /// Tasks in the trash are purged with their project.
    fn react<'a>(
        tx: &'a Tx,
        Written { old, new, .. }: Written<'a, Project>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        let gone = old.filter(|_| new.is_none())?;
        Some(Box::pin(purge_within(tx, gone)))
    }
}

/// Whether a project has tasks in the trash.
async fn any_deleted(tx: &Tx, project: &Project) -> Result<bool> {
    let deleted = tx.owned::<Task>().filter(super::of_project(project));
    let deleted = deleted.filter(entity::Column::DeletedAt.is_not_null()).limit(1).into_query();
    Ok(!tx.all::<Task>(&deleted).await?.is_empty())
}

/// Purges the tasks in the trash of a project that is being deleted: they would have no project to
/// be restored to.
///
/// # Errors
/// `Conflict` when there are more than [`MOST`].
async fn purge_within(tx: &Tx, project: &Project) -> Result<()> {
    let deleted = tx.owned::<Task>().filter(super::of_project(project));
    let deleted = deleted.filter(entity::Column::DeletedAt.is_not_null()).limit(MOST + 1).into_query();
    let deleted: Vec<Task> = tx.all(&deleted).await?;
    if deleted.len() as u64 > MOST {
        let detail = format!(
            "The project has more than {MOST} tasks in the trash. Delete some of them permanently first."
        );
        return Err(Error::with(Kind::Conflict, detail));
    }
    for task in deleted {
        purge_parts(tx, task.id).await?;
        // It may have been purged with its parent task.
        if let Some(task) = tx.find::<Task>(task.id, true).await? {
            tx.cascade_purge(task).await?;
        }
    }
    Ok(())
}
