//! The tally: what the figures of projects are summed from. The store writes it with each write; no noun calls it.
//!
//! Invariant: at every commit, the sums of a project's rows are what a recount of its tasks would give. A write adds a row for what it takes away and
//! a row for what it brings, and changes none that is there, so that no write waits for another here. [`Store::fold_tallies`] adds up the rows of a
//! key, so that what is read grows with the kinds of tasks that there are, and not with the tasks or their changes.

use std::collections::BTreeMap;

use sea_orm::{
    ActiveEnum, QueryOrder, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait as _, Query},
};

use crate::{
    Instant, Result, Store, System, Tx,
    store::{entity, field},
    task::{Priority, TaskStatus},
};

/// How many rows are folded at once.
const FOLDED_AT_ONCE: u64 = 256;
/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;

entity! {
    pub(crate) struct Tally in "tally", unversioned {
        pub project_id: Uuid,
        pub status: Option<TaskStatus>,
        pub priority: Option<Priority>,
        pub due_day: Option<i64>,
        pub completion_from: Option<i64>,
        pub tasks: i64,
        pub estimated: i64,
        pub estimate_minutes: i64,
        pub spent_seconds: i64,
        /// It is the one row of its key that others were folded into.
        pub folded: bool,
    }
}

/// What a row is counted under. What has to do with no task's status leaves all but the project open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub(crate) project_id: Uuid,
    pub(crate) status: Option<TaskStatus>,
    pub(crate) priority: Option<Priority>,
    /// The [`day`] on which a task is due that is neither done nor cancelled.
    pub(crate) due_day: Option<i64>,
    /// The [`bucket`] of the time that a task took that is done.
    pub(crate) completion_from: Option<i64>,
}

/// What is added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    pub(crate) tasks: i64,
    /// How many of them have an estimate.
    pub(crate) estimated: i64,
    pub(crate) estimate_minutes: i64,
    pub(crate) spent_seconds: i64,
}

/// What one row adds to the figures of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summand {
    pub(crate) key: Key,
    pub(crate) amounts: Amounts,
}

impl Summand {
    /// What takes it away again.
    pub(crate) fn taken_away(self) -> Self {
        let Amounts { tasks, estimated, estimate_minutes, spent_seconds } = self.amounts;
        let amounts = Amounts {
            tasks: -tasks,
            estimated: -estimated,
            estimate_minutes: -estimate_minutes,
            spent_seconds: -spent_seconds,
        };
        Self { amounts, ..self }
    }

    /// Its row.
    pub(crate) fn row(self, tenant_id: Uuid, id: Uuid) -> Tally {
        let Key { project_id, status, priority, due_day, completion_from } = self.key;
        let Amounts { tasks, estimated, estimate_minutes, spent_seconds } = self.amounts;
        Tally {
            tenant_id,
            id,
            project_id,
            status,
            priority,
            due_day,
            completion_from,
            tasks,
            estimated,
            estimate_minutes,
            spent_seconds,
            folded: false,
        }
    }
}

impl Tally {
    /// The id of the row that those of its key are folded into: it follows from the key, so that there can be no two.
    fn sum_id(&self) -> Uuid {
        let mut name = self.project_id.as_bytes().to_vec();
        let numbers = [self.priority.map(|priority| priority as i64), self.due_day, self.completion_from];
        for number in numbers {
            name.push(number.is_some().into());
            name.extend(number.unwrap_or_default().to_be_bytes());
        }
        name.extend(self.status.map(|status| status.to_value()).unwrap_or_default().into_bytes());
        let digest = taskhub_auth::secret::sha256(&name);
        Uuid::from_bytes(std::array::from_fn(|i| digest.get(i).copied().unwrap_or_default()))
    }

    fn add(&mut self, other: &Self) {
        self.tasks += other.tasks;
        self.estimated += other.estimated;
        self.estimate_minutes += other.estimate_minutes;
        self.spent_seconds += other.spent_seconds;
    }

    fn is_nothing(&self) -> bool {
        [self.tasks, self.estimated, self.estimate_minutes, self.spent_seconds] == [0; 4]
    }
}

/// The day of an instant, in UTC: how many there were since the Unix epoch.
pub(crate) fn day(at: Instant) -> i64 {
    at.micros().div_euclid(DAY)
}

/// The fewest seconds of the bucket that a length of time falls into. A bucket is a second wide up to 128 seconds, and beyond that never wider
/// than a 64th of what is in it. The migration that first filled the table reckons alike.
pub(crate) fn bucket(from: Instant, to: Instant) -> i64 {
    let seconds = Ord::max(to.micros().saturating_sub(from.micros()) / 1_000_000, 0);
    seconds & !(width(seconds) - 1)
}

/// How many seconds wide the bucket of a number of seconds is.
pub(crate) fn width(seconds: i64) -> i64 {
    1 << seconds.checked_ilog2().unwrap_or_default().saturating_sub(6)
}

impl Store {
    /// Folds the rows that were added since the last time into those of their keys. More than one server may do so at once.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn fold_tallies(&self, system: &System) -> Result<()> {
        let tenants = Query::select()
            .column("tenant_id")
            .distinct()
            .from("tally")
            .and_where(Expr::col("folded").eq(false))
            .take();
        for row in self.beyond_tenants(system).rows(&tenants).await? {
            let ctx = system.within(field(&row, 0)?);
            // What is added meanwhile waits for the next time.
            while self.write(&ctx, (), |tx, ()| Box::pin(fold(tx))).await? == FOLDED_AT_ONCE {}
        }
        Ok(())
    }
}

/// Folds some rows of a tenant; how many they were.
async fn fold(tx: &Tx) -> Result<u64> {
    use entity::Column;
    let new = tx.owned::<Tally>().filter(Column::Folded.eq(false)).order_by_asc(Column::Id);
    let new: Vec<Tally> = tx.lock_all(new.limit(FOLDED_AT_ONCE).into_query()).await?;
    let mut sums = BTreeMap::<Uuid, Tally>::new();
    for row in &new {
        let id = row.sum_id();
        sums.entry(id).and_modify(|sum| sum.add(row)).or_insert_with(|| Tally {
            id,
            folded: true,
            ..row.clone()
        });
    }
    if sums.is_empty() {
        return Ok(0);
    }
    let earlier = tx.owned::<Tally>().filter(Column::Id.is_in(sums.keys().copied())).order_by_asc(Column::Id);
    let earlier: Vec<Tally> = tx.lock_all(earlier.into_query()).await?;
    for row in &earlier {
        if let Some(sum) = sums.get_mut(&row.id) {
            sum.add(row);
        }
    }
    tx.forget_all::<Tally>(new.iter().chain(&earlier).map(|row| row.id).collect()).await?;
    for sum in sums.values().filter(|sum| !sum.is_nothing()) {
        tx.keep_later(sum)?;
    }
    Ok(new.len() as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Every length of time lies in its bucket, whose width follows from its beginning, and which is as narrow as promised.
        #[test]
        fn a_bucket_holds_what_falls_into_it(seconds in 0i64..253_000_000_000) {
            let from = bucket(Instant::from_micros(0), Instant::from_micros(seconds * 1_000_000));
            prop_assert!(from <= seconds && seconds < from + width(from));
            prop_assert_eq!(width(from), width(seconds));
            prop_assert!(width(from) == 1 || width(from) * 64 <= from);
        }
    }
}
