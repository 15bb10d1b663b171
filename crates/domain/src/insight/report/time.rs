//! The report of tracked time by project.

use std::collections::HashMap;

use sea_orm::{
    Condition, Order, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{ExprTrait as _, Func, JoinType},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{MOST, Period, Report, entries, open, sum, totals::names, whole};
use crate::{
    Context, Repository, Result,
    kernel::{policy, repository::field},
    work::{project::Project, time_entry::entity as entry},
};

/// The tracked time on one project that counts for the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProjectTime {
    /// The id of the project, or null for personal tasks, which have no project.
    pub project_id: Option<Uuid>,
    /// The name of the project, or null if the caller does not see it or the scopes of the token do
    /// not include projects.
    #[schema(example = "Website")]
    pub name: Option<String>,
    /// The number of users who tracked time on the project.
    pub people: i64,
    /// The number of tasks on which time was tracked.
    pub tasks: i64,
    /// The number of time entries.
    pub entries: i64,
    /// The tracked time, in seconds.
    #[schema(example = 5400)]
    pub seconds: i64,
}

/// The report of the time entries that began in the period, by project. The projects with the most
/// time come first.
///
/// # Errors
/// `InsufficientScope`.
pub async fn of(repository: &Repository, ctx: &Context, period: Period) -> Result<Report<ProjectTime>> {
    use entry::Column;
    let scope = open(repository, ctx)?;
    let own = |column: Column| Expr::col((entry::Entity, column));
    let which = Condition::all().add(period.has(Column::StartedAt));
    let mut select = entries(&scope, which).select_only().into_query();
    let same = |column: &'static str, own: Column| Expr::col(("task", column)).equals((entry::Entity, own));
    let total = || sum(Column::Seconds.into_expr());
    select
        .expr(Expr::col(("task", "project_id")))
        .expr(Func::count_distinct(own(Column::UserId)))
        .expr(Func::count_distinct(own(Column::TaskId)))
        .expr(Func::count(own(Column::Id)))
        .expr(total())
        .join(
            JoinType::InnerJoin,
            "task",
            same("tenant_id", Column::TenantId).and(same("id", Column::TaskId)),
        )
        .group_by_col(("task", "project_id"))
        .order_by_expr(total(), Order::Desc)
        .order_by(("task", "project_id"), Order::Asc)
        .limit(MOST + 1);
    let rows = scope.rows(&select).await?;
    let projects = rows.iter().map(|row| field(row, 0)).collect::<Result<Vec<Option<Uuid>>>>()?;
    let known: Vec<_> = projects.iter().flatten().copied().collect();
    let reached =
        if ctx.reaches(policy::ResourceType::Project, policy::Action::Read) { known.as_slice() } else { &[] };
    let named = names(&scope, reached, |project: Project| project.name).await?;
    let mut named: HashMap<_, _> = named.into_iter().collect();
    let line = |(row, project): (&sea_orm::QueryResult, &Option<Uuid>)| {
        Ok(ProjectTime {
            project_id: *project,
            name: project.and_then(|project| named.remove(&project)),
            people: field(row, 1)?,
            tasks: field(row, 2)?,
            entries: field(row, 3)?,
            seconds: whole(field(row, 4)?),
        })
    };
    Ok(Report::new(period, rows.iter().zip(&projects).map(line).collect::<Result<_>>()?))
}
