//! Notifying users of reminders and due dates, when their alarms are due.
//!
//! Invariant: an alarm is deleted in the transaction that notifies of it. So each alarm notifies
//! once, whatever the number of servers.

use std::time::Duration;

use sea_orm::{QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};

use super::{NotificationKind, notify::of_alarm};
use crate::{
    Repository, Result, System, Tx,
    identity::user::User,
    kernel::{
        change::ChangeType,
        error::Kind,
        repository::{Stored, Update},
    },
    work::{
        reminder::{
            Reminder,
            alarm::{Alarm, entity, set},
        },
        task::Task,
    },
};

/// How late a user is still notified of a due date, after the server was down. Older due dates are
/// not reported.
const LATE: Duration = Duration::from_hours(7 * 24);

/// Handles the first due alarm of the tenant. Returns whether there was one.
///
/// # Errors
/// Those of the repository.
pub async fn ring(tx: &Tx) -> Result<bool> {
    let due = tx.owned::<Alarm>().filter(entity::Column::At.lte(tx.now()));
    let first = due.order_by_asc(entity::Column::At).order_by_asc(entity::Column::Id).limit(1);
    let Some(alarm) = tx.all::<Alarm>(&first.into_query()).await?.into_iter().next() else {
        return Ok(false);
    };
    let reminder = tx.find::<Reminder>(alarm.id, false).await?;
    // The task is locked before the alarm, in the same order as by a change of the due date.
    let task = tx.find::<Task>(reminder.as_ref().map_or(alarm.id, |it| it.task_id), true).await?;
    // Before the row was locked here, another server may have handled the alarm, or it may have
    // been moved.
    if tx.find_internal::<Alarm>(alarm.id).await?.is_none_or(|row| row.at != alarm.at) {
        return Ok(true);
    }
    tx.delete_internal::<Alarm>(alarm.id).await?;
    match (task.filter(|task| task.is_open() && !task.is_removed()), reminder) {
        (Some(task), Some(reminder)) => remind(tx, &task, &reminder).await?,
        (Some(task), None) => tell_of_due_date(tx, &task).await?,
        // Nobody is notified of a completed or deleted task.
        (None, _) => {}
    }
    Ok(true)
}

async fn remind(tx: &Tx, task: &Task, reminder: &Reminder) -> Result<()> {
    let Some(user) = tx.find::<User>(reminder.user_id, false).await? else { return Ok(()) };
    // Users may change their own reminders, as long as they see the task.
    let seen = match tx.seen_by(&user).resolve::<Reminder, _>(reminder.id, Update).await {
        Err(error) if error.kind() == Kind::NotFound => return Ok(()),
        seen => seen?,
    };
    let old = seen.into_row();
    // A reminder fires in an archived project too: the server changes it, and not the user.
    tx.cascade_update(ChangeType::Fire, old.clone(), Reminder { fired_at: Some(tx.now()), ..old }).await?;
    of_alarm(tx, NotificationKind::Reminder, task, user.id).await
}

async fn tell_of_due_date(tx: &Tx, task: &Task) -> Result<()> {
    let Some(due) = task.due_at else { return Ok(()) };
    let kind = if tx.now() < due { NotificationKind::DueSoon } else { NotificationKind::Overdue };
    if kind == NotificationKind::DueSoon {
        set(tx, task.id, Some(due)).await?;
    }
    match task.assignee_id.or(task.owner_id).filter(|_| tx.now() < due.plus(LATE)) {
        Some(user) => of_alarm(tx, kind, task, user).await,
        None => Ok(()),
    }
}

impl Repository {
    /// The tenants with due alarms, the one with the oldest first. Tenants take turns.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn tenants_with_alarms(&self, system: &System, most: u64) -> Result<Vec<Uuid>> {
        self.tenants_due(system, "alarm", "at", most).await
    }
}
