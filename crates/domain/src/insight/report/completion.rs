//! The completion report: tasks created and completed, by day or week.

use std::collections::BTreeMap;

use sea_orm::{
    Condition, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{ExprTrait as _, Func},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Every, Period, Report, how_many, mean_seconds, open, sum, took};
use crate::{
    Context, Repository, Result,
    kernel::repository::{Read, field},
    work::{project::Project, task::entity as task},
};

/// The tasks that were created and completed on one day or in one week.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CompletionBucket {
    /// The day, or the Monday of the week, in UTC.
    #[schema(example = "2026-01-26")]
    pub day: String,
    /// The number of tasks that were created.
    pub created: i64,
    /// The number of tasks that were completed.
    pub completed: i64,
    /// The number of tasks that were completed by their due date.
    pub on_time: i64,
    /// The number of tasks that were completed after their due date.
    pub late: i64,
    /// The share of tasks completed by their due date, from 0 to 1, among the completed tasks with
    /// a due date. Null if there are none.
    #[schema(example = 0.75)]
    pub on_time_rate: Option<f64>,
    /// The mean time from the creation of a task to its completion, in seconds, or null if no task
    /// was completed.
    #[schema(example = 86_400)]
    pub mean_completion_seconds: Option<i64>,
}

/// The completion report, for all tasks that count for the caller or for one project. Every day or
/// week of the period has a line.
///
/// # Errors
/// `InsufficientScope`; `NotFound` for a project that is absent or invisible.
pub async fn of(
    repository: &Repository,
    ctx: &Context,
    period: Period,
    every: Every,
    project: Option<Uuid>,
) -> Result<Report<CompletionBucket>> {
    use task::Column;
    let scope = open(repository, ctx)?;
    if let Some(project) = project {
        scope.follow::<Project, _>(project, Read).await?;
    }
    let new = |at: i64| CompletionBucket { day: Every::text(at), ..CompletionBucket::default() };
    let mut buckets: BTreeMap<i64, _> = period.buckets(every).into_iter().map(|at| (at, new(at))).collect();
    let of = project.map(|project| Column::ProjectId.eq(project));
    let rows = |column: Column, key: Expr| {
        let which = Condition::all().add(period.has(column)).add_option(of.clone());
        let mut select = super::tasks(&scope, which).select_only().into_query();
        select.expr(key.clone()).expr(Func::count(Column::Id.into_expr())).add_group_by([key]);
        select
    };
    let made = rows(Column::CreatedAt, every.of("task.created_at"));
    for row in scope.rows(&made).await? {
        if let Some(bucket) = buckets.get_mut(&field(&row, 0)?) {
            bucket.created = field(&row, 1)?;
        }
    }
    let due = |late: bool| {
        let (completed, due) = (Column::CompletedAt.into_expr(), Column::DueAt.into_expr());
        how_many(if late { completed.gt(due) } else { completed.lte(due) })
    };
    let mut done = rows(Column::CompletedAt, every.of("task.completed_at"));
    done.expr(due(false)).expr(due(true)).expr(sum(took()));
    for row in scope.rows(&done).await? {
        if let Some(bucket) = buckets.get_mut(&field(&row, 0)?) {
            bucket.completed = field(&row, 1)?;
            bucket.on_time = field(&row, 2)?;
            bucket.late = field(&row, 3)?;
            bucket.on_time_rate = rate(bucket.on_time, bucket.on_time + bucket.late);
            bucket.mean_completion_seconds = mean_seconds(field(&row, 4)?, bucket.completed);
        }
    }
    Ok(Report::whole(period, buckets.into_values().collect()))
}

#[expect(clippy::cast_precision_loss, reason = "no tenant has 2^52 tasks")]
fn rate(part: i64, of: i64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}
