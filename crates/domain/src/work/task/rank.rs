//! The manual order of the tasks of a project, as on a board.
//!
//! Invariant: a rank is a fraction between 0 and 1, written as the hexadecimal digits after the
//! point, without trailing zeros. Strings then sort as the fractions do, and there is a rank
//! between any two.
//!
//! A move writes one row. Only when the digits at a place are used up, it also gives the nearest
//! tasks new ranks. The rank of a new task is made from its id, so the task comes last.

use sea_orm::{Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, entity::prelude::*};

use super::{Task, entity, input::Side};
use crate::{
    Error, Result, Tx,
    kernel::{change::ChangeType, error::Kind, repository::readable},
    work::project::Project,
};

/// The most characters of a rank. About nine hundred moves to the very same place, each between the
/// last two, use them up.
const LONGEST: usize = 255;
/// How many tasks get new ranks where there is no room left, and the most characters of these. More
/// tasks get shorter ranks, so that it takes longer until as many are rewritten again. A list of no
/// more than 900 tasks always has room.
const ROOMS: [(usize, usize); 5] = [(16, 200), (64, 160), (256, 120), (900, 80), (900, LONGEST)];
/// How far before the first task a task is placed, in units of the last of an id's 128 bits. It is
/// a small part of the range before the ids of our time.
const STEP: u128 = 1 << 64;

/// The rank of a new task.
pub(super) fn last(id: Uuid) -> String {
    // The last digit is not zero, so it is not a trailing zero.
    format!("{}8", id.simple())
}

/// The rank next to another task of the same project. Where there is no room left, the nearest
/// tasks get new ranks.
///
/// # Errors
/// `Conflict` when there is no room among hundreds of tasks.
pub(super) async fn beside(tx: &Tx, task: Uuid, side: Side, anchor: &Task) -> Result<String> {
    // One at a time, so that no two moves find the same room.
    match anchor.project_id {
        Some(project) => tx.guard::<Project>(project).await?,
        None => drop(tx.lock_tenant().await?),
    }
    let anchor = tx.find::<Task>(anchor.id, false).await?.ok_or(Kind::NotFound)?;
    let neighbour = neighbours(tx, task, side, &anchor, 1).await?.pop().map(|task| task.rank);
    let rank = match (side, neighbour) {
        (Side::Before, Some(lower)) => between(&lower, Some(&anchor.rank)),
        (Side::Before, None) => first(&anchor.rank),
        (Side::After, Some(upper)) => between(&anchor.rank, Some(&upper)),
        // After all present tasks, and before all future ones unless a clock was wrong.
        (Side::After, None) => match last(tx.birth().id) {
            rank if rank > anchor.rank => rank,
            _ => between(&anchor.rank, None),
        },
    };
    if rank.len() <= LONGEST { Ok(rank) } else { make_room(tx, task, side, &anchor).await }
}

/// The nearest tasks on one side of another task, the nearest first.
async fn neighbours(tx: &Tx, task: Uuid, side: Side, anchor: &Task, most: usize) -> Result<Vec<Task>> {
    // Only tasks that the caller sees: a rank reveals the tasks on either side.
    let others = tx.owned::<Task>().filter(same_list(anchor)).filter(readable::<Task>(tx.ctx()));
    let others = others.filter(entity::Column::Id.ne(task));
    let others = others.select_only().columns(<entity::Column as sea_orm::Iterable>::iter());
    let rank = entity::Column::Rank;
    let others: Select<entity::Entity> = match side {
        Side::Before => others.filter(rank.lt(&anchor.rank)).order_by_desc(rank),
        Side::After => others.filter(rank.gt(&anchor.rank)).order_by_asc(rank),
    };
    tx.all(&others.limit(most as u64).into_query()).await
}

/// Gives the tasks around another task new ranks, and returns the rank of one more next to it.
async fn make_room(tx: &Tx, task: Uuid, side: Side, anchor: &Task) -> Result<String> {
    for (some, longest) in ROOMS {
        let mut lower = neighbours(tx, task, Side::Before, anchor, some + 1).await?;
        let mut upper = neighbours(tx, task, Side::After, anchor, some + 1).await?;
        // The tasks just outside the window keep their ranks; all others are spread between them.
        let (below, above) = window(lower.len(), upper.len(), some);
        let beyond = |tasks: &[Task], place: usize| tasks.get(place).map(|task| task.rank.clone());
        let (least, most) = (beyond(&lower, below), beyond(&upper, above));
        lower.truncate(below);
        upper.truncate(above);
        let mut row: Vec<Option<Task>> = lower.into_iter().rev().map(Some).collect();
        match side {
            Side::Before => row.extend([None, Some(anchor.clone())]),
            Side::After => row.extend([Some(anchor.clone()), None]),
        }
        row.extend(upper.into_iter().map(Some));
        let Some(ranks) = spread(&least.unwrap_or_default(), most.as_deref(), row.len(), longest) else {
            continue;
        };
        let mut own = String::new();
        for (other, rank) in row.into_iter().zip(ranks) {
            match other {
                Some(other) => {
                    drop(tx.cascade_update(ChangeType::Move, other.clone(), Task { rank, ..other }).await?);
                }
                None => own = rank,
            }
        }
        return Ok(own);
    }
    Err(Error::with(
        Kind::Conflict,
        "There is no room left at this place in the order. Move the neighbouring tasks first.",
    ))
}

