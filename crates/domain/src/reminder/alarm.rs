//! Alarms: the scheduled times of reminders and of notifications about due dates.
//!
//! Invariant: an alarm is set in the transaction that it depends on, and deleted in the transaction
//! that writes its notification. It therefore fires once, however many servers run. Its id is that
//! of the reminder or the task that it is for, which may be gone when the alarm fires.

use std::time::Duration;

use sea_orm::{QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};

use super::{Reminder, before, entity as reminders};
use crate::{
    Instant, Result, Store, System, Tx,
    error::Kind,
    notification::{self, NotificationKind},
    store::{Noun, Precondition, Update, entity},
    task::Task,
    user::User,
};

/// How long before its due date a task is due soon.
const SOON: Duration = Duration::from_hours(24);
/// How long after the due date users are still notified. After an outage, older due dates are
/// skipped.
const LATE: Duration = Duration::from_hours(7 * 24);

entity! {
    pub(crate) struct Alarm in "alarm", unversioned {
        /// The time at which the alarm fires.
        pub at: Instant,
    }
}

/// The due date that needs an alarm: that of an open task that is not in the trash.
pub(super) fn due(task: Option<&Task>) -> Option<Instant> {
    task.filter(|task| task.is_open() && !task.is_removed()).and_then(|task| task.due_at)
}

/// The next time at which to notify about a due date. Times that have passed are skipped: the user
/// who set the date knows of them.
fn next(due: Instant, now: Instant) -> Option<Instant> {
    [due.minus(SOON), due].into_iter().find(|at| *at > now)
}

/// Sets the alarm of a row, or removes it when there is no time or the time has passed.
pub(super) async fn set(tx: &Tx, id: Uuid, at: Option<Instant>) -> Result<()> {
    tx.forget::<Alarm>(id).await?;
    match at.filter(|at| *at > tx.now()) {
        Some(at) => keep(tx, id, at).await,
        None => Ok(()),
    }
}

/// Sets the alarms that depend on the due date of a task: its own, and those of its reminders.
pub(crate) async fn of_task(tx: &Tx, old: Option<&Task>, new: Option<&Task>) -> Result<()> {
    let (before_it, after) = (due(old), due(new));
    let Some(Task { tenant_id, id, .. }) = old.or(new).filter(|_| before_it != after) else { return Ok(()) };
    let at = after.and_then(|due| next(due, tx.now()));
    if old.is_none() {
        // A new task has no alarm to delete and no reminders. Its row is written in a batch, and so
        // is its alarm.
        if let Some(at) = at {
            tx.keep_later(&Alarm { tenant_id: *tenant_id, id: *id, at })?;
        }
        return Ok(());
    }
    set(tx, *id, at).await?;
    let waiting = tx
        .owned::<Reminder>()
        .filter(reminders::Column::TaskId.eq(*id))
        .filter(reminders::Column::BeforeDueMinutes.is_not_null())
        .filter(reminders::Column::FiredAt.is_null());
    for reminder in tx.all::<Reminder>(&waiting.into_query()).await? {
        set_before(tx, &reminder, after).await?;
    }
    Ok(())
}

/// Sets the alarm of a reminder after its task got another due date. If its time has passed but the
/// due date has not, it fires at once: late, but not lost.
pub(super) async fn set_before(tx: &Tx, reminder: &Reminder, due: Option<Instant>) -> Result<()> {
    tx.forget::<Alarm>(reminder.id).await?;
    let due = due.filter(|due| *due > tx.now());
    match before(due, reminder.before_due_minutes) {
        Some(at) => keep(tx, reminder.id, Ord::max(at, tx.now())).await,
        None => Ok(()),
    }
}

async fn keep(tx: &Tx, id: Uuid, at: Instant) -> Result<()> {
    tx.keep(&Alarm { tenant_id: tx.ctx().tenant(), id, at }).await
}

/// Fires the first alarm of the tenant that is due. Returns whether there was one.
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
    // The task is locked before the alarm, in the same order as in a change of its due date.
    let task = tx.find::<Task>(reminder.as_ref().map_or(alarm.id, |it| it.task_id), true).await?;
    // Another server may have fired or moved the alarm before its row was locked here.
    if tx.kept::<Alarm>(alarm.id).await?.is_none_or(|row| row.at != alarm.at) {
        return Ok(true);
    }
    tx.forget::<Alarm>(alarm.id).await?;
    match (task.filter(|task| task.is_open() && !task.is_removed()), reminder) {
        (Some(task), Some(reminder)) => remind(tx, &task, &reminder).await?,
        (Some(task), None) => tell_of_due_date(tx, &task).await?,
        // Nobody is notified about a task that is done, cancelled, deleted or gone.
        (None, _) => {}
    }
    Ok(true)
}

async fn remind(tx: &Tx, task: &Task, reminder: &Reminder) -> Result<()> {
    let Some(user) = tx.find::<User>(reminder.user_id, false).await? else { return Ok(()) };
    // Resolved as the user, who may change it only while they see the task.
    let seen = match tx.seen_by(&user).resolve::<Reminder, _>(reminder.id, Update).await {
        Err(error) if error.kind() == Kind::NotFound => return Ok(()),
        seen => seen?,
    };
    let row = Reminder { fired_at: Some(tx.now()), ..seen.row().clone() };
    tx.update_as("fire", seen, row, &Precondition::Any).await?;
    notification::of_alarm(tx, NotificationKind::Reminder, task, user.id).await
}

async fn tell_of_due_date(tx: &Tx, task: &Task) -> Result<()> {
    let Some(due) = task.due_at else { return Ok(()) };
    let kind = if tx.now() < due { NotificationKind::DueSoon } else { NotificationKind::Overdue };
    if kind == NotificationKind::DueSoon {
        set(tx, task.id, Some(due)).await?;
    }
    match task.assignee_id.or(task.owner_id).filter(|_| tx.now() < due.plus(LATE)) {
        Some(user) => notification::of_alarm(tx, kind, task, user).await,
        None => Ok(()),
    }
}

impl Store {
    /// The tenants with an alarm that is due, the longest overdue first, so that each gets its
    /// turn.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn tenants_with_alarms(&self, system: &System, most: u64) -> Result<Vec<Uuid>> {
        self.tenants_due(system, "alarm", "at", most).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

    #[test]
    fn a_due_date_is_told_of_a_day_before_and_when_it_is_there() {
        let now = Clock::manual().now();
        let hours = |hours| Duration::from_hours(hours);
        assert_eq!(next(now.plus(hours(48)), now), Some(now.plus(hours(24))));
        assert_eq!(next(now.plus(hours(24)), now), Some(now.plus(hours(24))), "a day before is now");
        assert_eq!(next(now.plus(hours(1)), now), Some(now.plus(hours(1))));
        assert_eq!(next(now, now), None);
    }
}
