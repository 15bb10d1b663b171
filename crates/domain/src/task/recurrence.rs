//! Tasks that come again: rules as in RFC 5545 section 3.3.10, read by the tenant's clock on the wall.
//!
//! Invariant: to find out when a rule holds next costs a bounded amount of work ([`super::days`]), because it is done while others wait to write.

use std::str::FromStr;

use chrono::{NaiveDate, NaiveTime, Timelike};
use rrule::{Frequency, NWeekday, RRule, Unvalidated};

use super::{Task, TaskStatus, days::Days};
use crate::{Error, Instant, Result, Tx, reminder, tenant::Tenant, watcher};

/// The most characters of a rule.
pub(super) const LONGEST: usize = 500;

/// Refuses what is no rule, and a rule without a due date to begin with.
///
/// # Errors
/// `Invalid`, at the rule or the due date.
pub(super) async fn check(tx: &Tx, rule: Option<&str>, due_at: Option<Instant>) -> Result<()> {
    let Some(rule) = rule else { return Ok(()) };
    let needs = || Error::field("/due_at", "required", "A task that comes again needs a due date.");
    next(rule, due_at.ok_or_else(needs)?, &zone(tx).await?).map(drop)
}

/// Makes the task that comes after one that is done, if any does. The rule is the new one's from now on, so that no task makes two. Who watches the one
/// watches the other, and is reminded of it as long before; its parts and what it waits for are of the one that is done.
pub(super) async fn hand_on(tx: &Tx, done: Task) -> Result<Task> {
    let (Some(rule), Some(due_at)) = (&done.recurrence, done.due_at) else { return Ok(done) };
    // A rule that was kept and is refused by now has come to its end: the task can be done all the same.
    if let Some((next_due, left)) = next(rule, due_at, &zone(tx).await?).unwrap_or_default() {
        let born = tx.birth();
        let later = next_due.micros() - due_at.micros();
        let start_at = done.start_at.map(|start| Instant::from_micros(start.micros() + later));
        let task = Task {
            id: born.id,
            rank: super::rank::last(born.id),
            status: TaskStatus::Todo,
            completed_at: None,
            start_at,
            due_at: Some(next_due),
            recurrence: Some(left),
            created_at: born.at,
            updated_at: born.at,
            version: 1,
            ..done.clone()
        };
        let task = tx.add(task).await?;
        watcher::hand_on(tx, done.id, task.id).await?;
        reminder::hand_on(tx, done.id, &task).await?;
    }
    Ok(Task { recurrence: None, ..done })
}

async fn zone(tx: &Tx) -> Result<String> {
    let tenant = tx.find::<Tenant>(tx.ctx().tenant(), false).await?;
    Ok(tenant.map(|tenant| tenant.time_zone).unwrap_or_default())
}

fn wrong(why: impl Into<String>) -> Error {
    Error::field("/recurrence", "invalid_value", why.into())
}

fn no_rule(error: &rrule::RRuleError) -> Error {
    wrong(format!("Not a rule as in RFC 5545: {error}."))
}

/// Reads a rule that a task can come again by.
fn read(rule: &str) -> Result<RRule<Unvalidated>> {
    // The library would read a line of a calendar too, whose name is no part of the rule.
    if rule.contains(':') {
        return Err(wrong("Give the rule alone, without a name before it."));
    }
    // RFC 5545 knows no other letters, and the library takes apart what it reads by octets, without a look at where a letter ends.
    if !rule.is_ascii() {
        return Err(wrong("Not a rule as in RFC 5545: it has letters beyond A to Z."));
    }
    let read = RRule::<Unvalidated>::from_str(rule).map_err(|error| no_rule(&error))?;
    let by_number = read.get_by_weekday().iter().any(|day| matches!(day, NWeekday::Nth(..)));
    match read.get_freq() {
        Frequency::Secondly | Frequency::Minutely | Frequency::Hourly => {
            return Err(wrong("A task comes again daily at most."));
        }
        Frequency::Daily | Frequency::Weekly if by_number => {
            return Err(wrong("BYDAY has numbers with FREQ=MONTHLY and FREQ=YEARLY alone."));
        }
        _ => {}
    }
    if read.get_interval() == 0 || read.get_count() == Some(0) {
        return Err(wrong("INTERVAL and COUNT are at least 1."));
    }
    if [read.get_by_hour(), read.get_by_minute(), read.get_by_second()].iter().any(|times| !times.is_empty())
    {
        return Err(wrong("The time of day is that of the due date."));
    }
    Ok(read)
}

