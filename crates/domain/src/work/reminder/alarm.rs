//! Alarms: the scheduled times of reminders and of notifications about due dates.
//!
//! Invariant: an alarm is set in the transaction that it depends on, and deleted in the transaction
//! that writes its notification. It therefore fires once, however many servers run. Its id is that
//! of the reminder or the task that it is for, which may be gone when the alarm fires.

use std::time::Duration;

use futures::future::BoxFuture;
use sea_orm::{QueryFilter, QueryTrait, entity::prelude::*};

use super::{Reminder, before, entity as reminders};
use crate::{
    Result, Timestamp, Tx,
    kernel::repository::{ReactsTo, Stored, Written, entity},
    work::task::Task,
};

/// How long before its due date a task is due soon.
const SOON: Duration = Duration::from_hours(24);

entity! {
    pub(crate) struct Alarm in "alarm", unversioned {
        /// The time at which the alarm fires.
        pub at: Timestamp,
    }
}

/// The due date that needs an alarm: that of an open task that is not in the trash.
pub(super) fn due(task: Option<&Task>) -> Option<Timestamp> {
    task.filter(|task| task.is_open() && !task.is_removed()).and_then(|task| task.due_at)
}

/// The next time at which to notify about a due date. Times that have passed are skipped: the user
/// who set the date knows of them.
fn next(due: Timestamp, now: Timestamp) -> Option<Timestamp> {
    [due.minus(SOON), due].into_iter().find(|at| *at > now)
}

/// Sets the alarm of a row, or removes it when there is no time or the time has passed.
pub(crate) async fn set(tx: &Tx, id: Uuid, at: Option<Timestamp>) -> Result<()> {
    tx.delete_internal::<Alarm>(id).await?;
    match at.filter(|at| *at > tx.now()) {
        Some(at) => keep(tx, id, at).await,
        None => Ok(()),
    }
}

impl ReactsTo<Task> for Reminder {
    fn react<'a>(
        tx: &'a Tx,
        Written { old, new, .. }: Written<'a, Task>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        Some(Box::pin(of_task(tx, old, new)))
    }
}

/// Sets the alarms that depend on the due date of a task: its own, and those of its reminders.
async fn of_task(tx: &Tx, old: Option<&Task>, new: Option<&Task>) -> Result<()> {
    let (before_it, after) = (due(old), due(new));
    let Some(Task { tenant_id, id, .. }) = old.or(new).filter(|_| before_it != after) else { return Ok(()) };
    let at = after.and_then(|due| next(due, tx.now()));
    if old.is_none() {
        // A new task has no alarm to delete and no reminders. Its row is written in a batch, and so
        // is its alarm.
        if let Some(at) = at {
            tx.insert_internal_later(&Alarm { tenant_id: *tenant_id, id: *id, at })?;
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
pub(super) async fn set_before(tx: &Tx, reminder: &Reminder, due: Option<Timestamp>) -> Result<()> {
    tx.delete_internal::<Alarm>(reminder.id).await?;
    let due = due.filter(|due| *due > tx.now());
    match before(due, reminder.before_due_minutes) {
        Some(at) => keep(tx, reminder.id, Ord::max(at, tx.now())).await,
        None => Ok(()),
    }
}

async fn keep(tx: &Tx, id: Uuid, at: Timestamp) -> Result<()> {
    tx.insert_internal(&Alarm { tenant_id: tx.ctx().tenant(), id, at }).await
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
