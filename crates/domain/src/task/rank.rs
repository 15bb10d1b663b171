//! The order of a project's tasks, as people arrange them on a board.
//!
//! Invariant: a rank is a fraction between 0 and 1, the hexadecimal digits after the point, without zeros at the end: so text sorts as fractions do,
//! and between any two there is room for another: to move a task is to write one row. A new task's rank is made of its id, and so it comes last.

use sea_orm::{Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, entity::prelude::*};

use super::{Task, entity, input::Side};
use crate::{Error, Result, Tx, error::Kind, project::Project, store::readable};

/// The most characters of a rank. Some five hundred moves to the very same place, each between the last two, use them up.
const LONGEST: usize = 255;

/// The rank of a new task.
pub(super) fn last(id: Uuid) -> String {
    // The digit at the end is none that could be left out.
    format!("{}8", id.simple())
}

/// The rank beside another task of the same project.
///
/// # Errors
/// `Conflict` when there is no room left.
pub(super) async fn beside(tx: &Tx, task: Uuid, side: Side, anchor: &Task) -> Result<String> {
    // One at a time, so that no two find the same room.
    match anchor.project_id {
        Some(project) => drop(tx.find::<Project>(project, true).await?),
        None => drop(tx.lock_tenant().await?),
    }
    let anchor = tx.find::<Task>(anchor.id, false).await?.ok_or(Kind::NotFound)?;
    // Only what the caller sees: a rank tells of the tasks on either side.
    let others = tx.owned::<Task>().filter(same_list(&anchor)).filter(readable::<Task>(tx.ctx()));
    let others = others.filter(entity::Column::Id.ne(task));
    let others = others.select_only().columns(<entity::Column as sea_orm::Iterable>::iter());
    let rank = entity::Column::Rank;
    let neighbour: Select<entity::Entity> = match side {
        Side::Before => others.filter(rank.lt(&anchor.rank)).order_by_desc(rank),
        Side::After => others.filter(rank.gt(&anchor.rank)).order_by_asc(rank),
    };
    let neighbour: Option<Task> = tx.all(&neighbour.limit(1).into_query()).await?.pop();
    let neighbour = neighbour.map(|task| task.rank);
    let rank = match (side, neighbour) {
        (Side::Before, lower) => between(&lower.unwrap_or_default(), Some(&anchor.rank)),
        (Side::After, Some(upper)) => between(&anchor.rank, Some(&upper)),
        // Behind all that there are, and before all that will be; unless a clock was wrong.
        (Side::After, None) => match last(tx.birth().id) {
            rank if rank > anchor.rank => rank,
            _ => between(&anchor.rank, None),
        },
    };
    if rank.len() <= LONGEST {
        Ok(rank)
    } else {
        Err(Error::with(Kind::Conflict, "There is no room left just there. Move the tasks beside it first."))
    }
}

fn same_list(task: &Task) -> Condition {
    let project = entity::Column::ProjectId;
    Condition::all().add(task.project_id.map_or_else(|| project.is_null(), |id| project.eq(id)))
}

/// A fraction between two, of which the first is the smaller; without a second, between it and 1.
fn between(lower: &str, upper: Option<&str>) -> String {
    let digits = |text: &str| -> Vec<u32> { text.chars().filter_map(|digit| digit.to_digit(16)).collect() };
    let (lower, upper) = (digits(lower), upper.map(digits));
    let mut found = Vec::new();
    // What is above: that, as long as all digits are the same; then nothing, since a smaller digit stands before.
    let mut above = upper.as_deref();
    for place in 0.. {
        let low = lower.get(place).copied().unwrap_or_default();
        let high = above.map_or(16, |above| above.get(place).copied().unwrap_or_default());
        if high > low + 1 {
            found.push(u32::midpoint(low, high));
            break;
        }
        if high > low {
            // Next to each other: the larger digit alone, if more follow it above; or the smaller one, and more than follows it below.
            if above.is_some_and(|above| above.len() > place + 1) {
                found.push(high);
                break;
            }
            above = None;
        }
        found.push(low);
    }
    found.into_iter().filter_map(|digit| char::from_digit(digit, 16)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Between any two ranks there is another, as text sorts, and none has a zero at its end.
        #[test]
        fn there_is_room_between(ids in proptest::collection::btree_set(any::<u128>(), 1..4), moves in proptest::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..80)) {
            let mut ranks: Vec<String> = ids.into_iter().map(|id| last(Uuid::from_u128(id))).collect();
            for (at, before) in moves {
                let at = at.index(ranks.len()) + usize::from(!before);
                let lower = at.checked_sub(1).map(|at| ranks[at].as_str()).unwrap_or_default();
                let new = between(lower, ranks.get(at).map(String::as_str));
                prop_assert!(!new.ends_with('0') && !new.is_empty());
                ranks.insert(at, new);
                prop_assert!(ranks.is_sorted_by(|one, two| one < two), "{:?}", ranks);
            }
        }
    }

    /// How often something can be moved to the very same place.
    #[test]
    fn there_is_room_for_hundreds() {
        let (lower, mut upper) = (last(Uuid::from_u128(1)), last(Uuid::from_u128(2)));
        let moves = (0..).take_while(|_| {
            upper = between(&lower, Some(&upper));
            upper.len() <= LONGEST
        });
        assert!(moves.count() > 500);
    }
}
