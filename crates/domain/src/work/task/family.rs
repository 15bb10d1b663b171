//! Subtasks.
//!
//! Invariant: a subtask is in the project of its parent task, has at most [`DEEPEST`] ancestors,
//! and is never its own ancestor. Subtasks move, are deleted and are restored with their parent
//! task, authorised by the right to do that to the parent.

use sea_orm::{QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};

use super::{
    Task,
    assignment::{self, Assignment},
    dependency, entity,
    input::Given,
    rank,
};
use crate::{
    Error, Result, Timestamp, Tx,
    kernel::{change::ChangeType, error::Kind, repository::Stored},
};

/// How many ancestors a task may have.
const DEEPEST: usize = 5;
/// How many subtasks, on all levels, a task may have to be moved or deleted.
const MOST: usize = 500;

/// The project of a task that gets a parent task: that of the parent. Without a parent, the given
/// project.
///
/// # Errors
/// `Invalid`, at the field, for a parent that is absent, too deep or a descendant of the task. Also
/// for another project than that of the parent.
pub(super) async fn project_of(
    tx: &Tx,
    task: &Task,
    parent: Option<Uuid>,
    project: Given,
) -> Result<Option<Uuid>> {
    let Some(id) = parent else { return Ok(project.flatten()) };
    if parent != task.parent_id {
        tx.refer::<Task>(parent, "parent_id").await?;
        check_depth(tx, task.id, id).await?;
        tx.guard::<Task>(id).await?;
    }
    // The parent is locked until the commit: a transaction that moves or deletes it finds this
    // subtask.
    let whole = tx.hold::<Task>(id).await?.filter(|whole| !whole.is_removed());
    let own = whole.ok_or_else(|| Error::reference("parent_id"))?.project_id;
    // A subtask that moves with its parent was moved before this check. A null asks to leave the
    // project. For a task without a project it changes nothing, so it is not compared.
    let asked = project.filter(|project| project.is_some() || task.project_id.is_some());
    if asked.is_some_and(|asked| asked != own) {
        return Err(Error::field(
            "/project_id",
            "invalid_value",
            "Must be the project of the parent task. Move the parent task, or set parent_id to null.",
        ));
    }
    Ok(own)
}

/// Refuses a parent task that is a descendant of the task, or that would make the tree too deep.
async fn check_depth(tx: &Tx, task: Uuid, parent: Uuid) -> Result<()> {
    let wrong = |why: &str| Err(Error::field("/parent_id", "invalid_value", why));
    // One at a time: of two tasks that each become a subtask of the other, one is refused.
    tx.lock_tenant().await?;
    let mut height = 0;
    let mut level = vec![task];
    while !level.is_empty() && height <= DEEPEST {
        level = parts(tx, &level).await?.iter().map(|part| part.id).collect();
        height += usize::from(!level.is_empty());
    }
    let (mut depth, mut above) = (1, Some(parent));
    while let Some(id) = above {
        if id == task {
            return wrong("Must not be the task itself or one of its subtasks.");
        }
        if depth + height > DEEPEST {
            return wrong("Subtasks can be nested at most five levels deep.");
        }
        above = tx.find::<Task>(id, false).await?.and_then(|task| task.parent_id);
        depth += 1;
    }
    Ok(())
}

/// The direct subtasks of some tasks, including those in the trash.
async fn parts(tx: &Tx, of: &[Uuid]) -> Result<Vec<Task>> {
    let parts = tx.owned::<Task>().filter(entity::Column::ParentId.is_in(of.iter().copied()));
    tx.all(&parts.order_by_asc(entity::Column::Id).limit(MOST as u64 + 1).into_query()).await
}

/// All subtasks of a task, each level after the one above it.
///
/// # Errors
/// `Conflict` when there are more than [`MOST`].
pub(super) async fn below(tx: &Tx, task: Uuid) -> Result<Vec<Task>> {
    let (mut found, mut level) = (Vec::new(), vec![task]);
    while !level.is_empty() {
        let parts = parts(tx, &level).await?;
        level = parts.iter().map(|part| part.id).collect();
        found.extend(parts);
        if found.len() > MOST {
            let detail = format!("The task has more than {MOST} subtasks. Begin with some of the subtasks.");
            return Err(Error::with(Kind::Conflict, detail));
        }
    }
    Ok(found)
}

/// Moves the subtasks of a task along: to another project, to the trash, and out of it.
pub(super) async fn follow(tx: &Tx, old: &Task, new: &Task) -> Result<()> {
    if old.project_id == new.project_id && old.deleted_at == new.deleted_at {
        return Ok(());
    }
    // Only the direct subtasks: each of them moves its own along.
    let mut parts = below(tx, new.id).await?;
    parts.retain(|part| part.parent_id == Some(new.id));
    parts.sort_unstable_by(|one, other| one.rank.cmp(&other.rank));
    let restored = old.deleted_at.filter(|_| new.deleted_at.is_none());
    for part in parts {
        let deleted_at = followed(&part, restored, new.deleted_at);
        let name = match deleted_at {
            _ if deleted_at == part.deleted_at => ChangeType::Update,
            Some(_) => ChangeType::Delete,
            None => ChangeType::Restore,
        };
        // In another project they come last, in their order.
        let mut rank = part.rank.clone();
        if part.project_id != new.project_id {
            dependency::check_stays(tx, &part).await?;
            rank = rank::last(tx.birth().id);
        }
        let moved = Task { project_id: new.project_id, deleted_at, rank, ..part.clone() };
        assignment::check(tx, Assignment::from(&part), &moved).await?;
        tx.cascade_update(name, part, moved).await?;
    }
    Ok(())
}

/// The time of deletion of a subtask after its parent was deleted or restored. A subtask that was
/// deleted earlier stays in the trash.
fn followed(part: &Task, restored: Option<Timestamp>, deleted: Option<Timestamp>) -> Option<Timestamp> {
    if restored.is_some() && part.deleted_at == restored { None } else { part.deleted_at.or(deleted) }
}
