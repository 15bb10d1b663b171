//! The reports on one user and on a team: assigned and completed tasks, and tracked time.

use sea_orm::{
    Condition, QueryFilter, QueryOrder, QueryResult, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{ExprTrait as _, SelectStatement},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{MOST, Period, Report, entries, how_many, is_open, mean_seconds, open, sum, sum_of, took, whole};
use crate::{
    Context, Repository, Result, Scope, Timestamp,
    identity::user::User,
    kernel::{
        policy::Role,
        repository::{
            Read, field,
            people::{self, FormerUser},
        },
    },
    work::{
        project,
        task::{TaskStatus, entity as task},
        team::{Team, TeamMember, member::entity as member},
        time_entry::entity as entry,
    },
};

/// The statistics of one user that count for the caller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct PersonFigures {
    /// The id of the user.
    pub user_id: Uuid,
    /// The username, or null if the scopes of the token do not include users.
    #[schema(example = "grace")]
    pub username: Option<String>,
    /// Whether the user was deleted; false if the scopes of the token do not include users. The
    /// time that the user tracked still counts.
    pub removed: bool,
    /// The number of tasks that are assigned to the user, without cancelled ones. A task counts if
    /// it was created before the end of the period and not completed before its start.
    pub assigned: i64,
    /// The number of tasks of the user that were completed in the period.
    pub completed: i64,
    /// The number of completed tasks that were completed by their due date.
    pub on_time: i64,
    /// The number of completed tasks that were completed after their due date.
    pub late: i64,
    /// The number of tasks that are open now and whose due date is before the end of the period and
    /// before now.
    pub overdue: i64,
    /// The mean time from the creation of a task to its completion, in seconds, for the tasks
    /// completed in the period. Null if there are none.
    #[schema(example = 86_400)]
    pub mean_completion_seconds: Option<i64>,
    /// The time of the entries of the user that began in the period, in seconds. Running timers do
    /// not count.
    #[schema(example = 5400)]
    pub tracked_seconds: i64,
    /// The sum of the estimates, in minutes. A task counts if it has an estimate, was completed in
    /// the period, and the user tracked time on it.
    pub estimated_minutes: i64,
    /// The time that the user tracked on the tasks in `estimated_minutes`, at any time, in seconds.
    pub estimated_tracked_seconds: i64,
    /// The tracked time divided by the estimates: 1 is as estimated, 2 is twice as long. Null if
    /// there are no estimates.
    #[schema(example = 1.25)]
    pub estimate_ratio: Option<f64>,
    /// The sum of the times from creation to completion, in microseconds, of the tasks completed in
    /// the period.
    #[serde(skip)]
    took: f64,
}

/// The report of a team over a period.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TeamReport {
    /// The start of the period (UTC), inclusive.
    pub from: Timestamp,
    /// The end of the period (UTC), exclusive.
    pub to: Timestamp,
    /// One line for each person. The members of the team come first, in the order in which they
    /// joined. Then come its manager, other assignees of tasks in its projects, and deleted users
    /// who tracked time there in the period.
    pub results: Vec<PersonFigures>,
    /// Whether lines were cut off: a report has at most 200 people.
    pub truncated: bool,
    /// The total of all lines.
    pub total: TeamFigures,
}

/// The total of the lines of a team report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct TeamFigures {
    /// The number of lines.
    pub people: i64,
    /// The number of assigned tasks.
    pub assigned: i64,
    /// The number of tasks completed in the period.
    pub completed: i64,
    /// The number of completed tasks that were completed by their due date.
    pub on_time: i64,
    /// The number of completed tasks that were completed after their due date.
    pub late: i64,
    /// The number of overdue tasks.
    pub overdue: i64,
    /// The mean time from the creation of a completed task to its completion, in seconds. Null if
    /// there are none.
    #[schema(example = 86_400)]
    pub mean_completion_seconds: Option<i64>,
    /// The tracked time, in seconds.
    #[schema(example = 5400)]
    pub tracked_seconds: i64,
    /// The sum of the estimates, in minutes, of the completed tasks on which the assignee tracked
    /// time.
    pub estimated_minutes: i64,
    /// The time that the assignees tracked on the tasks with an estimate, in seconds.
    pub estimated_tracked_seconds: i64,
    /// The tracked time divided by the estimates. Null if there are no estimates.
    #[schema(example = 1.25)]
    pub estimate_ratio: Option<f64>,
}

impl TeamFigures {
    fn of(lines: &[PersonFigures]) -> Self {
        let sum = |of: fn(&PersonFigures) -> i64| lines.iter().map(of).sum::<i64>();
        let (completed, estimated) = (sum(|it| it.completed), sum(|it| it.estimated_minutes));
        let tracked = sum(|it| it.estimated_tracked_seconds);
        Self {
            people: i64::try_from(lines.len()).unwrap_or(i64::MAX),
            assigned: sum(|it| it.assigned),
            completed,
            on_time: sum(|it| it.on_time),
            late: sum(|it| it.late),
            overdue: sum(|it| it.overdue),
            mean_completion_seconds: mean_seconds(Some(lines.iter().map(|it| it.took).sum()), completed),
            tracked_seconds: sum(|it| it.tracked_seconds),
            estimated_minutes: estimated,
            estimated_tracked_seconds: tracked,
            estimate_ratio: ratio(tracked, estimated),
        }
    }
}

