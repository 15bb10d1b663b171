//! Recurrence rules: the grammar of RFC 5545 section 3.3.10, as far as tasks support it.
//!
//! Invariant: a rule is parsed whole or refused. Each part occurs once, its values are within the
//! bounds of the RFC, and an error names the part and what is expected. This module knows no clock
//! and no time zone, and does not decide when a rule holds ([`super::days`] does).

use jiff::civil::{Date, DateTime, Time, Weekday};

use crate::{Error, Result};

/// The supported parts of a rule, in the order of the RFC.
const PARTS: &str =
    "FREQ, UNTIL, COUNT, INTERVAL, BYDAY, BYMONTHDAY, BYYEARDAY, BYWEEKNO, BYMONTH, BYSETPOS and WKST";
/// The greatest INTERVAL. The RFC has no bound; real rules stay far below.
const LONGEST_INTERVAL: u32 = 65_535;

/// The frequency of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// The end of a rule, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// This day, in the time zone of the rule.
    Day(Date),
    /// This local time, in the time zone of the rule.
    Local(DateTime),
    /// This time in UTC.
    Utc(DateTime),
}

/// A parsed rule. A list that the rule does not have is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) frequency: Frequency,
    pub(super) interval: u32,
    pub(super) count: Option<u32>,
    pub(super) until: Option<Until>,
    pub(super) months: Vec<i32>,
    pub(super) month_days: Vec<i32>,
    pub(super) year_days: Vec<i32>,
    pub(super) weeks: Vec<i32>,
    /// Days of the week, each with its number in the month or year if it has one.
    pub(super) weekdays: Vec<(Option<i32>, Weekday)>,
    pub(super) positions: Vec<i32>,
    pub(super) week_start: Weekday,
}

/// The error of a rule, at its field.
pub(super) fn wrong(why: impl Into<String>) -> Error {
    Error::field("/recurrence", "invalid_value", why)
}

impl Rule {
    /// Parses a rule.
    ///
    /// # Errors
    /// `Invalid`, at the rule.
    pub(super) fn read(text: &str) -> Result<Self> {
        if text.contains(':') {
            return Err(wrong("Must be the rule alone, without a name such as RRULE: before it."));
        }
        let text = text.to_ascii_uppercase();
        let parts = text.split(';').map(Part::read).collect::<Result<Vec<_>>>()?;
        for (place, part) in parts.iter().enumerate() {
            if parts.iter().take(place).any(|earlier| earlier.name == part.name) {
                return Err(wrong(format!("{} must not occur twice.", part.name)));
            }
        }
        let part = |name: &str| parts.iter().find(|part| part.name == name);
        let numbers =
            |name, most| part(name).map_or(Ok(Vec::new()), |part| part.list(|text| part.signed(text, most)));
        let frequency = part("FREQ").ok_or_else(|| wrong("FREQ is required, for example FREQ=WEEKLY."))?;
        let rule = Self {
            frequency: frequency.frequency()?,
            interval: part("INTERVAL").map_or(Ok(1), |part| part.number(LONGEST_INTERVAL))?,
            count: part("COUNT").map(|part| part.number(u32::MAX)).transpose()?,
            until: part("UNTIL").map(Part::until).transpose()?,
            months: part("BYMONTH").map_or(Ok(Vec::new()), |part| part.list(|text| part.month(text)))?,
            month_days: numbers("BYMONTHDAY", 31)?,
            year_days: numbers("BYYEARDAY", 366)?,
            weeks: numbers("BYWEEKNO", 53)?,
            weekdays: part("BYDAY").map_or(Ok(Vec::new()), |part| part.list(|text| part.numbered(text)))?,
            positions: numbers("BYSETPOS", 366)?,
            week_start: part("WKST").map_or(Ok(Weekday::Monday), |part| part.weekday(part.value))?,
        };
        rule.check()?;
        Ok(rule)
    }

