//! Reports: figures of people, teams and projects over a period, summed up by the database.
//!
//! Invariant: what the caller neither manages nor has done themselves counts nowhere. [`tasks`] and [`entries`] are the two conditions, and every
//! figure of every report is over rows that meet them: an admin's over all, a manager's over the projects that they manage, anybody's over the
//! tasks that they are assigned and the time that they worked.

mod completion;
mod people;
mod period;
mod time;
mod totals;
mod workload;

use std::collections::HashMap;

use sea_orm::{
    Condition, QueryFilter,
    entity::prelude::*,
    sea_query::{CaseStatement, ExprTrait as _, Func},
};
use serde::Serialize;
use utoipa::ToSchema;

use self::period::Bucket;
pub use self::{
    completion::{CompletionBucket, of as completion},
    people::{PersonFigures, TeamFigures, TeamReport, individual, team},
    period::{Every, Period},
    time::{ProjectTime, of as time_by_project},
    totals::{By, TimeTotal, TimeTotals, of as totals},
    workload::{Workload, of as workload},
};
use crate::{
    Context, Instant, Result, Scope, Store,
    policy::{self, Action, Role},
    store::{Noun, noun::EntityOf, people::Name, readable},
    task::{Task, TaskStatus, entity as task},
    time_entry::{self, TimeEntry},
};

/// The most lines of a report about people or projects.
const MOST: u64 = 200;

/// A report.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Report<T> {
    /// Where its period begins.
    pub from: Instant,
    /// Where it ends: what happens at this instant is not in it.
    pub to: Instant,
    /// Its lines.
    pub results: Vec<T>,
    /// Whether there are more than these: at most 200 people or projects are told of.
    pub truncated: bool,
}

impl<T> Report<T> {
    fn new(period: Period, mut results: Vec<T>) -> Self {
        let most = usize::try_from(MOST).unwrap_or_default();
        let truncated = results.len() > most;
        results.truncate(most);
        Self { from: period.from, to: period.to, results, truncated }
    }

    /// A report whose lines are bounded by its period.
    fn whole(period: Period, results: Vec<T>) -> Self {
        Self { from: period.from, to: period.to, results, truncated: false }
    }
}

/// The scope of a report, for callers who may have one.
fn open(store: &Store, ctx: &Context) -> Result<Scope> {
    policy::permit(ctx, policy::Noun::Report, Action::Read)?;
    Ok(store.read(ctx))
}

/// The tasks that count for the caller.
fn tasks(scope: &Scope, which: Condition) -> sea_orm::Select<EntityOf<Task>> {
    use task::Column;
    let ctx = scope.ctx();
    let mut counted = Condition::all().add_option(Task::not_removed());
    if ctx.role() != Role::Admin {
        let user = ctx.user().unwrap_or_default();
        let managed = Column::ProjectId.in_subquery(crate::project::managed_ids(ctx, user));
        counted = counted.add(readable::<Task>(ctx));
        counted = counted.add(Condition::any().add(Column::AssigneeId.eq(user)).add(managed));
    }
    scope.owned::<Task>().filter(counted).filter(which)
}

/// The time entries that count for the caller: those that they see and that have ended. Time on a
/// deleted task counts until the task is deleted for good, as in totals and in the figures of
/// projects.
fn entries(scope: &Scope, which: Condition) -> sea_orm::Select<EntityOf<TimeEntry>> {
    let ended = time_entry::entity::Column::EndedAt.is_not_null();
    scope.owned::<TimeEntry>().filter(readable::<TimeEntry>(scope.ctx())).filter(ended).filter(which)
}

/// The names of users, for a token that reaches them.
async fn usernames(scope: &Scope, users: &[Uuid]) -> Result<HashMap<Uuid, Name>> {
    let reached = if scope.ctx().reaches(policy::Noun::User, Action::Read) { users } else { &[] };
    scope.names(reached).await
}

/// Tasks that are neither done nor cancelled.
fn is_open() -> Expr {
    task::Column::Status.is_not_in([TaskStatus::Done, TaskStatus::Cancelled])
}

/// How many rows meet a condition.
fn how_many(condition: Expr) -> Expr {
    Func::count(CaseStatement::new().case(condition, 1)).into()
}

/// The sum of a number over the rows that meet a condition.
fn sum_of(condition: Expr, number: Expr) -> Expr {
    Func::sum(CaseStatement::new().case(condition, number.mul(1.0_f64))).into()
}

/// The sum of a number. Multiplied so, it is of one type on every database: a float, exact up to 2^53.
fn sum(number: Expr) -> Expr {
    Func::sum(number.mul(1.0_f64)).into()
}

/// A sum as a whole number; nothing summed up is nothing.
#[expect(clippy::cast_possible_truncation, reason = "a float is cut to the nearest bound")]
fn whole(sum: Option<f64>) -> i64 {
    sum.unwrap_or_default().round() as i64
}

/// The mean in whole seconds of what is summed up in microseconds.
#[expect(clippy::cast_precision_loss, reason = "no tenant has 2^52 tasks")]
fn mean_seconds(micros: Option<f64>, of: i64) -> Option<i64> {
    (of > 0).then(|| whole(micros.map(|micros| micros / of as f64 / 1_000_000.0)))
}

/// What a task took from its making to its completion, in microseconds.
fn took() -> Expr {
    task::Column::CompletedAt.into_expr().sub(task::Column::CreatedAt.into_expr())
}
