//! The order of a project's tasks, as people arrange them on a board.
//!
//! Invariant: a rank is a fraction, written so that text sorts as the fractions do; between any two there is room for another, so that to move
//! a task is to write one row. A new task's rank is made of its id, and so it comes last.

use fractional_index::FractionalIndex;
use sea_orm::{Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, entity::prelude::*};

use super::{Task, entity};
use crate::{Error, Result, Tx, error::Kind, project::Project};

/// The most characters of a rank. Some five hundred moves to the very same place, each between the last two, use them up.
const LONGEST: usize = 255;

/// Where a task is to stand, beside another of its project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Before,
    After,
}

/// The rank of a new task.
pub(super) fn last(id: Uuid) -> String {
    // The end of a fraction, as `fractional_index` writes it.
    format!("{}80", id.simple())
}

/// The rank beside another task of the same project.
///
/// # Errors
/// `Conflict` when there is no room left.
pub(super) async fn beside(tx: &Tx, task: Uuid, place: Place, anchor: &Task) -> Result<String> {
    // One at a time, so that no two find the same room.
    match anchor.project_id {
        Some(project) => drop(tx.find::<Project>(project, true).await?),
        None => drop(tx.lock_tenant().await?),
    }
    let anchor = tx.find::<Task>(anchor.id, false).await?.ok_or(Kind::NotFound)?;
    let others = tx.owned::<Task>().filter(same_list(&anchor)).filter(entity::Column::Id.ne(task));
    let others = others.select_only().columns(<entity::Column as sea_orm::Iterable>::iter());
    let rank = entity::Column::Rank;
    let neighbour: Select<entity::Entity> = match place {
        Place::Before => others.filter(rank.lt(&anchor.rank)).order_by_desc(rank),
        Place::After => others.filter(rank.gt(&anchor.rank)).order_by_asc(rank),
    };
    let neighbour: Option<Task> = tx.all(&neighbour.limit(1).into_query()).await?.pop();
    let (here, there) = (read(&anchor.rank)?, neighbour.map(|task| read(&task.rank)).transpose()?);
    let (lower, upper) = match place {
        Place::Before => (there, Some(here)),
        Place::After => (Some(here), there),
    };
    let between = FractionalIndex::new(lower.as_ref(), upper.as_ref());
    let rank = between.map(|rank| rank.to_string()).filter(|rank| rank.len() <= LONGEST);
    rank.ok_or_else(|| {
        Error::with(Kind::Conflict, "There is no room left just there. Move the tasks beside it first.")
    })
}

fn same_list(task: &Task) -> Condition {
    let project = entity::Column::ProjectId;
    Condition::all().add(task.project_id.map_or_else(|| project.is_null(), |id| project.eq(id)))
}

fn read(rank: &str) -> Result<FractionalIndex> {
    FractionalIndex::from_string(rank).map_err(|_| Error::internal("a rank that is no fraction"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Between any two ranks there is another, and text sorts as the fractions do.
        #[test]
        fn there_is_room_between(moves in proptest::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..60)) {
            let mut ranks: Vec<String> = (1..4).map(|id| last(Uuid::from_u128(id))).collect();
            for (at, before) in moves {
                let at = at.index(ranks.len());
                let (lower, upper) = if before { (at.checked_sub(1), Some(at)) } else { (Some(at), at.checked_add(1)) };
                let rank = |at: Option<usize>| at.and_then(|at| ranks.get(at)).map(|rank| read(rank).unwrap());
                let new = FractionalIndex::new(rank(lower).as_ref(), rank(upper).as_ref()).unwrap().to_string();
                ranks.insert(if before { at } else { at + 1 }, new);
                prop_assert!(ranks.is_sorted() && ranks.windows(2).all(|pair| pair[0] != pair[1]), "{:?}", ranks);
            }
        }
    }
}
