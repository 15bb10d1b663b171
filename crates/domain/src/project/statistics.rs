//! Figures of projects: exact, and summed from the tally, so that a million tasks cost no more than the kinds of them that there are.
//!
//! What the tally is too coarse for is counted where an index leads: the open tasks that are due today, and the middle of one narrow bucket of those
//! that are done.

use sea_orm::{
    QueryFilter, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{CaseStatement, Expr, ExprTrait as _, Order},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::Project;
use crate::{
    Context, Instant, Result, Scope, Store,
    policy::{self, Action},
    store::{Noun, Read, field, readable_ids},
    tally::{self, Amounts, DAY, Tally, entity as tallied},
    task::{Priority, Task, TaskStatus, entity as task},
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
    /// The time spent on all tasks, in whole minutes.
    pub spent_minutes: i64,
}

/// The figures of one project.
///
/// # Errors
/// `NotFound`.
pub async fn of_one(store: &Store, ctx: &Context, id: Uuid) -> Result<Statistics> {
    let scope = store.read(ctx);
    let project = scope.resolve::<Project, _>(id, Read).await?;
    Figures { scope, one: Some(project.row().id) }.sum(1).await
}

/// The figures of all projects that the caller sees.
///
/// # Errors
/// Those of the store.
pub async fn of_all(store: &Store, ctx: &Context) -> Result<Statistics> {
    let scope = store.read(ctx);
    let projects = scope.count::<Project>(scope.visible::<Project>(sea_orm::Condition::all())?).await?;
    Figures { scope, one: None }.sum(projects).await
}

/// The projects that figures are of: one that the caller sees, or all that they see. Whoever sees a project sees the tasks in it.
struct Figures {
    scope: Scope,
    one: Option<Uuid>,
}

/// How many tasks took some time, by their [`tally::bucket`].
type Histogram = Vec<(i64, i64)>;

impl Figures {
    async fn sum(&self, projects: i64) -> Result<Statistics> {
        policy::permit(self.scope.ctx(), Task::NOUN, Action::Read)?;
        let now = self.scope.ctx().now();
        let mut figures = Statistics { projects, ..Statistics::default() };
        let (mut counted, mut done, mut spent) = (Amounts::default(), Amounts::default(), 0);
        let mut histogram = Histogram::new();
        for row in self.tallied(tally::day(now)).await? {
            let (status, priority) = (field(&row, 0)?, field::<Option<Priority>>(&row, 1)?);
            let amounts = Amounts {
                tasks: field(&row, 3)?,
                estimated: field(&row, 4)?,
                estimate_minutes: field(&row, 5)?,
                spent_seconds: field(&row, 6)?,
            };
            figures.overdue += field::<i64>(&row, 7)?;
            figures.tasks += amounts.tasks;
            spent += amounts.spent_seconds;
            if status != Some(TaskStatus::Cancelled) {
                add(&mut counted, &amounts);
            }
            if status == Some(TaskStatus::Done) {
                add(&mut done, &amounts);
            }
            if let Some(from) = field::<Option<i64>>(&row, 2)? {
                histogram.push((from, amounts.tasks));
            }
            figures.by_status.add(status, amounts.tasks);
            figures.by_priority.add(priority, amounts.tasks);
        }
        figures.overdue += self.overdue_today(now).await?;
        figures.completion_rate = share(done.tasks, counted.tasks);
        figures.progress = progress(&done, &counted);
        figures.median_completion_seconds = self.median(histogram).await?;
        figures.estimated_minutes = counted.estimate_minutes;
        figures.spent_minutes = spent / 60;
        Ok(figures)
    }

    /// The condition that a row lies in one of the projects.
    fn of(&self, project: impl ColumnTrait) -> Expr {
        match self.one {
            Some(id) => project.eq(id),
            None => project.in_subquery(readable_ids::<Project>(self.scope.ctx())),
        }
    }

    /// The sums by status, priority and bucket, with the tasks that were due before today.
    async fn tallied(&self, today: i64) -> Result<Vec<sea_orm::QueryResult>> {
        use tallied::Column;
        let late =
            CaseStatement::new().case(Column::DueDay.lt(today), Column::Tasks.into_expr()).finally(0_i64);
        let mut select = self
            .scope
            .owned::<Tally>()
            .filter(self.of(Column::ProjectId))
            .select_only()
            .columns([Column::Status, Column::Priority, Column::CompletionFrom]);
        for (name, expr) in [
            ("all_tasks", Column::Tasks.into_expr()),
            ("all_estimated", Column::Estimated.into_expr()),
            ("all_minutes", Column::EstimateMinutes.into_expr()),
            ("all_seconds", Column::SpentSeconds.into_expr()),
            ("late", late.into()),
        ] {
            select = select.column_as(self.scope.sum(expr), name);
        }
        let select = select
            .group_by(Column::Status)
            .group_by(Column::Priority)
            .group_by(Column::CompletionFrom)
            .into_query();
        self.scope.rows(&select).await
    }

    /// The tasks of the projects that meet a condition.
    fn tasks(&self, condition: Expr) -> sea_orm::Select<task::Entity> {
        let there = sea_orm::Condition::all().add(condition).add_option(Task::not_removed());
        self.scope.owned::<Task>().filter(self.of(task::Column::ProjectId)).filter(there)
    }

    /// How many open tasks were due today, and before now.
    async fn overdue_today(&self, now: Instant) -> Result<i64> {
        use task::Column;
        let midnight = Instant::from_micros(tally::day(now) * DAY);
        let late = Column::DueAt.gte(midnight).and(Column::DueAt.lt(now));
        let open = Column::Status.is_not_in([TaskStatus::Done, TaskStatus::Cancelled]);
        self.scope.count::<Task>(self.tasks(late.and(open))).await
    }

    async fn median(&self, mut histogram: Histogram) -> Result<Option<f64>> {
        histogram.sort_unstable();
        let number: i64 = histogram.iter().map(|(_, tasks)| tasks).sum();
        if number == 0 {
            return Ok(None);
        }
        let (low, high) = ((number - 1) / 2, number / 2);
        let first = self.nth(&histogram, low).await?;
        let second = if high == low { first } else { self.nth(&histogram, high).await? };
        #[expect(clippy::cast_precision_loss, reason = "nothing takes 2^52 seconds")]
        Ok(Some((first + second) as f64 / 2.0))
    }

    /// The seconds that a task took, by its place among those that are done: its bucket is known by counting, and only what is in that is looked through.
    async fn nth(&self, histogram: &Histogram, place: i64) -> Result<i64> {
        let (mut from, mut left) = (0, place);
        for (bucket, tasks) in histogram {
            from = *bucket;
            if left < *tasks {
                break;
            }
            left -= tasks;
        }
        if tally::width(from) == 1 {
            return Ok(from);
        }
        let seconds = || Expr::col("completion_seconds");
        let inside = seconds().gte(from).and(seconds().lt(from + tally::width(from)));
        let select = self.tasks(inside).select_only().expr(seconds());
        let mut select = select.into_query();
        select.order_by_expr(seconds(), Order::Asc).limit(1).offset(left.unsigned_abs());
        // Tasks may have changed since they were counted: then where the bucket begins is near enough.
        self.scope.rows(&select).await?.first().map_or(Ok(from), |row| field(row, 0))
    }
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

fn add(sum: &mut Amounts, amounts: &Amounts) {
    sum.tasks += amounts.tasks;
    sum.estimated += amounts.estimated;
    sum.estimate_minutes += amounts.estimate_minutes;
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