    /// Refuses parts that the RFC does not allow together.
    fn check(&self) -> Result<()> {
        use Frequency::{Daily, Weekly, Yearly};
        let every = self.frequency;
        let numbered = self.weekdays.iter().any(|(number, _)| number.is_some());
        let wrong_together = [
            (self.count.is_some() && self.until.is_some(), "COUNT and UNTIL must not occur together."),
            (
                numbered && matches!(every, Daily | Weekly),
                "BYDAY must not have numbers, unless FREQ is MONTHLY or YEARLY.",
            ),
            (numbered && !self.weeks.is_empty(), "BYDAY must not have numbers together with BYWEEKNO."),
            (!self.month_days.is_empty() && every == Weekly, "BYMONTHDAY must not occur with FREQ=WEEKLY."),
            (!self.year_days.is_empty() && every != Yearly, "BYYEARDAY must occur only with FREQ=YEARLY."),
            (!self.weeks.is_empty() && every != Yearly, "BYWEEKNO must occur only with FREQ=YEARLY."),
            (
                !self.positions.is_empty() && self.months.is_empty() && !self.names_days(),
                "BYSETPOS must occur with another part whose name begins with BY.",
            ),
        ];
        match wrong_together.into_iter().find(|(is_wrong, _)| *is_wrong) {
            Some((_, why)) => Err(wrong(why)),
            None => Ok(()),
        }
    }

    /// Whether the rule itself says on which days it holds. Otherwise the days follow from the due
    /// date.
    pub(super) fn names_days(&self) -> bool {
        !self.weeks.is_empty() || self.names_single_days()
    }

    /// Whether it names weeks of the year but no days. The weekday is then that of the start (RFC
    /// 5545 section 3.3.10).
    pub(super) fn names_weeks_alone(&self) -> bool {
        !self.weeks.is_empty() && !self.names_single_days()
    }

    fn names_single_days(&self) -> bool {
        !(self.month_days.is_empty() && self.year_days.is_empty() && self.weekdays.is_empty())
    }
}

/// A part of a rule: its name and its value, in upper case.
struct Part<'a> {
    name: &'a str,
    value: &'a str,
}

