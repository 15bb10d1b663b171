//! The writable fields of a time entry: a start, and either an end or a duration.
//!
//! Invariant: a stopped entry has an end that is not in the future, not before its start and at
//! most 24 hours after it.

use std::time::Duration;

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{LONGEST, TimeEntry, wrong};
use crate::{Error, Instant, Result, kernel::input::one_line};

/// The writable fields of a time entry.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeEntryInput {
    /// The date and time (UTC) at which the work started, from 1970 on and not in the future.
    #[garde(skip)]
    #[schema(example = "2026-01-30T09:00:00Z")]
    started_at: Instant,
    /// The date and time (UTC) at which the work ended: not in the future, not before the start,
    /// and at most 24 hours after it. Either this or `minutes` is required, unless a timer is
    /// running.
    #[serde(default)]
    #[garde(skip)]
    #[schema(example = "2026-01-30T10:30:00Z")]
    ended_at: Option<Instant>,
    /// The duration in minutes, from 0 to 1440, in place of `ended_at`. In an update it replaces
    /// the present end.
    #[serde(default)]
    #[garde(range(min = 0, max = 1440))]
    #[schema(minimum = 0, maximum = 1440, example = 90)]
    minutes: Option<u32>,
    /// A note on the work, on one line, or null.
    #[serde(default)]
    #[garde(length(chars, max = 500), custom(one_line))]
    #[schema(format = "line", max_length = 500, example = "Second draft")]
    pub(super) note: Option<String>,
}

impl From<&TimeEntry> for TimeEntryInput {
    fn from(row: &TimeEntry) -> Self {
        Self { started_at: row.started_at, ended_at: row.ended_at, minutes: None, note: row.note.clone() }
    }
}

impl TimeEntryInput {
    /// The start and the end that result from an input over the present entry.
    pub(super) fn span(&self, present: &TimeEntry, now: Instant) -> Result<(Instant, Option<Instant>)> {
        let start = self.started_at;
        if start > now || start.micros() < 0 {
            return Err(wrong("started_at", "Must be 1970-01-01T00:00:00Z or later, and not in the future."));
        }
        let (field, end) = match (self.ended_at, self.minutes) {
            (Some(end), None) => ("ended_at", end),
            (Some(end), Some(_)) if present.ended_at != Some(end) => {
                return Err(wrong("minutes", "Must be absent when ended_at is given."));
            }
            (_, Some(minutes)) => ("minutes", start.plus(Duration::from_mins(minutes.into()))),
            (None, None) if present.ended_at.is_none() => return Ok((start, None)),
            (None, None) => {
                let message = "One of ended_at and minutes is required. A running entry is created by starting \
                               the timer of a task.";
                return Err(Error::field("/ended_at", "required", message));
            }
        };
        if end > now {
            return Err(wrong(field, "The end must not be in the future."));
        }
        if end < start {
            return Err(wrong(field, "The end must not be before the start."));
        }
        if end > start.plus(LONGEST) {
            return Err(wrong(field, "A time entry must be at most 24 hours long."));
        }
        Ok((start, Some(end)))
    }
}
