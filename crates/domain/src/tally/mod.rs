//! The tally: what the figures of projects are summed from. It reacts to each write of a task or a time entry; no other resource calls it.
//!
//! Invariant: at every commit, the sums of a project and what its log adds to them are what a recount of its tasks would give. A write adds a row to
//! the log for what it takes away and a row for what it brings, and changes none that is there, so that no write waits for another here.
//! [`crate::Store::fold_tallies`] takes rows from the log and adds them to sums ([`sum`]): by status and priority, and by ranges of due dates and of lengths
//! of time, each range the 64th part of a larger one ([`tree`]). So what is read ([`counted`]) grows neither with the tasks nor with their changes.
//!
//! Neither table refers to its project: the rows of one in which nothing lies any more add up to nothing, and go away when they are folded.

mod counted;
mod statistics;
mod sum;
mod tree;

use futures::future::BoxFuture;
use sea_orm::entity::prelude::*;

pub use self::statistics::{Statistics, of_all as statistics_of_all, of_one as statistics_of_one};
pub(crate) use self::sum::Sum;
use crate::{
    Instant, Result, Tx,
    store::{Noun, ReactsTo, Written, entity},
    task::{Priority, Task, TaskStatus},
    time_entry::{self, TimeEntry},
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

impl ReactsTo<Task> for Tally {
    /// A task counts in its project while it is not deleted. Time counts in the project of its
    /// task for as long as its entry exists: also while the task can be restored.
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

impl ReactsTo<TimeEntry> for Tally {
    fn react<'a>(
        tx: &'a Tx,
        Written { old, new, .. }: Written<'a, TimeEntry>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        let task = old.or(new)?.task_id;
        Some(Box::pin(async move {
            // The task stays as it is meanwhile: a task that moves to another project takes the
            // time of all its entries along.
            let Some(task) = tx.hold::<Task>(task).await? else { return Ok(()) };
            let of = |entry: &TimeEntry| {
                task.project_id.map(|project| of_time(project, entry.seconds.unwrap_or_default().into()))
            };
            record(tx, old.and_then(of), new.and_then(of));
            Ok(())
        }))
    }
}

/// Logs what a write takes away from the figures and what it adds to them.
fn record(tx: &Tx, takes: Option<Summand>, brings: Option<Summand>) {
    if takes == brings {
        return;
    }
    for summand in takes.map(Summand::taken_away).into_iter().chain(brings) {
        let born = tx.birth();
        tx.append(&summand.row(born.tenant, born.id));
    }
}

/// What a task adds to the figures of its project.
fn of_task(task: &Task) -> Option<Summand> {
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
    Some(Summand { key, amounts })
}

/// What time adds to the figures of a project.
fn of_time(project_id: Uuid, spent_seconds: i64) -> Summand {
    let key = Key { project_id, status: None, priority: None, due: None, took: None };
    Summand { key, amounts: Amounts { spent_seconds, ..Amounts::default() } }
}

/// The second in which an instant lies: how many there were since the Unix epoch.
fn second(at: Instant) -> i64 {
    at.micros().div_euclid(1_000_000)
}

/// The whole seconds from one instant to another.
fn seconds(from: Instant, to: Instant) -> i64 {
    Ord::max(to.micros().saturating_sub(from.micros()) / 1_000_000, 0)
}