impl<'a> Part<'a> {
    fn read(text: &'a str) -> Result<Self> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        match name {
            "FREQ" | "UNTIL" | "COUNT" | "INTERVAL" | "BYDAY" | "BYMONTHDAY" | "BYYEARDAY" | "BYWEEKNO"
            | "BYMONTH" | "BYSETPOS" | "WKST" => Ok(Self { name, value }),
            "BYHOUR" | "BYMINUTE" | "BYSECOND" => {
                Err(wrong(format!("{name} is not supported: the time of day is that of the due date.")))
            }
            _ => Err(wrong(format!(
                "Must be parts such as FREQ=WEEKLY, separated by semicolons. The parts are {PARTS}."
            ))),
        }
    }

    fn expected(&self, what: &str) -> Error {
        wrong(format!("{} must be {what}.", self.name))
    }

    fn frequency(&self) -> Result<Frequency> {
        match self.value {
            "DAILY" => Ok(Frequency::Daily),
            "WEEKLY" => Ok(Frequency::Weekly),
            "MONTHLY" => Ok(Frequency::Monthly),
            "YEARLY" => Ok(Frequency::Yearly),
            "HOURLY" | "MINUTELY" | "SECONDLY" => {
                Err(wrong("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY: a task recurs at most daily."))
            }
            _ => Err(self.expected("DAILY, WEEKLY, MONTHLY or YEARLY")),
        }
    }

    fn number(&self, most: u32) -> Result<u32> {
        let expected = || self.expected(&format!("a whole number from 1 to {most}"));
        let digits = Some(self.value).filter(|text| is_number(text, 10));
        let number = digits.and_then(|digits| digits.parse().ok());
        number.filter(|number| (1..=most).contains(number)).ok_or_else(expected)
    }

    /// Parses a list with commas between its items.
    fn list<T>(&self, item: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
        self.value.split(',').map(item).collect()
    }

    /// Parses a number from 1 on, or a negative one that counts from the end.
    fn signed(&self, text: &str, most: i32) -> Result<i32> {
        let expected = || {
            self.expected(&format!(
                "a list of numbers from 1 to {most} or from -{most} to -1, separated by commas"
            ))
        };
        signed(text, most).ok_or_else(expected)
    }

    fn month(&self, text: &str) -> Result<i32> {
        let month = signed(text, 12).filter(|_| is_number(text, 2));
        month.ok_or_else(|| self.expected("a list of numbers from 1 to 12, separated by commas"))
    }

    fn weekday(&self, text: &str) -> Result<Weekday> {
        weekday(text).ok_or_else(|| self.expected("one of MO, TU, WE, TH, FR, SA and SU"))
    }

    /// Parses a day of the week, with an optional number in front.
    fn numbered(&self, text: &str) -> Result<(Option<i32>, Weekday)> {
        let expected = || {
            self.expected(
                "a list of MO, TU, WE, TH, FR, SA and SU, separated by commas; each can have a number from 1 to \
                 53 or from -53 to -1 before it",
            )
        };
        let (number, day) = text.split_at_checked(text.len().saturating_sub(2)).ok_or_else(expected)?;
        let day = weekday(day).ok_or_else(expected)?;
        let number = Some(number).filter(|number| !number.is_empty());
        let number = number.map(|number| signed(number, 53).ok_or_else(expected)).transpose()?;
        Ok((number, day))
    }

    fn until(&self) -> Result<Until> {
        let expected = || {
            self.expected(
                "a date like 20270131, or a date and time like 20270131T090000, with a Z at the end for UTC",
            )
        };
        until(self.value).ok_or_else(expected)
    }
}

