//! Alarms: the instants at which there is something to tell, of a reminder or of a task's due date.
//!
//! Invariant: an alarm is set in the transaction of what it depends on, and taken away in the transaction that writes what it told. So each rings once,
//! however many servers listen. It has the id of what it is about, a reminder or a task, which may be gone when it rings.

use std::time::Duration;

use futures::future::BoxFuture;
use sea_orm::{QueryFilter, QueryTrait, entity::prelude::*};

use super::{Reminder, before, entity as reminders};
use crate::{
    Instant, Result, Tx,
    store::{Noun, ReactsTo, Written, entity},
    task::Task,
};

/// How long before a task is due it is due soon.
const SOON: Duration = Duration::from_hours(24);

entity! {
    pub(crate) struct Alarm in "alarm", unversioned {
        pub at: Instant,
    }
}

/// The due date that there is something to tell about: an open task's.
pub(super) fn due(task: Option<&Task>) -> Option<Instant> {
    task.filter(|task| task.is_open() && !task.is_removed()).and_then(|task| task.due_at)
}

/// The next instant at which there is something to tell about a due date. What is past already is none: who set the date knows it.
fn next(due: Instant, now: Instant) -> Option<Instant> {
    [due.minus(SOON), due].into_iter().find(|at| *at > now)
}

/// Sets the alarm of a row, and none when there is no instant, or one that is past.
pub(crate) async fn set(tx: &Tx, id: Uuid, at: Option<Instant>) -> Result<()> {
    tx.forget::<Alarm>(id).await?;
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

/// Sets the alarms that depend on a task's due date: its own, and those of reminders that go by it.
async fn of_task(tx: &Tx, old: Option<&Task>, new: Option<&Task>) -> Result<()> {
    let (before_it, after) = (due(old), due(new));
    let Some(Task { tenant_id, id, .. }) = old.or(new).filter(|_| before_it != after) else { return Ok(()) };
    let at = after.and_then(|due| next(due, tx.now()));
    if old.is_none() {
        // A new task has no alarm to be forgotten and no reminders, and its row waits: so does this.
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

/// Sets the alarm of a reminder by a due date of its task that is another now. What is past already while the due date is yet to come rings at once: it
/// is late, and not lost.
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