/// How many tasks on either side belong to a window: half each, or more where the other side has
/// fewer.
fn window(lower: usize, upper: usize, some: usize) -> (usize, usize) {
    let below = lower.min((some / 2).max(some.saturating_sub(upper)));
    (below, upper.min(some - below))
}

/// Evenly spread ranks between two ranks, or `None` if one would be longer than `longest`.
fn spread(lower: &str, upper: Option<&str>, number: usize, longest: usize) -> Option<Vec<String>> {
    let Some(before) = number.checked_sub(1).map(|others| others / 2) else { return Some(Vec::new()) };
    let middle = between(lower, upper);
    if middle.len() > longest {
        return None;
    }
    let mut ranks = spread(lower, Some(&middle), before, longest)?;
    let above = spread(&middle, upper, number - 1 - before, longest)?;
    ranks.push(middle);
    ranks.extend(above);
    Some(ranks)
}

/// A rank before the first one, by a fixed step. Repeated moves to the front then do not halve the
/// space each time.
fn first(present: &str) -> String {
    let digits: String = present.chars().chain(std::iter::repeat('0')).take(32).collect();
    match u128::from_str_radix(&digits, 16).unwrap_or_default().checked_sub(STEP) {
        Some(before) if before > 0 => format!("{before:032x}8"),
        _ => between("", Some(present)),
    }
}

/// The tasks of the same project, or the personal tasks.
fn same_list(task: &Task) -> Condition {
    let project = entity::Column::ProjectId;
    Condition::all().add(task.project_id.map_or_else(|| project.is_null(), |id| project.eq(id)))
}

/// A fraction between two, of which the first is the smaller. Without a second one, a fraction
/// between the first and 1.
fn between(lower: &str, upper: Option<&str>) -> String {
    let digits = |text: &str| -> Vec<u32> { text.chars().filter_map(|digit| digit.to_digit(16)).collect() };
    let (lower, upper) = (digits(lower), upper.map(digits));
    let mut found = Vec::new();
    // The upper bound: that of the argument, as long as all digits are the same. Then none, since a
    // smaller digit comes before.
    let mut above = upper.as_deref();
    for place in 0.. {
        let low = lower.get(place).copied().unwrap_or_default();
        let high = above.map_or(16, |above| above.get(place).copied().unwrap_or_default());
        if high > low + 1 {
            found.push(u32::midpoint(low, high));
            break;
        }
        if high > low {
            // Adjacent digits: the larger digit alone if more digits follow it above. Otherwise the
            // smaller digit, followed by more than follows it below.
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
        /// Between any two ranks there is another in string order, and none has a trailing zero.
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

    /// Moves one of some ranks to a place among the others, as [`beside`] does. Returns how many
    /// other ranks it rewrote.
    fn put(ranks: &mut Vec<String>, from: usize, to: usize) -> usize {
        ranks.remove(from);
        let (lower, upper) = (to.checked_sub(1).map(|at| ranks[at].clone()), ranks.get(to).cloned());
        let rank = match (&lower, &upper) {
            (None, Some(upper)) => first(upper),
            (lower, upper) => between(lower.as_deref().unwrap_or_default(), upper.as_deref()),
        };
        ranks.insert(to, rank);
        if ranks[to].len() <= LONGEST {
            return 0;
        }
        for (some, longest) in ROOMS {
            let (below, above) = window(to.min(some + 1), (ranks.len() - to - 1).min(some + 1), some);
            let (begin, end) = (to - below, to + above + 1);
            let least = begin.checked_sub(1).map(|at| ranks[at].clone()).unwrap_or_default();
            let most = ranks.get(end).cloned();
            if let Some(new) = spread(&least, most.as_deref(), end - begin, longest) {
                ranks.splice(begin..end, new);
                return end - begin;
            }
        }
        panic!("no room");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// However often tasks are moved to the same few places, there is room, and the order is
        /// that of the moves.
        #[test]
        fn no_sequence_of_moves_fails(number in 2usize..60, places in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..5)) {
            let mut ranks: Vec<String> = (0..number).map(|id| last(Uuid::from_u128((1 << 120) + ((id as u128) << 66)))).collect();
            let mut written = 0;
            for (from, to) in places.iter().cycle().take(3000) {
                written += put(&mut ranks, from.index(number), to.index(number));
            }
            prop_assert!(ranks.is_sorted_by(|one, two| one < two), "{:?}", ranks);
            prop_assert!(ranks.iter().all(|rank| rank.len() <= LONGEST && !rank.ends_with('0')));
            prop_assert!(written < 3000, "{} others written", written);
        }
    }

    /// Two tasks are moved before each other in turn, at the front and elsewhere. There are a
    /// hundred times as many moves as there is room for without new ranks.
    #[test]
    fn two_are_put_before_each_other_for_ever() {
        for place in [0, 1, 2] {
            let mut ranks: Vec<String> = (1..6).map(|id| last(Uuid::from_u128(id << 100))).collect();
            for _ in 0..20_000 {
                put(&mut ranks, place + 1, place);
            }
            assert!(ranks.is_sorted_by(|one, two| one < two));
        }
    }

    /// Hundreds of tasks, each moved directly after the first in turn.
    #[test]
    fn a_pile_is_turned_over() {
        let mut ranks: Vec<String> = (1..800).map(|id| last(Uuid::from_u128(id << 100))).collect();
        let end = ranks.len() - 1;
        for _ in 0..20_000 {
            put(&mut ranks, end, 1);
        }
        assert!(ranks.is_sorted_by(|one, two| one < two));
    }
}
