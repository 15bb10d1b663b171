//! The sums into which the log is compacted: for each project, and for all projects of a tenant.
//!
//! Invariant: the id of a sum follows from what it sums, so there is at most one row for each sum.

use std::collections::BTreeMap;

use sea_orm::{ActiveEnum, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*, sea_query::Query};

use super::{
    Amounts, LoggedDelta,
    tree::{LEVELS, node},
};
use crate::{
    Repository, Result, System, Tx,
    kernel::repository::{entity, field},
    work::task::{Priority, TaskStatus},
};

/// The number of log rows that are compacted at once.
const FOLDED_AT_ONCE: u64 = 256;
/// The most sums in one statement.
const NAMED_AT_ONCE: usize = 256;

entity! {
    pub(crate) struct Sum in "tally_sum", unversioned {
        /// The project; null for all projects of the tenant.
        pub project_id: Option<Uuid>,
        /// The number of the [`Series`].
        pub series: i16,
        /// The node, if the series is a level of a tree.
        pub place: i64,
        pub status: Option<TaskStatus>,
        pub priority: Option<Priority>,
        pub tasks: i64,
        pub estimated: i64,
        pub estimate_minutes: i64,
        pub spent_seconds: i64,
    }
}

/// What a sum counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Series {
    /// All amounts, by status and priority.
    State,
    /// The number of open tasks that are due within a node of a level.
    Due(u32),
    /// The number of completed tasks with a duration within a node of a level.
    Took(u32),
}

impl Series {
    pub(super) fn number(self) -> i16 {
        let number = match self {
            Self::State => 0,
            Self::Due(level) => 1 + level,
            Self::Took(level) => 1 + LEVELS + level,
        };
        i16::try_from(number).unwrap_or(i16::MAX)
    }
}

impl Sum {
    /// The contributions of a log row to the sums of its project, or of all projects.
    fn each(row: &LoggedDelta, project_id: Option<Uuid>) -> impl Iterator<Item = Self> {
        let sum = move |series: Series, place, state: Option<&LoggedDelta>| {
            let mut sum = Self {
                tenant_id: row.tenant_id,
                id: Uuid::nil(),
                project_id,
                series: series.number(),
                place,
                status: state.and_then(|row| row.status),
                priority: state.and_then(|row| row.priority),
                tasks: row.tasks,
                estimated: state.map_or(0, |row| row.estimated),
                estimate_minutes: state.map_or(0, |row| row.estimate_minutes),
                spent_seconds: state.map_or(0, |row| row.spent_seconds),
            };
            sum.id = sum.named();
            sum
        };
        let levels = |number: Option<i64>, series: fn(u32) -> Series| {
            let levels = number.into_iter().flat_map(|number| (0..LEVELS).map(move |level| (level, number)));
            levels.map(move |(level, number)| sum(series(level), node(level, number), None))
        };
        let trees = levels(row.due, Series::Due).chain(levels(row.took, Series::Took));
        std::iter::once(sum(Series::State, 0, Some(row))).chain(trees)
    }

    /// The id of the sum, which follows from what it sums.
    fn named(&self) -> Uuid {
        let mut name = self.project_id.unwrap_or_default().as_bytes().to_vec();
        name.extend(self.series.to_be_bytes());
        name.extend(self.place.to_be_bytes());
        name.extend(self.priority.map_or(0, |priority| priority as i16).to_be_bytes());
        name.extend(self.status.map(|status| status.to_value()).unwrap_or_default().into_bytes());
        let digest = taskhub_auth::secret::sha256(&name);
        Uuid::from_bytes(std::array::from_fn(|i| digest.get(i).copied().unwrap_or_default()))
    }

    pub(super) fn amounts(&self) -> Amounts {
        let Self { tasks, estimated, estimate_minutes, spent_seconds, .. } = *self;
        Amounts { tasks, estimated, estimate_minutes, spent_seconds }
    }

    fn add(&mut self, other: &Self) {
        let mut amounts = self.amounts();
        amounts.add(other.amounts());
        Amounts {
            tasks: self.tasks,
            estimated: self.estimated,
            estimate_minutes: self.estimate_minutes,
            spent_seconds: self.spent_seconds,
        } = amounts;
    }

    fn is_nothing(&self) -> bool {
        self.amounts() == Amounts::default()
    }
}

impl Repository {
    /// Compacts the logs of all tenants into sums. Several servers may do so at the same time.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn compact_deltas(&self, system: &System) -> Result<()> {
        let tenants = Query::select().column("tenant_id").distinct().from("tally").take();
        for row in self.unscoped(system).rows(&tenants).await? {
            let ctx = system.within(field(&row, 0)?);
            // Rows that are added meanwhile are compacted next time.
            while self.write(&ctx, (), |tx, ()| Box::pin(fold(tx))).await? == FOLDED_AT_ONCE {}
        }
        Ok(())
    }
}

/// Compacts some rows of the log of a tenant. Returns their number.
async fn fold(tx: &Tx) -> Result<u64> {
    let log = tx.owned::<LoggedDelta>().order_by_asc(super::entity::Column::Id).limit(FOLDED_AT_ONCE);
    let log: Vec<LoggedDelta> = tx.lock_all(log.into_query()).await?;
    let mut sums = BTreeMap::<Uuid, Sum>::new();
    for sum in log.iter().flat_map(|row| [Some(row.project_id), None].map(|of| Sum::each(row, of))).flatten()
    {
        sums.entry(sum.id).and_modify(|it| it.add(&sum)).or_insert(sum);
    }
    // Contributions that cancel each other out change no sum.
    sums.retain(|_, sum| !sum.is_nothing());
    let ids: Vec<Uuid> = sums.keys().copied().collect();
    for ids in ids.chunks(NAMED_AT_ONCE) {
        let earlier = tx.owned::<Sum>().filter(entity::Column::Id.is_in(ids.iter().copied()));
        let earlier = earlier.order_by_asc(entity::Column::Id).into_query();
        let earlier: Vec<Sum> = tx.lock_all(earlier).await?;
        for row in &earlier {
            if let Some(sum) = sums.get_mut(&row.id) {
                sum.add(row);
            }
        }
        tx.delete_all_internal::<Sum>(earlier.iter().map(|row| row.id).collect()).await?;
    }
    tx.delete_all_internal::<LoggedDelta>(log.iter().map(|row| row.id).collect()).await?;
    for sum in sums.values().filter(|sum| !sum.is_nothing()) {
        tx.insert_internal_later(sum)?;
    }
    Ok(log.len() as u64)
}
