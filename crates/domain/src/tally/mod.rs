//! Aggregates of the tasks of projects, from which project statistics are computed.
//!
//! Invariant: at every commit, the sums of a project plus its log equal a recount of its tasks.
//!
//! The store writes the log with each write; no resource calls this module. A write adds one row to
//! the log for the old values and one for the new values. It changes no existing row, so writes do
//! not wait for each other here. [`crate::Store::fold_tallies`] compacts the log: it moves its rows
//! into sums ([`sum`]) by status and priority, by ranges of due dates and by ranges of durations.
//! Each range is a 64th of a larger one ([`tree`]). So the cost of reading ([`counted`]) grows
//! neither with the number of tasks nor with the number of their changes.
//!
//! Neither table refers to the project. The rows of an empty project add up to zero, and are
//! removed when they are compacted.

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
    /// A row of the log: a delta.
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

/// The group in which a row is counted. Only the project is set for amounts without a task status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub(crate) project_id: Uuid,
    pub(crate) status: Option<TaskStatus>,
    pub(crate) priority: Option<Priority>,
    /// The [`second`] at which an open task is due.
    pub(crate) due: Option<i64>,
    /// The [`seconds`] that a completed task took.
    pub(crate) took: Option<i64>,
}

/// The amounts that are summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    pub(crate) tasks: i64,
    /// The number of tasks with an estimate.
    pub(crate) estimated: i64,
    pub(crate) estimate_minutes: i64,
    pub(crate) spent_seconds: i64,
}

/// The contribution of one row to the aggregates of a project.
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
    /// The delta that removes the contribution.
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

    /// The row of the log.
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

/// A timestamp in whole seconds since the Unix epoch, rounded down.
pub(crate) fn second(at: Instant) -> i64 {
    at.micros().div_euclid(1_000_000)
}

/// The whole seconds from one timestamp to another, at least 0.
pub(crate) fn seconds(from: Instant, to: Instant) -> i64 {
    Ord::max(to.micros().saturating_sub(from.micros()) / 1_000_000, 0)
}
