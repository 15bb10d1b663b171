//! Statistics of projects, computed from the aggregates.
//!
//! Invariant: the numbers are exact, and their cost does not grow with the number of tasks. Callers
//! who see a project see all of its tasks, so the statistics of a project need no further filter.

use sea_orm::entity::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Amounts,
    counted::{self, Counted, State},
};
use crate::{
    Context, Repository, Result, Scope,
    kernel::{
        policy::{self, Action},
        repository::{Read, Resource},
    },
    work::{
        project::Project,
        task::{Priority, Task, TaskStatus},
    },
};

/// The number of tasks with each status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ByStatus {
    /// The number of tasks with the status `todo`.
    pub todo: i64,
    /// The number of tasks with the status `in_progress`.
    pub in_progress: i64,
    /// The number of tasks with the status `done`.
    pub done: i64,
    /// The number of tasks with the status `cancelled`.
    pub cancelled: i64,
}

/// The number of tasks with each priority.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ByPriority {
    /// The number of tasks with the priority `low`.
    pub low: i64,
    /// The number of tasks with the priority `medium`.
    pub medium: i64,
    /// The number of tasks with the priority `high`.
    pub high: i64,
    /// The number of tasks with the priority `urgent`.
    pub urgent: i64,
}

/// Statistics on the tasks of one project, or of all projects that the caller can see.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Statistics {
    /// The number of projects.
    pub projects: i64,
    /// The number of tasks, without those in the trash.
    pub tasks: i64,
    /// The number of tasks with each status.
    pub by_status: ByStatus,
    /// The number of tasks with each priority.
    pub by_priority: ByPriority,
    /// The number of open tasks that are past their due date.
    pub overdue: i64,
    /// The share of done tasks among those that are not cancelled, from 0 to 1. Null if there are
    /// none.
    pub completion_rate: Option<f64>,
    /// The share of the work that is done, from 0 to 1. It is the completion rate with each task
    /// weighted by its estimate. A task without an estimate has the average weight of those with
    /// one. If no task has an estimate above 0, all weights are equal. Null if there are only
    /// cancelled tasks or none.
    pub progress: Option<f64>,
    /// The median time in seconds from the creation of a task to its completion, over the tasks
    /// that are done. Each time is rounded down to whole seconds. For an even number of tasks, it
    /// is the mean of the two middle times. Null if no task is done.
    #[schema(example = 86_400.0)]
    pub median_completion_seconds: Option<f64>,
    /// The sum of the estimates in minutes, without cancelled tasks.
    pub estimated_minutes: i64,
    /// The time spent in whole minutes, over all tasks. Time on a task in the trash counts until
    /// the task is deleted permanently.
    pub spent_minutes: i64,
}

/// The statistics of one project.
///
/// # Errors
/// `NotFound`.
pub async fn of_one(repository: &Repository, ctx: &Context, id: Uuid) -> Result<Statistics> {
    repository
        .at_once(ctx, async |scope| {
            let project = scope.resolve::<Project, _>(id, Read).await?;
            figures(scope, Some(project.row().id), 1).await
        })
        .await
}

/// The statistics of all projects that the caller sees.
///
/// # Errors
/// Those of the repository.
pub async fn of_all(repository: &Repository, ctx: &Context) -> Result<Statistics> {
    repository
        .at_once(ctx, async |scope| {
            let all = scope.visible::<Project>(sea_orm::Condition::all())?;
            let projects = scope.count::<Project>(all).await?;
            figures(scope, None, projects).await
        })
        .await
}

/// The statistics of a project that the caller sees, or of all such projects.
async fn figures(scope: &Scope, project: Option<Uuid>, projects: i64) -> Result<Statistics> {
    policy::permit(scope.ctx(), Task::TYPE, Action::Read)?;
    let Counted { states, overdue, middle } = counted::count(scope, project).await?;
    let mut figures = Statistics { projects, overdue, ..Statistics::default() };
    let (mut all, mut kept, mut done) = (Amounts::default(), Amounts::default(), Amounts::default());
    for State { status, priority, amounts } in states {
        all.add(amounts);
        if status != Some(TaskStatus::Cancelled) {
            kept.add(amounts);
        }
        if status == Some(TaskStatus::Done) {
            done.add(amounts);
        }
        figures.by_status.add(status, amounts.tasks);
        figures.by_priority.add(priority, amounts.tasks);
    }
    figures.tasks = all.tasks;
    figures.completion_rate = share(done.tasks, kept.tasks);
    figures.progress = progress(&done, &kept);
    figures.median_completion_seconds = middle.map(mean);
    figures.estimated_minutes = kept.estimate_minutes;
    figures.spent_minutes = all.spent_seconds / 60;
    Ok(figures)
}

impl ByStatus {
    fn add(&mut self, status: Option<TaskStatus>, tasks: i64) {
        *match status {
            Some(TaskStatus::Todo) => &mut self.todo,
            Some(TaskStatus::InProgress) => &mut self.in_progress,
            Some(TaskStatus::Done) => &mut self.done,
            Some(TaskStatus::Cancelled) => &mut self.cancelled,
            None => return,
        } += tasks;
    }
}

impl ByPriority {
    fn add(&mut self, priority: Option<Priority>, tasks: i64) {
        *match priority {
            Some(Priority::Low) => &mut self.low,
            Some(Priority::Medium) => &mut self.medium,
            Some(Priority::High) => &mut self.high,
            Some(Priority::Urgent) => &mut self.urgent,
            None => return,
        } += tasks;
    }
}

/// The mean of two numbers.
#[expect(clippy::cast_precision_loss, reason = "nothing takes 2^52 seconds")]
fn mean([low, high]: [i64; 2]) -> f64 {
    (low + high) as f64 / 2.0
}

/// The ratio of a part to a whole; `None` if the whole is 0.
#[expect(clippy::cast_precision_loss, reason = "no tenant has 2^52 tasks")]
fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The share of the work that is done, weighted by estimates: see [`Statistics::progress`].
#[expect(clippy::cast_precision_loss, reason = "no tenant's estimates come to 2^52 minutes")]
fn progress(done: &Amounts, counted: &Amounts) -> Option<f64> {
    let Some(average) = share(counted.estimate_minutes, counted.estimated).filter(|it| *it > 0.0) else {
        return share(done.tasks, counted.tasks);
    };
    let weight = |it: &Amounts| it.estimate_minutes as f64 + average * (it.tasks - it.estimated) as f64;
    Some(weight(done) / weight(counted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(tasks: i64, estimated: i64, estimate_minutes: i64) -> Amounts {
        Amounts { tasks, estimated, estimate_minutes, spent_seconds: 0 }
    }

    #[test]
    fn progress_weighs_by_estimates() {
        assert_eq!(progress(&amounts(0, 0, 0), &amounts(0, 0, 0)), None);
        // Without estimates above 0, all weights are equal.
        assert_eq!(progress(&amounts(1, 0, 0), &amounts(4, 0, 0)), Some(0.25));
        assert_eq!(progress(&amounts(1, 1, 0), &amounts(4, 2, 0)), Some(0.25));
        assert_eq!(progress(&amounts(1, 1, 30), &amounts(2, 2, 120)), Some(0.25));
        // Two tasks of 60 minutes on average, and one with the average weight.
        assert_eq!(progress(&amounts(1, 0, 0), &amounts(3, 2, 120)), Some(1.0 / 3.0));
    }
}