/// Time in seconds divided by estimates in minutes.
#[expect(clippy::cast_precision_loss, reason = "no task takes 2^52 seconds")]
fn ratio(seconds: i64, minutes: i64) -> Option<f64> {
    (minutes > 0).then(|| seconds as f64 / (minutes * 60) as f64)
}

/// The report on one user. Without `user`, it is that of the caller; a service account gets no
/// line.
///
/// # Errors
/// `InsufficientScope`; `NotFound` for a user who never existed.
pub async fn individual(
    repository: &Repository,
    ctx: &Context,
    period: Period,
    user: Option<Uuid>,
) -> Result<Report<PersonFigures>> {
    let scope = open(repository, ctx)?;
    if let Some(user) = user
        && scope.find::<FormerUser>(user, false).await?.is_none()
    {
        scope.follow::<User, _>(user, Read).await?;
    }
    let people = user.or(ctx.user()).into_iter().collect();
    figures(&scope, period, people, Condition::all(), Condition::all()).await
}

/// The report on a team. The manager of the team and admins get the lines of all people in it.
/// Other callers get their own line.
///
/// # Errors
/// `InsufficientScope`; `NotFound` for a team that is absent or invisible.
pub async fn team(repository: &Repository, ctx: &Context, period: Period, team: Uuid) -> Result<TeamReport> {
    let scope = open(repository, ctx)?;
    let team = scope.follow::<Team, _>(team, Read).await?.into_row();
    let Report { from, to, results, truncated } = lines_of(&scope, period, &team).await?;
    Ok(TeamReport { from, to, total: TeamFigures::of(&results), results, truncated })
}

async fn lines_of(scope: &Scope, period: Period, team: &Team) -> Result<Report<PersonFigures>> {
    let ctx = scope.ctx();
    let all = ctx.role() == Role::Admin || team.managed_by(ctx);
    let mut members = scope.owned::<TeamMember>().filter(member::Column::TeamId.eq(team.id));
    if !all {
        members = members.filter(member::Column::UserId.eq(ctx.user().unwrap_or_default()));
    }
    let members = members.select_only().column(member::Column::UserId);
    let members = members.order_by_asc(member::Column::Id).limit(MOST + 1).into_query();
    let rows = scope.rows(&members).await?;
    let mut people = rows.iter().map(|row| field(row, 0)).collect::<Result<Vec<Uuid>>>()?;
    people.extend(team.manager_id.filter(|manager| all && !people.contains(manager)));
    let projects = || project::ids_of_team(ctx, team.id);
    let tasks = Condition::all().add(task::Column::ProjectId.in_subquery(projects()));
    let mut others = tasks
        .clone()
        .add(task::Column::AssigneeId.is_not_null())
        .add(task::Column::AssigneeId.is_not_in(people.iter().copied()));
    if !all {
        others = others.add(task::Column::AssigneeId.eq(ctx.user().unwrap_or_default()));
    }
    let others = super::tasks(scope, others).select_only().column(task::Column::AssigneeId);
    let others = others.group_by(task::Column::AssigneeId).order_by_asc(task::Column::AssigneeId);
    for row in scope.rows(&others.limit(MOST + 1).into_query()).await? {
        people.push(field(&row, 0)?);
    }
    let within = crate::work::task::ids_where(ctx, tasks.clone());
    let time = Condition::all().add(entry::Column::TaskId.in_subquery(within));
    if all {
        people.extend(removed(scope, period, time.clone()).await?);
    }
    people.truncate(usize::try_from(MOST + 1).unwrap_or_default());
    figures(scope, period, people, tasks, time).await
}

/// The deleted users who tracked time in the period, in entries that meet a condition.
async fn removed(scope: &Scope, period: Period, time: Condition) -> Result<Vec<Uuid>> {
    let gone = scope.owned::<FormerUser>().select_only().column(people::entity::Column::Id).into_query();
    let which = time.add(period.has(entry::Column::StartedAt)).add(entry::Column::UserId.in_subquery(gone));
    let worked = entries(scope, which).select_only().column(entry::Column::UserId);
    let worked = worked.group_by(entry::Column::UserId).order_by_asc(entry::Column::UserId).limit(MOST + 1);
    scope.rows(&worked.into_query()).await?.iter().map(|row| field(row, 0)).collect()
}

