//! The timer: the one running time entry of a user.
//!
//! Invariant: starting a timer locks its user, so that two requests at once leave one running
//! entry.

use sea_orm::{Condition, QueryFilter, QueryTrait, entity::prelude::*};
use serde::Serialize;
use utoipa::ToSchema;

use super::{LONGEST, TimeEntry, entity::Column, seconds};
use crate::{
    Context, Error, Repository, Result, Scope, Tx,
    identity::user::User,
    kernel::{
        change::ChangeType,
        crud::Editable,
        error::Kind,
        policy::{self, Action},
        repository::{Child, Precondition, Read, Resource, Stored, Update},
    },
    work::task::Task,
};

/// The timer of the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Timer {
    /// The running time entry, or null if none is running.
    pub entry: Option<TimeEntry>,
    /// The duration of the running entry so far, in seconds, from 0 to 86400. Null if none is
    /// running.
    #[schema(example = 600)]
    pub seconds: Option<i32>,
}

/// The running entry of a user.
pub(crate) async fn running(scope: &Scope, user: Uuid) -> Result<Option<TimeEntry>> {
    let own = scope.owned::<TimeEntry>().filter(Column::RunningKey.eq(user));
    Ok(scope.all(&own.into_query()).await?.into_iter().next())
}

/// The timer of the caller. A service account has none.
///
/// # Errors
/// `InsufficientScope`.
pub async fn get(repository: &Repository, ctx: &Context) -> Result<Timer> {
    policy::permit(ctx, TimeEntry::TYPE, Action::Read)?;
    let Some(user) = ctx.user() else { return Ok(Timer::default()) };
    let entry = running(&repository.read(ctx), user).await?;
    let now = ctx.now();
    let counts = |entry: &TimeEntry| seconds(entry.started_at, now.min(entry.started_at.plus(LONGEST)));
    Ok(Timer { seconds: entry.as_ref().map(counts), entry })
}

/// Starts the timer of the caller on a task. A timer that is running on any task is stopped first.
///
/// # Errors
/// `NotFound` for the task; `Forbidden` for a service account; `Conflict` in an archived project.
pub async fn start(tx: &Tx, task: Uuid) -> Result<TimeEntry> {
    let _user = tx.ctx().user().ok_or(Kind::Forbidden)?;
    let task = tx.resolve::<Task, _>(task, Read).await?.into_row();
    let blank = TimeEntry::blank(tx.birth(), tx.ctx(), &task);
    tx.authorize_create(&blank).await?;
    // Of two timers started at once, the second waits here and finds the first.
    tx.find::<User>(blank.user_id, true).await?.ok_or(Kind::NotFound)?;
    stop_running(tx, blank.user_id).await?;
    tx.add(TimeEntry { ended_at: None, seconds: None, ..blank }).await
}

/// Stops the timer of the caller on a task.
///
/// # Errors
/// `NotFound` for the task, `Conflict` when the timer is not running on it, `Forbidden` for a
/// service account, and those of the precondition.
pub async fn stop(tx: &Tx, task: Uuid, pre: &Precondition) -> Result<TimeEntry> {
    let user = tx.ctx().user().ok_or(Kind::Forbidden)?;
    policy::permit(tx.ctx(), policy::ResourceType::Task, Action::Read)?;
    policy::permit(tx.ctx(), TimeEntry::TYPE, Action::Update)?;
    // A user may stop their own timer even if they can no longer see the task.
    let Some(entry) = running(tx, user).await?.filter(|entry| entry.task_id == task) else {
        tx.resolve::<Task, _>(task, Read).await?;
        return Err(Error::with(Kind::Conflict, "Your timer is not running on this task."));
    };
    end(tx, entry.id, pre).await
}

/// Stops the running timer of a user, if there is one.
pub(crate) async fn stop_running(tx: &Tx, user: Uuid) -> Result<()> {
    let running = tx.owned::<TimeEntry>().filter(Condition::all().add(Column::RunningKey.eq(user)));
    for entry in tx.all::<TimeEntry>(&running.into_query()).await? {
        end(tx, entry.id, &Precondition::Any).await?;
    }
    Ok(())
}

/// Stops the timers that are running on a task that is moved to the trash. Their users may no
/// longer see the task.
pub(crate) async fn stop_on(tx: &Tx, old: &Task, new: &Task) -> Result<()> {
    if old.is_removed() || !new.is_removed() {
        return Ok(());
    }
    let running = tx.owned::<TimeEntry>().filter(TimeEntry::within(new)).filter(Column::EndedAt.is_null());
    for entry in tx.lock_all::<TimeEntry>(running.into_query()).await? {
        stop_now(tx, entry).await?;
    }
    Ok(())
}

/// Ends an entry now, or at its greatest length if that is earlier.
async fn end(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<TimeEntry> {
    let seen = tx.follow::<TimeEntry, _>(id, Update).await?;
    let row = seen.row().clone();
    if row.ended_at.is_some() {
        return Ok(row);
    }
    tx.check(pre, row.version).await?;
    stop_now(tx, row).await
}

/// Ends a running entry, which the transaction has locked.
async fn stop_now(tx: &Tx, row: TimeEntry) -> Result<TimeEntry> {
    // The clocks of two nodes may differ slightly.
    let end = tx.now().min(row.started_at.plus(LONGEST)).max(row.started_at);
    // Also in a project that was archived meanwhile: otherwise the timer would keep running.
    tx.cascade_update(ChangeType::Stop, row.clone(), TimeEntry { ended_at: Some(end), ..row }).await
}
