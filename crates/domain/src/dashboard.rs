//! A user's dashboard: what is to be done, what is late, what runs, and what happened of late.

use sea_orm::{
    Condition, QueryOrder, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{CaseStatement, ExprTrait as _, Func},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Context, Result, Store,
    policy::Action,
    store::{Noun, field},
    task::{Task, TaskStatus, entity::Column},
    time_entry::{self, TimeEntry},
};

/// How many tasks come next.
const NEXT: u64 = 10;
/// How many changes are told.
const RECENT: u64 = 20;
/// How far ahead a task is due soon.
const SOON: std::time::Duration = std::time::Duration::from_hours(7 * 24);

/// What the caller is about. A service has no tasks of its own, and no timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Dashboard {
    /// How many open tasks, neither done nor cancelled, the caller is assigned, or owns while nobody is assigned.
    pub open: i64,
    /// Of these, how many are under way.
    pub in_progress: i64,
    /// Of these, how many are due within the next seven days.
    pub due_soon: i64,
    /// Of these, how many are past their due date.
    pub overdue: i64,
    /// The ten of these that are due first; those without a due date come last.
    pub next: Vec<Task>,
    /// The caller's entry that runs; null when none does, or when the token does not reach time entries.
    pub timer: Option<TimeEntry>,
    /// The twenty tasks among those that the caller sees that changed last, the latest first.
    pub recent: Vec<Task>,
}

/// The caller's dashboard.
///
/// # Errors
/// `InsufficientScope`, and those of the store.
pub async fn of(store: &Store, ctx: &Context) -> Result<Dashboard> {
    let scope = store.read(ctx);
    let user = ctx.user().unwrap_or_default();
    let is_open = Column::Status.is_not_in([TaskStatus::Done, TaskStatus::Cancelled]);
    // What nobody else was given is its owner's.
    let kept = Condition::all().add(Column::AssigneeId.is_null()).add(Column::OwnerId.eq(user));
    let mine = Condition::any().add(Column::AssigneeId.eq(user)).add(kept);
    let own = scope.visible::<Task>(Condition::all().add(mine).add(is_open))?;
    let how_many = |condition: Expr| Func::count(CaseStatement::new().case(condition, 1));
    let now = ctx.now();
    let mut counts = own.clone().select_only().into_query();
    counts
        .expr(Func::count(Column::Id.into_expr()))
        .expr(how_many(Column::Status.eq(TaskStatus::InProgress)))
        .expr(how_many(Column::DueAt.gte(now).and(Column::DueAt.lt(now.plus(SOON)))))
        .expr(how_many(Column::DueAt.lt(now)));
    let counts = scope.rows(&counts).await?;
    let count = |at| counts.first().map_or(Ok(0), |row| field(row, at));
    let mut next = own.into_query();
    next.order_by(("task", "due_key"), sea_orm::Order::Asc);
    next.order_by(("task", "id"), sea_orm::Order::Asc).limit(NEXT);
    let recent = scope.visible::<Task>(Condition::all())?;
    let recent = recent.order_by_desc(Column::UpdatedAt).order_by_desc(Column::Id).limit(RECENT);
    let timer = match ctx.user().filter(|_| ctx.reaches(TimeEntry::NOUN, Action::Read)) {
        Some(user) => time_entry::running(&scope, user).await?,
        None => None,
    };
    Ok(Dashboard {
        open: count(0)?,
        in_progress: count(1)?,
        due_soon: count(2)?,
        overdue: count(3)?,
        next: scope.all(&next).await?,
        timer,
        recent: scope.all(&recent.into_query()).await?,
    })
}