/// The instant after this one at which a rule holds, and the rule that is left then. `None`: it has come to its end.
///
/// # Errors
/// `Invalid`, at the rule, for one that is none, and for one that never holds.
pub(super) fn next(rule: &str, from: Instant, zone: &str) -> Result<Option<(Instant, String)>> {
    let zone = zone.parse::<chrono_tz::Tz>().unwrap_or(chrono_tz::UTC);
    let start = chrono::DateTime::from_timestamp_micros(from.micros())
        .ok_or_else(|| wrong("The due date is out of range."))?
        .with_timezone(&zone);
    let read = read(rule)?;
    let (count, until) = (read.get_count(), read.get_until().map(chrono::DateTime::timestamp));
    let month_days = read.get_by_month_day().to_vec();
    let read = read.validate(start.with_timezone(&rrule::Tz::from(zone))).map_err(|error| no_rule(&error))?;
    let naive = start.naive_local();
    let time = naive.time().with_nanosecond(0).unwrap_or_default();
    let found = Days::of(&read, &month_days)
        .find(naive.date(), |date| local(date, time, zone).filter(|seconds| *seconds > start.timestamp()));
    let seconds = found.ok_or_else(|| wrong("The rule does not hold within forty years, or never."))?;
    if count == Some(1) || until.is_some_and(|until| seconds > until) {
        return Ok(None);
    }
    let micros = seconds.saturating_mul(1_000_000);
    let next = Instant::from_micros(micros);
    // Beyond the last instant that there is nothing comes.
    if next.micros() != micros {
        return Ok(None);
    }
    let left = match count {
        // One has passed.
        Some(count) => replaced_count(rule, count - 1)?,
        None => rule.to_owned(),
    };
    Ok(Some((next, left)))
}

/// The seconds of a time of day on a day. What the clock skips is as long after midnight; what it shows twice is the first.
fn local(date: NaiveDate, time: NaiveTime, zone: chrono_tz::Tz) -> Option<i64> {
    if let Some(found) = date.and_time(time).and_local_timezone(zone).single() {
        return Some(found.timestamp());
    }
    let midnight = date.and_time(NaiveTime::MIN).and_local_timezone(zone).single()?;
    Some(midnight.timestamp() + i64::from(time.num_seconds_from_midnight()))
}

