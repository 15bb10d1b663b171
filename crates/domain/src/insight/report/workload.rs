//! The workload report: the open tasks of each assignee.

use sea_orm::{Condition, Order, QuerySelect, QueryTrait, entity::prelude::*};
use serde::Serialize;
use utoipa::ToSchema;

use super::{MOST, Period, Report, how_many, is_open, open, sum, whole};
use crate::{
    Context, Repository, Result,
    kernel::repository::field,
    work::task::{TaskStatus, entity as task},
};

/// The open tasks of one assignee that count for the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Workload {
    /// The id of the assignee, or null for tasks without one.
    pub user_id: Option<Uuid>,
    /// The username of the assignee, or null if the scopes of the token do not include users.
    #[schema(example = "grace")]
    pub username: Option<String>,
    /// The number of open tasks.
    pub open: i64,
    /// The number of open tasks that are in progress.
    pub in_progress: i64,
    /// The number of open tasks whose due date has passed.
    pub overdue: i64,
    /// The number of open tasks that are due in the period.
    pub due: i64,
    /// The number of open tasks without an estimate.
    pub unestimated: i64,
    /// The sum of the estimates of the open tasks that have one, in minutes.
    #[schema(example = 480)]
    pub estimated_minutes: i64,
}

/// The workload report: the assignees with the most open tasks come first.
///
/// # Errors
/// `InsufficientScope`.
pub async fn of(repository: &Repository, ctx: &Context, period: Period) -> Result<Report<Workload>> {
    use task::Column;
    let scope = open(repository, ctx)?;
    let person = (task::Entity, Column::AssigneeId);
    let rows = super::tasks(&scope, Condition::all().add(is_open())).select_only();
    let mut select = rows.column(Column::AssigneeId).into_query();
    let all = || Expr::from(sea_orm::sea_query::Func::count(Column::Id.into_expr()));
    select
        .expr(all())
        .expr(how_many(Column::Status.eq(TaskStatus::InProgress)))
        .expr(how_many(Column::DueAt.lt(ctx.now())))
        .expr(how_many(period.has(Column::DueAt)))
        .expr(how_many(Column::EstimateMinutes.is_null()))
        .expr(sum(Column::EstimateMinutes.into_expr()))
        .group_by_col(person)
        .order_by_expr(all(), Order::Desc)
        .order_by(person, Order::Asc)
        .limit(MOST + 1);
    let rows = scope.rows(&select).await?;
    let people = rows.iter().map(|row| field(row, 0)).collect::<Result<Vec<Option<Uuid>>>>()?;
    let known: Vec<_> = people.iter().flatten().copied().collect();
    let mut names = super::usernames(&scope, &known).await?;
    let line = |(row, user): (&sea_orm::QueryResult, &Option<Uuid>)| {
        Ok(Workload {
            user_id: *user,
            username: user.and_then(|user| names.remove(&user)).map(|known| known.name),
            open: field(row, 1)?,
            in_progress: field(row, 2)?,
            overdue: field(row, 3)?,
            due: field(row, 4)?,
            unestimated: field(row, 5)?,
            estimated_minutes: whole(field(row, 6)?),
        })
    };
    Ok(Report::new(period, rows.iter().zip(&people).map(line).collect::<Result<_>>()?))
}
