//! Tasks that are parts of tasks.
//!
//! Invariant: parts lie in the project of the whole, at most [`DEEPEST`] deep, and never in themselves. They move, are deleted and are restored with
//! the whole, by the right to do that with it.

use sea_orm::{QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};

use super::{
    Task,
    assignment::{self, Assignment},
    dependency, entity, rank,
};
use crate::{Error, Instant, Result, Tx, error::Kind, store::Noun};

/// How many levels of parts a task may have above it.
const DEEPEST: usize = 5;
/// How many parts a task may have, on all levels, to be moved or deleted at once.
const MOST: usize = 500;

/// The project of a task that is to be a part of another, or of none: that one's.
///
/// # Errors
/// `Invalid`, at the field, for a whole that is absent, too deep, or a part of the task itself, and for another project than its own.
pub(super) async fn project_of(
    tx: &Tx,
    task: &Task,
    parent: Option<Uuid>,
    project: Option<Uuid>,
) -> Result<Option<Uuid>> {
    let Some(id) = parent else { return Ok(project) };
    if parent != task.parent_id {
        tx.refer::<Task>(parent, "parent_id").await?;
        check_depth(tx, task.id, id).await?;
        tx.guard::<Task>(id).await?;
    }
    // It stays where it is until this is committed: whoever moves or deletes it finds this part.
    let whole = tx.hold::<Task>(id).await?.filter(|whole| !whole.is_removed());
    let own = whole.ok_or_else(|| Error::reference("parent_id"))?.project_id;
    // A part that is moved with its whole was moved already.
    if project.is_some() && project != own {
        return Err(Error::field(
            "/project_id",
            "invalid_value",
            "A part of a task lies in the same project. Move that one, or take this one out of it.",
        ));
    }
    Ok(own)
}

async fn check_depth(tx: &Tx, task: Uuid, parent: Uuid) -> Result<()> {
    let wrong = |why: &str| Err(Error::field("/parent_id", "invalid_value", why));
    // One at a time: of two that each become a part of the other, one sees it.
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
            return wrong("A task can't be a part of itself.");
        }
        if depth + height > DEEPEST {
            return wrong("Parts of tasks go five deep at most.");
        }
        above = tx.find::<Task>(id, false).await?.and_then(|task| task.parent_id);
        depth += 1;
    }
    Ok(())
}

/// The parts of some tasks, deleted or not.
async fn parts(tx: &Tx, of: &[Uuid]) -> Result<Vec<Task>> {
    let parts = tx.owned::<Task>().filter(entity::Column::ParentId.is_in(of.iter().copied()));
    tx.all(&parts.order_by_asc(entity::Column::Id).limit(MOST as u64 + 1).into_query()).await
}

/// All parts of a task, each level after the one above it.
///
/// # Errors
/// `Conflict` when they are too many.
pub(super) async fn below(tx: &Tx, task: Uuid) -> Result<Vec<Task>> {
    let (mut found, mut level) = (Vec::new(), vec![task]);
    while !level.is_empty() {
        let parts = parts(tx, &level).await?;
        level = parts.iter().map(|part| part.id).collect();
        found.extend(parts);
        if found.len() > MOST {
            let detail = format!("The task has more than {MOST} parts. Begin with some of these.");
            return Err(Error::with(Kind::Conflict, detail));
        }
    }
    Ok(found)
}

/// Lets a task's parts follow it to another project, out of sight, and back.
pub(super) async fn follow(tx: &Tx, old: &Task, new: &Task) -> Result<()> {
    if old.project_id == new.project_id && old.deleted_at == new.deleted_at {
        return Ok(());
    }
    // The levels below follow theirs.
    let mut parts = below(tx, new.id).await?;
    parts.retain(|part| part.parent_id == Some(new.id));
    parts.sort_unstable_by(|one, other| one.rank.cmp(&other.rank));
    let restored = old.deleted_at.filter(|_| new.deleted_at.is_none());
    for part in parts {
        let deleted_at = followed(&part, restored, new.deleted_at);
        let name = match deleted_at {
            _ if deleted_at == part.deleted_at => "update",
            Some(_) => "delete",
            None => "restore",
        };
        // To another project they come last, in their order.
        let mut rank = part.rank.clone();
        if part.project_id != new.project_id {
            dependency::check_stays(tx, &part).await?;
            rank = rank::last(tx.birth().id);
        }
        let moved = Task { project_id: new.project_id, deleted_at, rank, ..part.clone() };
        assignment::check(tx, Assignment::from(&part), &moved).await?;
        tx.carry_along(name, part, moved).await?;
    }
    Ok(())
}

/// When a part was deleted, after its whole was deleted or restored: one that had been deleted before stays so.
fn followed(part: &Task, restored: Option<Instant>, deleted: Option<Instant>) -> Option<Instant> {
    if restored.is_some() && part.deleted_at == restored { None } else { part.deleted_at.or(deleted) }
}
