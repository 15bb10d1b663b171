//! Reports: statistics on users, teams and projects over a period, computed by the database.
//!
//! Invariant: [`tasks`] and [`entries`] are the only sources of rows, and they contain what counts
//! for the caller. For an admin that is everything. For other callers it is the projects that they
//! manage, the tasks that they are assigned and the time that they tracked.

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
    Context, Repository, Result, Scope, Timestamp,
    kernel::{
        policy::{self, Action, Role},
        repository::{Stored, people::Name, readable, resource::EntityOf},
    },
    work::{
        task::{Task, TaskStatus, entity as task},
        time_entry::{self, TimeEntry},
    },
};

/// The most lines of a report on users or projects.
const MOST: u64 = 200;

/// A report over a period, with one line for each result.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Report<T> {
    /// The start of the period (UTC), inclusive.
    pub from: Timestamp,
    /// The end of the period (UTC), exclusive.
    pub to: Timestamp,
    /// The lines of the report.
    pub results: Vec<T>,
    /// Whether lines were cut off: a report has at most 200 users or projects.
    pub truncated: bool,
}

impl<T> Report<T> {
    fn new(period: Period, mut results: Vec<T>) -> Self {
        let most = usize::try_from(MOST).unwrap_or_default();
        let truncated = results.len() > most;
        results.truncate(most);
        Self { from: period.from, to: period.to, results, truncated }
    }

    /// A report whose number of lines is limited by its period.
    fn whole(period: Period, results: Vec<T>) -> Self {
        Self { from: period.from, to: period.to, results, truncated: false }
    }
}

/// The scope of a report. Rejects callers who may not read reports.
fn open(repository: &Repository, ctx: &Context) -> Result<Scope> {
    policy::permit(ctx, policy::ResourceType::Report, Action::Read)?;
    Ok(repository.read(ctx))
}

/// The tasks that count for the caller.
fn tasks(scope: &Scope, which: Condition) -> sea_orm::Select<EntityOf<Task>> {
    use task::Column;
    let ctx = scope.ctx();
    let mut counted = Condition::all().add_option(Task::not_removed());
    if ctx.role() != Role::Admin {
        let user = ctx.user().unwrap_or_default();
        let managed = Column::ProjectId.in_subquery(crate::work::project::managed_ids(ctx, user));
        counted = counted.add(readable::<Task>(ctx));
        counted = counted.add(Condition::any().add(Column::AssigneeId.eq(user)).add(managed));
    }
    scope.owned::<Task>().filter(counted).filter(which)
}

/// The time entries that count for the caller: those that the caller sees and that have ended. Time
/// on a task in the trash counts until the task is deleted permanently, as in totals and in the
/// statistics of projects.
fn entries(scope: &Scope, which: Condition) -> sea_orm::Select<EntityOf<TimeEntry>> {
    let ended = time_entry::entity::Column::EndedAt.is_not_null();
    scope.owned::<TimeEntry>().filter(readable::<TimeEntry>(scope.ctx())).filter(ended).filter(which)
}

/// The names of users; empty if the scopes of the token do not include users.
async fn usernames(scope: &Scope, users: &[Uuid]) -> Result<HashMap<Uuid, Name>> {
    let reached = if scope.ctx().reaches(policy::ResourceType::User, Action::Read) { users } else { &[] };
    scope.names(reached).await
}

/// The condition for open tasks: those that are neither done nor cancelled.
fn is_open() -> Expr {
    task::Column::Status.is_not_in([TaskStatus::Done, TaskStatus::Cancelled])
}

/// The number of rows that meet a condition.
fn how_many(condition: Expr) -> Expr {
    Func::count(CaseStatement::new().case(condition, 1)).into()
}

/// The sum of a number over the rows that meet a condition.
fn sum_of(condition: Expr, number: Expr) -> Expr {
    Func::sum(CaseStatement::new().case(condition, number.mul(1.0_f64))).into()
}

/// The sum of a number. The multiplication makes it a float on every database, which is exact up to
/// 2^53.
fn sum(number: Expr) -> Expr {
    Func::sum(number.mul(1.0_f64)).into()
}

/// A sum as a whole number; the sum of no rows is 0.
#[expect(clippy::cast_possible_truncation, reason = "a float is cut to the nearest bound")]
fn whole(sum: Option<f64>) -> i64 {
    sum.unwrap_or_default().round() as i64
}

/// The mean in whole seconds, from a sum in microseconds.
#[expect(clippy::cast_precision_loss, reason = "no tenant has 2^52 tasks")]
fn mean_seconds(micros: Option<f64>, of: i64) -> Option<i64> {
    (of > 0).then(|| whole(micros.map(|micros| micros / of as f64 / 1_000_000.0)))
}

/// The time from the creation of a task to its completion, in microseconds.
fn took() -> Expr {
    task::Column::CompletedAt.into_expr().sub(task::Column::CreatedAt.into_expr())
}