/// Whether a text consists of 1 to `most` digits.
fn is_number(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number from 1 to a bound, with an optional sign.
fn signed(text: &str, most: i32) -> Option<i32> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let places = most.to_string().len();
    let number: i32 = Some(digits).filter(|digits| is_number(digits, places))?.parse().ok()?;
    (1..=most).contains(&number).then_some(sign * number)
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

fn until(text: &str) -> Option<Until> {
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    let [year, month, day] = digits(date, [4, 2, 2])?;
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let Some(time) = time else { return Some(Until::Day(date)) };
    let (time, is_utc) = time.strip_suffix('Z').map_or((time, false), |time| (time, true));
    let [hour, minute, second] = digits(time, [2, 2, 2])?.map(i8::try_from);
    // RFC 5545 section 3.3.12: a leap second counts as the one before it.
    let time = Time::new(hour.ok()?, minute.ok()?, second.ok()?.min(59), 0).ok()?;
    let end = date.to_datetime(time);
    Some(if is_utc { Until::Utc(end) } else { Until::Local(end) })
}

/// Three numbers with these counts of digits, and nothing else.
fn digits(text: &str, lengths: [usize; 3]) -> Option<[i16; 3]> {
    let mut rest = Some(text).filter(|text| text.len() == lengths.iter().sum::<usize>())?;
    let mut numbers = [0; 3];
    for (number, length) in numbers.iter_mut().zip(lengths) {
        let (digits, behind) = rest.split_at_checked(length)?;
        *number = Some(digits).filter(|digits| is_number(digits, length))?.parse().ok()?;
        rest = behind;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message_of(rule: &str) -> String {
        Rule::read(rule).unwrap_err().fields()[0].message.clone()
    }

    #[test]
    fn every_part_is_read() {
        let rule = Rule::read("FREQ=YEARLY;INTERVAL=2;COUNT=7;BYMONTH=1,12;BYMONTHDAY=-31,+1,09;BYYEARDAY=-366,366;BYDAY=MO,-53SU,+2TU;BYSETPOS=1,-1;WKST=SU").unwrap();
        assert_eq!((rule.frequency, rule.interval, rule.count), (Frequency::Yearly, 2, Some(7)));
        assert_eq!((rule.months, rule.month_days), (vec![1, 12], vec![-31, 1, 9]));
        assert_eq!((rule.year_days, rule.positions), (vec![-366, 366], vec![1, -1]));
        let days = [(None, Weekday::Monday), (Some(-53), Weekday::Sunday), (Some(2), Weekday::Tuesday)];
        assert_eq!((rule.weekdays, rule.week_start), (days.to_vec(), Weekday::Sunday));
        assert_eq!(Rule::read("FREQ=YEARLY;BYWEEKNO=-53,53").unwrap().weeks, [-53, 53]);
        assert_eq!(
            Rule::read("freq=daily;interval=3").unwrap(),
            Rule::read("FREQ=DAILY;INTERVAL=3").unwrap()
        );
    }

    #[test]
    fn an_end_is_a_day_or_a_time() {
        let until = |text: &str| Rule::read(&format!("FREQ=DAILY;UNTIL={text}")).unwrap().until.unwrap();
        let day = Date::constant(2027, 1, 31);
        assert_eq!(until("20270131"), Until::Day(day));
        assert_eq!(until("20270131T093000Z"), Until::Utc(day.at(9, 30, 0, 0)));
        assert_eq!(until("20270131T235960"), Until::Local(day.at(23, 59, 59, 0)));
        for text in [
            "20270132",
            "2027131",
            "20270131T",
            "20270131T0930Z",
            "20270131T246000Z",
            "2027-01-31",
            "20270131Z",
            "+2270131",
            "",
        ] {
            assert!(
                message_of(&format!("FREQ=DAILY;UNTIL={text}")).starts_with("UNTIL must be a date"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_refusal_names_the_part_and_what_is_expected() {
        for (rule, message) in [
            ("", "Must be parts such as FREQ=WEEKLY"),
            ("daily", "Must be parts such as FREQ=WEEKLY"),
            ("FREQ=DAILY;", "Must be parts such as FREQ=WEEKLY"),
            ("FREQ=DAILY;;COUNT=2", "Must be parts such as FREQ=WEEKLY"),
            ("FREQ=DAILY; COUNT=2", "Must be parts such as FREQ=WEEKLY"),
            ("FREQ=DAILY,COUNT=2", "FREQ must be DAILY"),
            ("FREQ=DAILY;BYEASTER=0", "Must be parts such as FREQ=WEEKLY"),
            ("FREQ=DAILY;\u{22c}", "Must be parts such as FREQ=WEEKLY"),
            ("COUNT=2", "FREQ is required"),
            ("FREQ=OFTEN", "FREQ must be DAILY"),
            ("FREQ", "FREQ must be DAILY"),
            ("FREQ=HOURLY", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY: a task recurs at most daily."),
            ("FREQ=SECONDLY", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY: a task recurs at most daily."),
            ("RRULE:FREQ=DAILY", "Must be the rule alone"),
            ("FREQ=DAILY:COUNT=3", "Must be the rule alone"),
            ("FREQ=DAILY;FREQ=WEEKLY", "FREQ must not occur twice."),
            ("FREQ=DAILY;INTERVAL=0", "INTERVAL must be a whole number from 1 to 65535."),
            ("FREQ=DAILY;INTERVAL=+1", "INTERVAL must be a whole number"),
            ("FREQ=DAILY;INTERVAL=65536", "INTERVAL must be a whole number"),
            ("FREQ=DAILY;COUNT=0", "COUNT must be a whole number from 1 to 4294967295."),
            ("FREQ=DAILY;COUNT=4294967296", "COUNT must be a whole number"),
            ("FREQ=DAILY;COUNT=2;UNTIL=20270131", "COUNT and UNTIL must not occur together."),
            ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY must be a list of numbers from 1 to 31"),
            ("FREQ=MONTHLY;BYMONTHDAY=0,15", "BYMONTHDAY must be a list"),
            ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY must be a list"),
            ("FREQ=MONTHLY;BYMONTHDAY=001", "BYMONTHDAY must be a list"),
            ("FREQ=MONTHLY;BYMONTHDAY=1,,2", "BYMONTHDAY must be a list"),
            ("FREQ=MONTHLY;BYMONTHDAY=1 2", "BYMONTHDAY must be a list"),
            ("FREQ=MONTHLY;BYMONTHDAY=", "BYMONTHDAY must be a list"),
            ("FREQ=MONTHLY;BYMONTHDAY=--1", "BYMONTHDAY must be a list"),
            ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY must not occur with FREQ=WEEKLY."),
            ("FREQ=YEARLY;BYMONTH=13", "BYMONTH must be a list of numbers from 1 to 12"),
            ("FREQ=YEARLY;BYMONTH=-1", "BYMONTH must be a list"),
            ("FREQ=YEARLY;BYYEARDAY=367", "BYYEARDAY must be a list"),
            ("FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY must occur only with FREQ=YEARLY."),
            ("FREQ=YEARLY;BYWEEKNO=54", "BYWEEKNO must be a list"),
            ("FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO must occur only with FREQ=YEARLY."),
            ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO", "BYDAY must not have numbers together with BYWEEKNO."),
            ("FREQ=WEEKLY;BYDAY=2MO", "BYDAY must not have numbers, unless"),
            ("FREQ=WEEKLY;BYDAY=XX", "BYDAY must be a list of MO"),
            ("FREQ=WEEKLY;BYDAY=MO;TU", "Must be parts such as FREQ=WEEKLY"),
            ("FREQ=WEEKLY;BYDAY=MO TU", "BYDAY must be a list of MO"),
            ("FREQ=WEEKLY;BYDAY=MO, TU", "BYDAY must be a list of MO"),
            ("FREQ=WEEKLY;BYDAY=MO.TU", "BYDAY must be a list of MO"),
            ("FREQ=WEEKLY;BYDAY=MO,", "BYDAY must be a list of MO"),
            ("FREQ=WEEKLY;BYDAY=", "BYDAY must be a list of MO"),
            ("FREQ=WEEKLY;BYDAY=\u{22c}U", "BYDAY must be a list of MO"),
            ("FREQ=MONTHLY;BYDAY=+-1MO", "BYDAY must be a list of MO"),
            ("FREQ=MONTHLY;BYDAY=-MO", "BYDAY must be a list of MO"),
            ("FREQ=MONTHLY;BYDAY=1 MO", "BYDAY must be a list of MO"),
            ("FREQ=YEARLY;BYDAY=0MO", "BYDAY must be a list of MO"),
            ("FREQ=YEARLY;BYDAY=54MO", "BYDAY must be a list of MO"),
            ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS must occur with another part"),
            ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367", "BYSETPOS must be a list"),
            ("FREQ=WEEKLY;WKST=1MO", "WKST must be one of MO"),
            ("FREQ=DAILY;BYHOUR=9", "BYHOUR is not supported"),
            ("FREQ=DAILY;BYMINUTE=0,1", "BYMINUTE is not supported"),
            ("FREQ=DAILY;BYSECOND=0", "BYSECOND is not supported"),
        ] {
            assert!(message_of(rule).starts_with(message), "{rule}: {}", message_of(rule));
        }
    }

    proptest! {
        /// Every text is either parsed or refused with a proper message.
        #[test]
        fn any_text_is_read_or_refused(text in "(FREQ=(DAILY|YEARLY);)?([A-Z]{2,9}[=:]?[-+0-9A-Z,. ]{0,9};?){0,4}.{0,4}") {
            if let Err(error) = Rule::read(&text) {
                let message = &error.fields()[0].message;
                prop_assert!(message.ends_with('.') && message.len() < 200, "{}", message);
            }
        }
    }
}
