//! Figures of people: what they were assigned, what they completed and when, and the time that they worked.

use sea_orm::{
    Condition, QueryFilter, QueryOrder, QueryResult, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{ExprTrait as _, SelectStatement},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{MOST, Period, Report, entries, how_many, is_open, mean_seconds, open, sum, sum_of, took, whole};
use crate::{
    Context, Instant, Result, Scope, Store,
    policy::Role,
    project,
    store::{
        Read, field,
        people::{self, FormerUser},
    },
    task::{TaskStatus, entity as task},
    team::{Team, TeamMember, member::entity as member},
    time_entry::entity as entry,
    user::User,
};

/// A person's figures, as far as they count for the caller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct PersonFigures {
    /// Who.
    pub user_id: Uuid,
    /// Their name, if the token reaches users.
    #[schema(example = "grace")]
    pub username: Option<String>,
    /// Whether they were removed, if the token reaches users. The time that they worked is still
    /// theirs.
    pub removed: bool,
    /// Tasks that they are assigned, that were made before the period's end, and were not completed before its beginning or cancelled.
    pub assigned: i64,
    /// Those of their tasks that were completed in the period.
    pub completed: i64,
    /// Of these, how many were completed by their due date.
    pub on_time: i64,
    /// Of these, how many were completed after it. (Some have none.)
    pub late: i64,
    /// Tasks that are open now, and whose due date was in the past at the period's end or is now, whichever is earlier.
    pub overdue: i64,
    /// From a task's making to its completion, the mean over those completed in the period, in seconds; null when there are none.
    #[schema(example = 86_400)]
    pub mean_completion_seconds: Option<i64>,
    /// The time that they worked in entries that began in the period, in seconds. Timers that run don't count.
    #[schema(example = 5400)]
    pub tracked_seconds: i64,
    /// The estimates of the tasks that were completed in the period, had one, and on which they tracked time, in minutes.
    pub estimated_minutes: i64,
    /// The time that they worked on just these, whenever it was, in seconds.
    pub estimated_tracked_seconds: i64,
    /// That time divided by the estimates: 1 is as estimated, 2 is twice as long; null when nothing was estimated.
    #[schema(example = 1.25)]
    pub estimate_ratio: Option<f64>,
    /// From making to completion, in microseconds, summed up over those completed in the period.
    #[serde(skip)]
    took: f64,
}

/// The figures of a team.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TeamReport {
    /// Where its period begins.
    pub from: Instant,
    /// Where it ends: what happens at this instant is not in it.
    pub to: Instant,
    /// Its lines: the team's members in the order in which they came, its manager, whoever else is
    /// assigned in its projects, and removed users who worked there in the period.
    pub results: Vec<PersonFigures>,
    /// Whether there are more than these: at most 200 people are told of.
    pub truncated: bool,
    /// All lines together.
    pub total: TeamFigures,
}

/// A team's figures: those of its people together, each as it is told of one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct TeamFigures {
    /// How many people are told of.
    pub people: i64,
    /// Tasks assigned.
    pub assigned: i64,
    /// Tasks completed.
    pub completed: i64,
    /// Of these, on time.
    pub on_time: i64,
    /// Of these, late.
    pub late: i64,
    /// Tasks overdue.
    pub overdue: i64,
    /// The mean over all that were completed, in seconds; null when there are none.
    #[schema(example = 86_400)]
    pub mean_completion_seconds: Option<i64>,
    /// The time that was worked, in seconds.
    #[schema(example = 5400)]
    pub tracked_seconds: i64,
    /// The estimates of what was completed and worked on by whom it was assigned, in minutes.
    pub estimated_minutes: i64,
    /// The time that was worked on just these, in seconds.
    pub estimated_tracked_seconds: i64,
    /// That time divided by the estimates; null when nothing was estimated.
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

/// One person's figures; of a service's own, which has none, nothing.
///
/// # Errors
/// `InsufficientScope`; `NotFound` for a user who is not there and never was.
pub async fn individual(
    store: &Store,
    ctx: &Context,
    period: Period,
    user: Option<Uuid>,
) -> Result<Report<PersonFigures>> {
    let scope = open(store, ctx)?;
    if let Some(user) = user
        && scope.find::<FormerUser>(user, false).await?.is_none()
    {
        scope.follow::<User, _>(user, Read).await?;
    }
    let people = user.or(ctx.user()).into_iter().collect();
    figures(&scope, period, people, Condition::all(), Condition::all()).await
}

/// The figures of a team from its projects: of its members, its manager and whoever is assigned there, for who manages the team and for admins; for
/// others who are among these their own.
///
/// # Errors
/// `InsufficientScope`; `NotFound` for a team that is absent or invisible.
pub async fn team(store: &Store, ctx: &Context, period: Period, team: Uuid) -> Result<TeamReport> {
    let scope = open(store, ctx)?;
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
    let within = crate::task::ids_where(ctx, tasks.clone());
    let time = Condition::all().add(entry::Column::TaskId.in_subquery(within));
    if all {
        people.extend(removed(scope, period, time.clone()).await?);
    }
    people.truncate(usize::try_from(MOST + 1).unwrap_or_default());
    figures(scope, period, people, tasks, time).await
}

/// The removed users who worked in the period, in entries that meet a condition.
async fn removed(scope: &Scope, period: Period, time: Condition) -> Result<Vec<Uuid>> {
    let gone = scope.owned::<FormerUser>().select_only().column(people::entity::Column::Id).into_query();
    let which = time.add(period.has(entry::Column::StartedAt)).add(entry::Column::UserId.in_subquery(gone));
    let worked = entries(scope, which).select_only().column(entry::Column::UserId);
    let worked = worked.group_by(entry::Column::UserId).order_by_asc(entry::Column::UserId).limit(MOST + 1);
    scope.rows(&worked.into_query()).await?.iter().map(|row| field(row, 0)).collect()
}

/// The figures of some people, over the tasks and entries that meet a condition.
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
    // What was estimated, and what it took: over the same tasks.
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

/// Puts what rows of figures say, each of whom its first value names.
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

/// What people's tasks say of them.
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
