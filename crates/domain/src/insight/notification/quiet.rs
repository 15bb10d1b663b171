//! Quiet hours: when email to a user is held back, in their local time.
//!
//! Invariant: quiet hours only delay an email. If they cannot be computed, it is sent at once.

use jiff::ToSpan;

use crate::{
    Timestamp,
    kernel::time_zone::{self, time_of_day},
};

/// The end of the quiet hours that contain a timestamp; `None` if it is outside them. Quiet hours
/// may span midnight. If the clock skips their end, they end that much later.
pub(super) fn end(now: Timestamp, zone: &str, from: &str, until: &str) -> Option<Timestamp> {
    let (from, until) = (time_of_day(from)?, time_of_day(until)?);
    // A problem with a zone must not stop mail: an unknown zone has no quiet hours.
    let zone = time_zone::find(zone).ok()?;
    let local = zone.to_datetime(jiff::Timestamp::from_microsecond(now.micros()).ok()?);
    let at = local.time();
    let quiet = if from <= until { from <= at && at < until } else { from <= at || at < until };
    if !quiet {
        return None;
    }
    let day = if at < until { local.date() } else { local.date().checked_add(1.day()).ok()? };
    let end = zone.to_timestamp(day.to_datetime(until)).ok()?;
    // In an hour that occurs twice, the end may have passed already.
    Some(Timestamp::from_micros(end.as_microsecond())).filter(|end| *end > now)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ends(now: &str, zone: &str, from: &str, until: &str) -> Option<String> {
        end(now.parse().unwrap(), zone, from, until).map(|at| at.to_string())
    }

    #[test]
    fn mail_waits_until_the_morning_where_the_user_is() {
        let berlin = |now| ends(now, "Europe/Berlin", "22:00", "07:00");
        assert_eq!(berlin("2026-01-31T20:59:59Z"), None);
        assert_eq!(berlin("2026-01-31T21:00:00Z").unwrap(), "2026-02-01T06:00:00.000000Z");
        assert_eq!(berlin("2026-02-01T05:59:59Z").unwrap(), "2026-02-01T06:00:00.000000Z");
        assert_eq!(berlin("2026-02-01T06:00:00Z"), None);
        // In summer the offset differs.
        assert_eq!(berlin("2026-07-01T21:00:00Z").unwrap(), "2026-07-02T05:00:00.000000Z");
        // The night in which the clocks are set forward is an hour shorter.
        assert_eq!(berlin("2026-03-28T21:00:00Z").unwrap(), "2026-03-29T05:00:00.000000Z");
        let noon = |now| ends(now, "Asia/Kolkata", "12:00", "13:30");
        assert_eq!(noon("2026-01-31T06:30:00Z").unwrap(), "2026-01-31T08:00:00.000000Z");
        assert_eq!(noon("2026-01-31T08:00:00Z"), None);
        assert_eq!(ends("2026-01-31T06:30:00Z", "Europe/Atlantis", "00:00", "23:59"), None);
    }

    proptest! {
        /// The end is in the future, within a day and a clock change.
        #[test]
        fn the_end_ends_it(at in 0i64..4_000_000_000, from in 0..1440, until in 0..1440, zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Pacific/Chatham"])) {
            let text = |minutes: i32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
            let (now, from, until) = (Timestamp::from_micros(at * 1_000_000), text(from), text(until));
            if let Some(end_of_it) = end(now, zone, &from, &until) {
                prop_assert!(end_of_it > now && end_of_it.micros() - now.micros() <= 26 * 3600 * 1_000_000);
            }
        }
    }
}
