//! The tally: what the figures of projects are summed from. The store writes it with each write; no noun calls it.
//!
//! Invariant: at every commit, the sums of a project and what its log adds to them are what a recount of its tasks would give. A write adds a row to
//! the log for what it takes away and a row for what it brings, and changes none that is there, so that no write waits for another here.
//! [`crate::Store::fold_tallies`] takes rows from the log and adds them to sums ([`sum`]): by status and priority, and by ranges of due dates and of lengths
//! of time, each range the 64th part of a larger one ([`tree`]). So what is read ([`counted`]) grows neither with the tasks nor with their changes.
//!
//! Neither table refers to its project: the rows of one in which nothing lies any more add up to nothing, and go away when they are folded.

pub(crate) mod counted;
mod sum;
mod tree;

use sea_orm::entity::prelude::*;

pub(crate) use self::sum::Sum;
use crate::{
    Instant,
    store::entity,
    task::{Priority, TaskStatus},
};

entity! {
    /// A row of the log.
    pub(crate) struct Tally in "tally", unversioned {
        pub project_id: Uuid,
        pub status: Option<TaskStatus>,
        pub priority: Option<Priority>,
        pub due: Option<i64>,
        pub took: Option<i64>,
        pub tasks: i64,
        pub estimated: i64,
        pub estimate_minutes: i64,
        pub spent_seconds: i64,
    }
}

/// What a row is counted under. What has to do with no task's status leaves all but the project open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub(crate) project_id: Uuid,
    pub(crate) status: Option<TaskStatus>,
    pub(crate) priority: Option<Priority>,
    /// The [`second`] at which a task is due that is neither done nor cancelled.
    pub(crate) due: Option<i64>,
    /// The [`seconds`] that a task took that is done.
    pub(crate) took: Option<i64>,
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

impl Amounts {
    pub(crate) fn add(&mut self, other: Self) {
        self.tasks += other.tasks;
        self.estimated += other.estimated;
        self.estimate_minutes += other.estimate_minutes;
        self.spent_seconds += other.spent_seconds;
    }
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

    /// Its row in the log.
    pub(crate) fn row(self, tenant_id: Uuid, id: Uuid) -> Tally {
        let Key { project_id, status, priority, due, took } = self.key;
        let Amounts { tasks, estimated, estimate_minutes, spent_seconds } = self.amounts;
        Tally {
            tenant_id,
            id,
            project_id,
            status,
            priority,
            due,
            took,
            tasks,
            estimated,
            estimate_minutes,
            spent_seconds,
        }
    }
}

/// The second in which an instant lies: how many there were since the Unix epoch.
pub(crate) fn second(at: Instant) -> i64 {
    at.micros().div_euclid(1_000_000)
}

/// The whole seconds from one instant to another.
pub(crate) fn seconds(from: Instant, to: Instant) -> i64 {
    Ord::max(to.micros().saturating_sub(from.micros()) / 1_000_000, 0)
}
