//! Tasks that come again: rules as in RFC 5545 section 3.3.10, read by the tenant's clock on the wall.

use std::str::FromStr;

use rrule::{Frequency, RRule, Tz, Unvalidated};

use super::{Task, TaskStatus};
use crate::{Error, Instant, Result, Tx, tenant::Tenant};

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

/// Makes the task that comes after one that is done, if any does. The rule is the new one's from now on, so that no task makes two.
pub(super) async fn hand_on(tx: &Tx, done: Task) -> Result<Task> {
    let (Some(rule), Some(due_at)) = (&done.recurrence, done.due_at) else { return Ok(done) };
    if let Some((next_due, left)) = next(rule, due_at, &zone(tx).await?)? {
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
        tx.add(task).await?;
    }
    Ok(Task { recurrence: None, ..done })
}

async fn zone(tx: &Tx) -> Result<String> {
    let tenant = tx.find::<Tenant>(tx.ctx().tenant(), false).await?;
    Ok(tenant.map(|tenant| tenant.time_zone).unwrap_or_default())
}

/// The instant after this one at which a rule holds, and the rule that is left then. `None`: it has come to its end.
///
/// # Errors
/// `Invalid`, at the rule, for one that is none.
pub(super) fn next(rule: &str, from: Instant, zone: &str) -> Result<Option<(Instant, String)>> {
    let wrong = |why: String| Error::field("/recurrence", "invalid_value", why);
    let zone: Tz = zone.parse::<chrono_tz::Tz>().unwrap_or(chrono_tz::UTC).into();
    let start = chrono::DateTime::from_timestamp_micros(from.micros())
        .ok_or_else(|| wrong("The due date is out of range.".to_owned()))?
        .with_timezone(&zone);
    // RFC 5545 knows no other letters, and the library takes apart what it reads by octets, without a look at where a letter ends.
    if !rule.is_ascii() {
        return Err(wrong("Not a rule as in RFC 5545: it has letters beyond A to Z.".to_owned()));
    }
    let read = RRule::<Unvalidated>::from_str(rule)
        .map_err(|error| wrong(format!("Not a rule as in RFC 5545: {error}.")))?;
    if matches!(read.get_freq(), Frequency::Secondly | Frequency::Minutely | Frequency::Hourly) {
        return Err(wrong("A task comes again daily at most.".to_owned()));
    }
    if read.get_interval() == 0 || read.get_count() == Some(0) {
        return Err(wrong("INTERVAL and COUNT are at least 1.".to_owned()));
    }
    // The library makes all instants of a year before it gives the first: with times of day they would be millions.
    if [read.get_by_hour(), read.get_by_minute(), read.get_by_second()].iter().any(|times| !times.is_empty())
    {
        return Err(wrong("The time of day is that of the due date.".to_owned()));
    }
    let count = read.get_count();
    let rules = read.build(start).map_err(|error| wrong(format!("Not a rule as in RFC 5545: {error}.")))?;
    // The first instant is the start itself where the rule holds for it; a bound within the library ends rules that never hold.
    let found = rules.all(2).dates.into_iter().find(|date| *date > start);
    let Some(date) = found.filter(|_| count != Some(1)) else { return Ok(None) };
    let next = Instant::from_micros(date.timestamp_micros());
    // Beyond the last instant that there is nothing comes.
    if next.micros() != date.timestamp_micros() {
        return Ok(None);
    }
    let left = match count {
        // One has passed.
        Some(count) => replaced_count(rule, count - 1),
        None => rule.to_owned(),
    };
    Ok(Some((next, left)))
}

fn replaced_count(rule: &str, count: u32) -> String {
    let part = |part: &str| {
        let is_count = part.get(..6).is_some_and(|name| name.eq_ignore_ascii_case("COUNT="));
        if is_count { format!("COUNT={count}") } else { part.to_owned() }
    };
    rule.split(';').map(part).collect::<Vec<_>>().join(";")
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
                prop_assert!(next(&left, later, &zone).is_ok(), "{left}");
            }
        }

        /// A rule that counts comes as often as it counts.
        #[test]
        fn a_rule_comes_as_often_as_it_counts(count in 1usize..9, interval in 1u32..99, freq in "DAILY|WEEKLY|MONTHLY|YEARLY") {
            let rule = format!("freq={freq};count={count};INTERVAL={interval}");
            prop_assert_eq!(all(&rule, "2026-11-02T09:00:00Z", "Europe/Berlin", 99).len(), count - 1);
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
        ] {
            assert!(next(rule, at("2026-11-02T09:00:00Z"), "UTC").is_err(), "{rule}");
        }
    }

    #[test]
    fn a_rule_that_never_holds_ends() {
        assert_eq!(
            next("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", at("2026-11-02T09:00:00Z"), "UTC").unwrap(),
            None
        );
    }
}