/// The rule with another count in the place of its own.
fn replaced_count(rule: &str, count: u32) -> Result<String> {
    let part = |part: &str| {
        let is_count = part.get(..6).is_some_and(|name| name.eq_ignore_ascii_case("COUNT="));
        if is_count { format!("COUNT={count}") } else { part.to_owned() }
    };
    let left = rule.split(';').map(part).collect::<Vec<_>>().join(";");
    // One that counted on would never end.
    if read(&left)?.get_count() == Some(count) { Ok(left) } else { Err(wrong("Its COUNT can't be read.")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The parts of a rule, good and bad ones, in any number.
    const PARTS: &str = "(FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY|[A-Z]{0,3});)?((INTERVAL|COUNT|WKST|BYMONTHDAY|BYYEARDAY|BYWEEKNO|BYMONTH|BYSETPOS|BYEASTER|X)=-?[0-9]{0,5}(,-?[0-9]{1,3}){0,2};|BYDAY=[-+]?[0-9]{0,2}(MO|SU|.)(,TU|,.U)?;|UNTIL=[0-9]{8}(T[0-9]{6}Z?)?;){0,4}.{0,2}";

    proptest! {
        /// Whatever the rule, the instant and the zone: what comes next comes later, and what is left is a rule.
        #[test]
        fn what_comes_next_comes_later(
            parts in PARTS,
            micros in prop_oneof![any::<i64>(), 0..4_102_444_800_000_000i64],
            zone in "UTC|Europe/Berlin|Pacific/Apia|America/Sao_Paulo|.{0,3}",
        ) {
            let from = Instant::from_micros(micros);
            if let Ok(Some((later, left))) = next(parts.trim_end_matches(';'), from, &zone) {
                prop_assert!(later > from);
                prop_assert!(read(&left).is_ok(), "{left}");
            }
        }

        /// A rule that counts comes as often as it counts.
        #[test]
        fn a_rule_comes_as_often_as_it_counts(count in 1usize..9, interval in 1u32..99, freq in "DAILY|WEEKLY|MONTHLY|YEARLY") {
            let rule = format!("freq={freq};count={count};INTERVAL={interval}");
            prop_assert_eq!(all(&rule, "2026-11-02T09:00:00Z", "Europe/Berlin", 99).len(), count - 1);
        }
    }

    /// Rules that the library reads as they are meant, and in which something holds now and then.
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

    proptest! {
        /// What is found in bounded time is what the library finds.
        #[test]
        fn the_library_finds_the_same(
            rule in usual(),
            seconds in 0..4_102_444_800i64,
            zone in "UTC|Europe/Berlin|Pacific/Apia|America/Sao_Paulo",
        ) {
            let known_zone = rrule::Tz::from(zone.parse::<chrono_tz::Tz>().unwrap());
            let start = chrono::DateTime::from_timestamp(seconds, 0).unwrap().with_timezone(&known_zone);
            let known = RRule::<Unvalidated>::from_str(&rule).unwrap().build(start).unwrap().all(2).dates;
            let known = known.into_iter().map(|date| date.timestamp()).find(|found| *found > seconds);
            match next(&rule, Instant::from_micros(seconds * 1_000_000), &zone) {
                Ok(found) => prop_assert_eq!(found.map(|(at, _)| at.micros() / 1_000_000), known, "{}", rule),
                // Too far, if at all.
                Err(_) => prop_assert!(known.is_none_or(|known| known - seconds > 40 * 365 * 86_400), "{}", rule),
            }
        }
    }

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn all(rule: &str, from: &str, zone: &str, most: usize) -> Vec<String> {
        let (mut rule, mut from, mut found) = (rule.to_owned(), at(from), Vec::new());
        while let Some((next, left)) = next(&rule, from, zone).unwrap().filter(|_| found.len() < most) {
            found.push(next.to_string());
            (rule, from) = (left, next);
        }
        found
    }

    #[test]
    fn a_count_counts_the_first() {
        let found = all("FREQ=WEEKLY;COUNT=3;BYDAY=MO", "2026-11-02T09:00:00Z", "UTC", 9);
        assert_eq!(found, ["2026-11-09T09:00:00.000000Z", "2026-11-16T09:00:00.000000Z"]);
    }

    #[test]
    fn an_end_ends() {
        let found = all("FREQ=DAILY;UNTIL=20261104T090000Z", "2026-11-02T09:00:00Z", "UTC", 9);
        assert_eq!(found, ["2026-11-03T09:00:00.000000Z", "2026-11-04T09:00:00.000000Z"]);
    }

    /// Nine o'clock stays nine o'clock when the clocks are put forward.
    #[test]
    fn the_clock_on_the_wall_counts() {
        let found = all("FREQ=DAILY", "2026-03-28T08:00:00Z", "Europe/Berlin", 2);
        assert_eq!(found, ["2026-03-29T07:00:00.000000Z", "2026-03-30T07:00:00.000000Z"]);
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for rule in [
            "",
            "daily",
            "FREQ=HOURLY",
            "FREQ=SECONDLY",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;BYDAY=XX",
            "FREQ=DAILY;BYHOUR=9",
            "FREQ=DAILY;BYMINUTE=0,1",
            "FREQ=DAILY;BYSECOND=0",
            "FREQ=WEEKLY;BYDAY=\u{22c}U",
            "FREQ=DAILY;\u{22c}",
            "RRULE:FREQ=DAILY",
            "RRULE:COUNT=3;FREQ=DAILY",
            "rrule:FREQ=DAILY;COUNT=3",
            "FREQ=DAILY:COUNT=3",
            "FREQ=WEEKLY;BYDAY=2MO",
        ] {
            assert!(next(rule, at("2026-11-02T09:00:00Z"), "UTC").is_err(), "{rule}");
        }
    }

    /// The library would look through thousands of years for each of these.
    #[test]
    fn what_never_holds_is_refused_soon() {
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
            format!("FREQ=DAILY;BYMONTH=1;BYSETPOS=2,{positions}"),
            format!("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2,{positions}"),
            "FREQ=YEARLY;BYDAY=5MO,5TU;BYMONTH=2;BYMONTHDAY=1".to_owned(),
            "FREQ=YEARLY;INTERVAL=65535;BYMONTH=2;BYMONTHDAY=30".to_owned(),
            "FREQ=DAILY;INTERVAL=65535;BYMONTH=2;BYMONTHDAY=30".to_owned(),
        ];
        for rule in &rules {
            assert!(next(rule, at("2026-11-02T09:00:00Z"), "Europe/Berlin").is_err(), "{rule}");
        }
    }

    #[test]
    fn what_holds_seldom_comes() {
        let found = all("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "2072-02-29T09:00:00Z", "UTC", 2);
        assert_eq!(found, ["2112-02-29T09:00:00.000000Z", "2140-02-29T09:00:00.000000Z"]);
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

    /// RFC 5545 takes either of them, and so a rule that names both is one of both.
    #[test]
    fn days_with_and_without_numbers_add_up() {
        let found = all("FREQ=MONTHLY;BYDAY=MO,2TU", "2026-11-02T09:00:00Z", "UTC", 2);
        assert_eq!(found, ["2026-11-09T09:00:00.000000Z", "2026-11-10T09:00:00.000000Z"]);
    }
}
