//! Recurring tasks. Completing a task creates the next one, by a rule of RFC 5545 section 3.3.10
//! ([`super::rule`]) in the local time of the tenant.
//!
//! Invariant: each date is computed from the intended local time ([`super::local`]). A change of
//! the clocks therefore moves the date that falls into it, and no later one. Only one task has the
//! rule at a time.

use jiff::tz::TimeZone;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Task, TaskStatus,
    local::Local,
    series::{Next, Series, meant, next},
};
use crate::{
    Error, Result, Timestamp, Tx,
    identity::tenant::Tenant,
    kernel::{repository::row::enumeration, time_zone},
};

/// The most characters of a rule.
pub(super) const LONGEST: usize = 500;

/// The date from which the next due date of a recurring task is computed.
///
/// - `from_due`: the first date after the due date. It may have passed when an overdue task is
///   completed.
/// - `from_completion`: the first date after the day of completion. The rule starts on that day.
/// - `next_future`: the first date after the due date that is in the future. Dates that have passed
///   are skipped and do not count for `COUNT`.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    DeriveActiveEnum,
    EnumIter,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum RecurrenceMode {
    /// The first date after the due date. It may have passed when an overdue task is completed.
    #[default]
    FromDue,
    /// The first date after the day of completion. The rule starts on that day.
    FromCompletion,
    /// The first date after the due date that is in the future. Dates that have passed are skipped
    /// and do not count for `COUNT`.
    NextFuture,
}

enumeration!(RecurrenceMode as String);

/// How a task recurs, apart from its rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) mode: RecurrenceMode,
    /// Whether a month without the day in the rule uses its last day instead.
    pub(super) clamp: bool,
}

impl Settings {
    pub(super) fn of(task: &Task) -> Self {
        Self { mode: task.recurrence_mode, clamp: task.month_end_clamp }
    }

    /// The settings of a task with a rule or without one. They are reset when the rule is removed,
    /// and cannot be set without a rule.
    ///
    /// # Errors
    /// `Invalid`, at the rule.
    pub(super) fn with(self, rule: Option<&str>, old: Self) -> Result<Self> {
        if rule.is_some() {
            return Ok(self);
        }
        if self != Self::default() && self != old {
            let message = "A recurrence rule is required for recurrence_mode and month_end_clamp.";
            return Err(Error::field("/recurrence", "required", message));
        }
        Ok(Self::default())
    }
}

/// Refuses a rule that is malformed or never holds, and a rule without a due date.
///
/// # Errors
/// `Invalid`, at the rule or the due date.
pub(super) async fn check(tx: &Tx, rule: Option<&str>, due_at: Option<Timestamp>, clamp: bool) -> Result<()> {
    let Some(rule) = rule else { return Ok(()) };
    let needs = || Error::field("/due_at", "required", "A due date is required for a recurring task.");
    let zone = zone(tx).await?;
    let due = meant(None, due_at.ok_or_else(needs)?, &zone)?;
    next(&Series { rule, clamp, zone: &zone, start: due, after: None }).map(drop)
}

/// Creates the task that follows a completed one, if there is one. The rule passes to the new task,
/// so that no task creates two. The watchers, and the reminders that depend on the due date, are
/// copied. Subtasks and dependencies stay with the completed task.
pub(super) async fn hand_on(tx: &Tx, done: Task) -> Result<Task> {
    if done.recurrence.is_none() {
        return Ok(done);
    }
    let zone = zone(tx).await?;
    // A stored rule that is no longer accepted counts as ended: the task can still be completed.
    if let Some((due, Next { at, local, rule })) = following(&done, tx.now(), &zone).unwrap_or_default() {
        let born = tx.birth();
        let (start_at, start_local) = start_of(&done, due, local, at, &zone)?.unzip();
        let task = Task {
            id: born.id,
            rank: super::rank::last(born.id),
            status: TaskStatus::Todo,
            completed_at: None,
            start_at,
            start_local: start_local.flatten(),
            due_at: Some(at),
            due_local: local.kept(at, &zone),
            recurrence: Some(rule),
            created_at: born.at,
            updated_at: born.at,
            version: 1,
            ..done.clone()
        };
        tx.add_successor(&done, task).await?;
    }
    let Settings { mode, clamp } = Settings::default();
    Ok(Task { recurrence: None, recurrence_mode: mode, month_end_clamp: clamp, ..done })
}

/// The intended due date of a completed task, and the next due date.
fn following(done: &Task, now: Timestamp, zone: &TimeZone) -> Result<Option<(Local, Next)>> {
    let (Some(rule), Some(due_at)) = (&done.recurrence, done.due_at) else { return Ok(None) };
    let due = meant(done.due_local.as_deref(), due_at, zone)?;
    let completed = done.completed_at.unwrap_or(now);
    let Settings { mode, clamp } = Settings::of(done);
    let (start, after) = match mode {
        RecurrenceMode::FromDue => (due, None),
        RecurrenceMode::FromCompletion => (Local::new(meant(None, completed, zone)?.date, due.time), None),
        RecurrenceMode::NextFuture => (due, Some(completed)),
    };
    let found = next(&Series { rule, clamp, zone, start, after })?;
    Ok(found.map(|next| (due, next)))
}

/// The start of the next task and the local time to store with it. In local time, it is as long
/// before the due date as the start of the completed task was.
fn start_of(
    done: &Task,
    due: Local,
    next: Local,
    next_at: Timestamp,
    zone: &TimeZone,
) -> Result<Option<(Timestamp, Option<String>)>> {
    let Some(start_at) = done.start_at else { return Ok(None) };
    let start = meant(done.start_local.as_deref(), start_at, zone)?;
    let moved = next.start_before(start, due).and_then(|moved| Some((moved, moved.instant(zone)?)));
    Ok(moved.map(|(moved, at)| {
        // When the clocks are set back, the start could come after the due date.
        let at = at.min(next_at);
        (at, moved.kept(at, zone))
    }))
}

/// The time zone of the tenant.
async fn zone(tx: &Tx) -> Result<TimeZone> {
    let tenant = tx.find::<Tenant>(tx.ctx().tenant(), false).await?;
    time_zone::find(&tenant.ok_or_else(|| Error::internal("the tenant does not exist"))?.time_zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_go_with_the_rule_and_need_one() {
        let set = Settings { mode: RecurrenceMode::NextFuture, clamp: true };
        let none = Settings::default();
        assert_eq!(set.with(Some("FREQ=DAILY"), none).unwrap(), set);
        assert_eq!(set.with(None, set).unwrap(), none);
        assert_eq!(none.with(None, set).unwrap(), none);
        assert!(set.with(None, none).is_err());
    }
}