/// The statistics of some people, over the tasks and entries that meet a condition.
async fn figures(
    scope: &Scope,
    period: Period,
    people: Vec<Uuid>,
    tasks: Condition,
    time: Condition,
) -> Result<Report<PersonFigures>> {
    let names = super::usernames(scope, &people).await?;
    let mut all: Vec<_> = people
        .iter()
        .map(|id| PersonFigures {
            user_id: *id,
            username: names.get(id).map(|known| known.name.clone()),
            removed: names.get(id).is_some_and(|known| known.removed),
            ..PersonFigures::default()
        })
        .collect();
    if people.is_empty() {
        return Ok(Report::new(period, all));
    }
    put(&mut all, &scope.rows(&of_tasks(scope, period, &people, tasks.clone())).await?, |figures, row| {
        figures.assigned = field(row, 1)?;
        figures.completed = field(row, 2)?;
        figures.on_time = field(row, 3)?;
        figures.late = field(row, 4)?;
        figures.overdue = field(row, 5)?;
        let took: Option<f64> = field(row, 6)?;
        figures.mean_completion_seconds = mean_seconds(took, figures.completed);
        figures.took = took.unwrap_or_default();
        Ok(())
    })?;
    let worked = |which: Condition| {
        let mut select = entries(scope, which.add(entry::Column::UserId.is_in(people.iter().copied())))
            .select_only()
            .column(entry::Column::UserId)
            .into_query();
        select.expr(sum(entry::Column::Seconds.into_expr())).group_by_col(entry::Column::UserId);
        select
    };
    let tracked = worked(time.clone().add(period.has(entry::Column::StartedAt)));
    put(&mut all, &scope.rows(&tracked).await?, |figures, row| {
        figures.tracked_seconds = whole(field(row, 1)?);
        Ok(())
    })?;
    // The estimates and the tracked time are over the same tasks.
    let done = tasks
        .add(task::Column::AssigneeId.is_in(people.iter().copied()))
        .add(period.has(task::Column::CompletedAt))
        .add(task::Column::EstimateMinutes.gt(0));
    let own =
        Expr::col((entry::Entity, entry::Column::UserId)).equals((task::Entity, task::Column::AssigneeId));
    let same = Expr::col((entry::Entity, entry::Column::TaskId)).equals((task::Entity, task::Column::Id));
    let tracked = entries(scope, time.clone().add(own).add(same)).select_only();
    let tracked = tracked.expr(Expr::val(1)).into_query();
    let mut estimated = super::tasks(scope, done.clone().add(Expr::exists(tracked)))
        .select_only()
        .column(task::Column::AssigneeId)
        .into_query();
    estimated
        .expr(sum(task::Column::EstimateMinutes.into_expr()))
        .group_by_col((task::Entity, task::Column::AssigneeId));
    put(&mut all, &scope.rows(&estimated).await?, |figures, row| {
        figures.estimated_minutes = whole(field(row, 1)?);
        Ok(())
    })?;
    let assigned =
        Expr::col((task::Entity, task::Column::AssigneeId)).equals((entry::Entity, entry::Column::UserId));
    let done = super::tasks(scope, done.add(assigned)).select_only().column(task::Column::Id).into_query();
    let took = worked(time.add(entry::Column::TaskId.in_subquery(done)));
    put(&mut all, &scope.rows(&took).await?, |figures, row| {
        figures.estimated_tracked_seconds = whole(field(row, 1)?);
        Ok(())
    })?;
    for figures in &mut all {
        figures.estimate_ratio = ratio(figures.estimated_tracked_seconds, figures.estimated_minutes);
    }
    Ok(Report::new(period, all))
}

/// Applies rows of statistics to people. The first column of a row is the id of the person.
fn put(
    all: &mut [PersonFigures],
    rows: &[QueryResult],
    with: fn(&mut PersonFigures, &QueryResult) -> Result<()>,
) -> Result<()> {
    for row in rows {
        let id: Option<Uuid> = field(row, 0)?;
        if let Some(figures) = all.iter_mut().find(|figures| Some(figures.user_id) == id) {
            with(figures, row)?;
        }
    }
    Ok(())
}

/// Selects the statistics of the tasks of some people.
fn of_tasks(scope: &Scope, period: Period, people: &[Uuid], which: Condition) -> SelectStatement {
    use task::Column;
    let which = which.add(Column::AssigneeId.is_in(people.iter().copied()));
    let done = || period.has(Column::CompletedAt);
    let due = |late: bool| {
        let (completed, due) = (Column::CompletedAt.into_expr(), Column::DueAt.into_expr());
        done().and(if late { completed.gt(due) } else { completed.lte(due) })
    };
    let there = Column::CompletedAt.is_null().or(Column::CompletedAt.gte(period.from));
    let assigned = Column::Status.ne(TaskStatus::Cancelled).and(Column::CreatedAt.lt(period.to)).and(there);
    let overdue = is_open().and(Column::DueAt.lt(Ord::min(period.to, scope.ctx().now())));
    let mut select = super::tasks(scope, which).select_only().column(Column::AssigneeId).into_query();
    select
        .expr(how_many(assigned))
        .expr(how_many(done()))
        .expr(how_many(due(false)))
        .expr(how_many(due(true)))
        .expr(how_many(overdue))
        .expr(sum_of(done(), took()))
        .group_by_col((task::Entity, Column::AssigneeId));
    select
}
