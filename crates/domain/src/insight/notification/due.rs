//! Notifying users of reminders and due dates, when their alarms are due.
//!
//! Invariant: an alarm is taken away in the transaction that notifies of it, so that each rings once, however many servers listen.

use std::time::Duration;

use sea_orm::{QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};

use super::{NotificationKind, tell::of_alarm};
use crate::{
    Repository, Result, System, Tx,
    identity::user::User,
    kernel::{
        error::Kind,
        repository::{Precondition, Resource, Update},
    },
    work::{
        reminder::{
            Reminder,
            alarm::{Alarm, entity, set},
        },
        task::Task,
    },
};

/// How long after it was due that is still node_notifier: a server that was away tells late, but no old stories.
const LATE: Duration = Duration::from_hours(7 * 24);

/// Tells what the tenant's first alarm is about, if one is due. Whether there was one.
///
/// # Errors
/// Those of the store.
pub async fn ring(tx: &Tx) -> Result<bool> {
    let due = tx.owned::<Alarm>().filter(entity::Column::At.lte(tx.now()));
    let first = due.order_by_asc(entity::Column::At).order_by_asc(entity::Column::Id).limit(1);
    let Some(alarm) = tx.all::<Alarm>(&first.into_query()).await?.into_iter().next() else {
        return Ok(false);
    };
    let reminder = tx.find::<Reminder>(alarm.id, false).await?;
    // The task is locked before the alarm, as by who changes its due date.
    let task = tx.find::<Task>(reminder.as_ref().map_or(alarm.id, |it| it.task_id), true).await?;
    // Another server may have told it, and the alarm may have been moved, before its row was locked here.
    if tx.find_internal::<Alarm>(alarm.id).await?.is_none_or(|row| row.at != alarm.at) {
        return Ok(true);
    }
    tx.delete_internal::<Alarm>(alarm.id).await?;
    match (task.filter(|task| task.is_open() && !task.is_removed()), reminder) {
        (Some(task), Some(reminder)) => remind(tx, &task, &reminder).await?,
        (Some(task), None) => tell_of_due_date(tx, &task).await?,
        // Of what is done, or gone, nobody needs to be told.
        (None, _) => {}
    }
    Ok(true)
}

async fn remind(tx: &Tx, task: &Task, reminder: &Reminder) -> Result<()> {
    let Some(user) = tx.find::<User>(reminder.user_id, false).await? else { return Ok(()) };
    // It is the user's own to change, and only as long as they see the task.
    let seen = match tx.seen_by(&user).resolve::<Reminder, _>(reminder.id, Update).await {
        Err(error) if error.kind() == Kind::NotFound => return Ok(()),
        seen => seen?,
    };
    let row = Reminder { fired_at: Some(tx.now()), ..seen.row().clone() };
    tx.update_as("fire", seen, row, &Precondition::Any).await?;
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
    /// Tenants of whom an alarm is due, the one that waits longest first: each gets its turn.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn tenants_with_alarms(&self, system: &System, most: u64) -> Result<Vec<Uuid>> {
        self.tenants_due(system, "alarm", "at", most).await
    }
}
