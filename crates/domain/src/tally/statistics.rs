//! Figures of projects: exact, and reckoned from the tally, so that a million tasks cost no more than a thousand.

use sea_orm::entity::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Amounts,
    counted::{self, Counted, State},
};
use crate::{
    Context, Result, Scope, Store,
    policy::{self, Action},
    project::Project,
    store::{Noun, Read},
    task::{Priority, Task, TaskStatus},
};

/// How many tasks have a status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ByStatus {
    pub todo: i64,
    pub in_progress: i64,
    pub done: i64,
    pub cancelled: i64,
}

/// How many tasks have a priority.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ByPriority {
    pub low: i64,
    pub medium: i64,
    pub high: i64,
    pub urgent: i64,
}

/// Figures of a project's tasks, or of all projects'.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Statistics {
    /// How many projects the figures are of.
    pub projects: i64,
    /// How many tasks these have.
    pub tasks: i64,
    /// By status.
    pub by_status: ByStatus,
    /// By priority.
    pub by_priority: ByPriority,
    /// Past their due date and neither done nor cancelled.
    pub overdue: i64,
    /// Done ones among those that were not cancelled: from 0 to 1, or null when there are none.
    pub completion_rate: Option<f64>,
    /// How much of the work is done: as the completion rate, with each task weighing its estimate. One without an estimate weighs the average of
    /// those that have one; where none has, or all are 0, each weighs the same. From 0 to 1, or null when there are no tasks but cancelled ones.
    pub progress: Option<f64>,
    /// Seconds from a task's creation to its completion, in whole seconds, as the median of the tasks that are done: of an even number of them the
    /// mean of the two in the middle. Null when none is done.
    #[schema(example = 86_400.0)]
    pub median_completion_seconds: Option<f64>,
    /// The sum of the estimates of the tasks that were not cancelled, in minutes.
    pub estimated_minutes: i64,
    /// The time spent on all tasks, in whole minutes; on deleted ones too, until they are deleted
    /// for good.
    pub spent_minutes: i64,
}

/// The figures of one project.
///
/// # Errors
/// `NotFound`.
pub async fn of_one(store: &Store, ctx: &Context, id: Uuid) -> Result<Statistics> {
    store
        .at_once(ctx, async |scope| {
            let project = scope.resolve::<Project, _>(id, Read).await?;
            figures(scope, Some(project.row().id), 1).await
        })
        .await
}

/// The figures of all projects that the caller sees.
///
/// # Errors
/// Those of the store.
pub async fn of_all(store: &Store, ctx: &Context) -> Result<Statistics> {
    store
        .at_once(ctx, async |scope| {
            let all = scope.visible::<Project>(sea_orm::Condition::all())?;
            let projects = scope.count::<Project>(all).await?;
            figures(scope, None, projects).await
        })
        .await
}

/// The figures of a project that the caller sees, or of all: who sees a project sees the tasks in it.
async fn figures(scope: &Scope, project: Option<Uuid>, projects: i64) -> Result<Statistics> {
    policy::permit(scope.ctx(), Task::NOUN, Action::Read)?;
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

/// The number between two.
#[expect(clippy::cast_precision_loss, reason = "nothing takes 2^52 seconds")]
fn mean([low, high]: [i64; 2]) -> f64 {
    (low + high) as f64 / 2.0
}

/// One number among another; `None` among nothing.
#[expect(clippy::cast_precision_loss, reason = "no tenant has 2^52 tasks")]
fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// How much is done of the tasks that count, each by its weight: see [`Statistics::progress`].
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
        // Without estimates, or with none but zero, all weigh the same.
        assert_eq!(progress(&amounts(1, 0, 0), &amounts(4, 0, 0)), Some(0.25));
        assert_eq!(progress(&amounts(1, 1, 0), &amounts(4, 2, 0)), Some(0.25));
        assert_eq!(progress(&amounts(1, 1, 30), &amounts(2, 2, 120)), Some(0.25));
        // Two of 60 on average, and one that weighs as much.
        assert_eq!(progress(&amounts(1, 0, 0), &amounts(3, 2, 120)), Some(1.0 / 3.0));
    }
}
