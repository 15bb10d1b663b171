//! Figures of projects, from their tasks as the caller sees them: exact, in one query.

use sea_orm::{
    Condition, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{CaseStatement, ExprTrait as _, Func},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::Project;
use crate::{
    Context, Result, Store,
    store::{Read, field},
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
}

/// The figures of one project.
///
/// # Errors
/// `NotFound`.
pub async fn of_one(store: &Store, ctx: &Context, id: Uuid) -> Result<Statistics> {
    let project = store.read(ctx).resolve::<Project, _>(id, Read).await?;
    figures(store, ctx, 1, task::Column::ProjectId.eq(project.row().id)).await
}

/// The figures of all projects that the caller sees.
///
/// # Errors
/// Those of the store.
pub async fn of_all(store: &Store, ctx: &Context) -> Result<Statistics> {
    let scope = store.read(ctx);
    let projects = scope.count::<Project>(scope.visible::<Project>(Condition::all())?).await?;
    figures(store, ctx, projects, task::Column::ProjectId.is_not_null()).await
}

async fn figures(store: &Store, ctx: &Context, projects: i64, which: Expr) -> Result<Statistics> {
    use task::Column;
    let scope = store.read(ctx);
    let open = Column::Status.is_not_in([TaskStatus::Done, TaskStatus::Cancelled]);
    let late = Column::DueAt.lt(ctx.now()).and(open);
    let count = |expr: Expr| Expr::from(Func::count(expr));
    let select = scope
        .visible::<Task>(Condition::all().add(which))?
        .select_only()
        .columns([Column::Status, Column::Priority])
        .column_as(count(Column::Id.into_expr()), "tasks")
        .column_as(count(CaseStatement::new().case(late, 1).into()), "overdue")
        .group_by(Column::Status)
        .group_by(Column::Priority)
        .into_query();
    let mut figures = Statistics { projects, ..Statistics::default() };
    for row in scope.rows(&select).await? {
        let (status, priority): (TaskStatus, Priority) = (field(&row, 0)?, field(&row, 1)?);
        let tasks: i64 = field(&row, 2)?;
        figures.tasks += tasks;
        figures.overdue += field::<i64>(&row, 3)?;
        *match status {
            TaskStatus::Todo => &mut figures.by_status.todo,
            TaskStatus::InProgress => &mut figures.by_status.in_progress,
            TaskStatus::Done => &mut figures.by_status.done,
            TaskStatus::Cancelled => &mut figures.by_status.cancelled,
        } += tasks;
        *match priority {
            Priority::Low => &mut figures.by_priority.low,
            Priority::Medium => &mut figures.by_priority.medium,
            Priority::High => &mut figures.by_priority.high,
            Priority::Urgent => &mut figures.by_priority.urgent,
        } += tasks;
    }
    let counted = figures.tasks - figures.by_status.cancelled;
    #[expect(clippy::cast_precision_loss, reason = "no tenant has 2^52 tasks")]
    if counted > 0 {
        figures.completion_rate = Some(figures.by_status.done as f64 / counted as f64);
    }
    Ok(figures)
}
