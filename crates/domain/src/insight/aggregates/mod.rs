//! Aggregates of the tasks of projects, from which project statistics are computed.
//!
//! Invariant: at every commit, the sums of a project plus its log equal a recount of its tasks.
//!
//! This module reacts to each write of a task or a time entry; no resource calls it. A write adds
//! one row to the log for the old values and one for the new values. It changes no existing row, so
//! writes do not wait for each other here. [`crate::Repository::compact_deltas`] compacts the log: it
//! moves its rows into sums ([`sum`]) by status and priority, by ranges of due dates and by ranges
//! of durations. Each range is a 64th of a larger one ([`tree`]). So the cost of reading
//! ([`counted`]) grows neither with the number of tasks nor with the number of their changes.
//!
//! Neither table refers to the project. The rows of an empty project add up to zero, and are
//! removed when they are compacted.

mod counted;
mod statistics;
mod sum;
mod tree;

use futures::future::BoxFuture;
use sea_orm::entity::prelude::*;

pub use self::statistics::{Statistics, of_all as statistics_of_all, of_one as statistics_of_one};
pub(crate) use self::sum::Sum;
use crate::{
    Result, Timestamp, Tx,
    kernel::repository::{ReactsTo, Stored, Written, entity},
    work::{
        task::{Priority, Task, TaskStatus},
        time_entry::{self, TimeEntry},
    },
};

entity! {
    /// A row of the log: a delta.
    pub(crate) struct LoggedDelta in "tally", unversioned {
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
pub struct Delta {
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

impl Delta {
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
    pub(crate) fn row(self, tenant_id: Uuid, id: Uuid) -> LoggedDelta {
        let Key { project_id, status, priority, due, took } = self.key;
        let Amounts { tasks, estimated, estimate_minutes, spent_seconds } = self.amounts;
        LoggedDelta {
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

impl ReactsTo<Task> for LoggedDelta {
    /// A task counts in its project while it is not in the trash. Time counts in the project of its
    /// task while the time entry exists, also while the task is in the trash.
    fn react<'a>(
        tx: &'a Tx,
        Written { old, new, .. }: Written<'a, Task>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        record(tx, old.and_then(of_task), new.and_then(of_task));
        let (old, new) = old.zip(new).filter(|(old, new)| old.project_id != new.project_id)?;
        Some(Box::pin(async move {
            let spent = time_entry::seconds_on(tx, new).await?;
            let there = |project: Option<Uuid>| project.map(|project| of_time(project, spent));
            record(tx, there(old.project_id), there(new.project_id));
            Ok(())
        }))
    }
}

impl ReactsTo<TimeEntry> for LoggedDelta {
    fn react<'a>(
        tx: &'a Tx,
        Written { old, new, .. }: Written<'a, TimeEntry>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        let task = old.or(new)?.task_id;
        Some(Box::pin(async move {
            // The task is locked meanwhile: a task that moves to another project moves the time of
            // all its entries.
            let Some(task) = tx.hold::<Task>(task).await? else { return Ok(()) };
            let of = |entry: &TimeEntry| {
                task.project_id.map(|project| of_time(project, entry.seconds.unwrap_or_default().into()))
            };
            record(tx, old.and_then(of), new.and_then(of));
            Ok(())
        }))
    }
}

/// Logs the contributions that a write removes and adds.
fn record(tx: &Tx, takes: Option<Delta>, brings: Option<Delta>) {
    if takes == brings {
        return;
    }
    for delta in takes.map(Delta::taken_away).into_iter().chain(brings) {
        let born = tx.birth();
        tx.append(&delta.row(born.tenant, born.id));
    }
}

/// The contribution of a task to the aggregates of its project.
fn of_task(task: &Task) -> Option<Delta> {
    let project_id = task.project_id.filter(|_| !task.is_removed())?;
    let is_open = !matches!(task.status, TaskStatus::Done | TaskStatus::Cancelled);
    let key = Key {
        project_id,
        status: Some(task.status),
        priority: Some(task.priority),
        due: task.due_at.filter(|_| is_open).map(second),
        took: task.completed_at.map(|at| seconds(task.created_at, at)),
    };
    let amounts = Amounts {
        tasks: 1,
        estimated: task.estimate_minutes.is_some().into(),
        estimate_minutes: task.estimate_minutes.unwrap_or_default().into(),
        spent_seconds: 0,
    };
    Some(Delta { key, amounts })
}

/// The contribution of tracked time to the aggregates of a project.
fn of_time(project_id: Uuid, spent_seconds: i64) -> Delta {
    let key = Key { project_id, status: None, priority: None, due: None, took: None };
    Delta { key, amounts: Amounts { spent_seconds, ..Amounts::default() } }
}

/// A timestamp in whole seconds since the Unix epoch, rounded down.
fn second(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000_000)
}

/// The whole seconds from one timestamp to another, at least 0.
fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    Ord::max(to.micros().saturating_sub(from.micros()) / 1_000_000, 0)
}
