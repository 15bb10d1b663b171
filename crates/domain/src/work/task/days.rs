//! The days on which a rule holds, by RFC 5545 section 3.3.10.
//!
//! Invariant: the cost of a rule is bounded, however long its lists are. A search examines at most
//! [`FARTHEST`] days, each at the same small cost. A rule that holds on none of them counts as one
//! that never holds. This module knows no time of day and no time zone.

use jiff::{
    Span,
    civil::{Date, Weekday},
};

use super::rule::{Frequency, Rule};

/// How many days of the periods of a rule are examined: a little more than forty years. In that
/// time, each day of the year falls on each day of the week, the 29th of February too.
pub(super) const FARTHEST: usize = 15_000;

/// The days that a rule describes.
pub(super) struct Days {
    frequency: Frequency,
    interval: i64,
    week_start: i32,
    months: Numbers,
    in_month: Numbers,
    /// Whether a month without a day in the rule uses its last day instead.
    clamp: bool,
    in_year: Numbers,
    weeks: Numbers,
    weekdays: Numbers,
    /// Days of the week with their number in the month or year.
    numbered: Numbers,
    positions: Numbers,
}

/// A set of small numbers with constant-time lookup.
struct Numbers(Vec<bool>);

impl Numbers {
    /// The offset from a number to its index. No number is below its negative.
    const BELOW: i32 = 400;
    /// The number of indexes. The largest numbers are those of [`numbered`].
    const PLACES: usize = 2000;

    fn of(numbers: impl Iterator<Item = i32>) -> Self {
        let mut places = Vec::new();
        for number in numbers {
            places.resize(Self::PLACES, false);
            if let Some(place) = Self::place(number).and_then(|place| places.get_mut(place)) {
                *place = true;
            }
        }
        Self(places)
    }

    fn place(number: i32) -> Option<usize> {
        usize::try_from(number + Self::BELOW).ok()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn has(&self, number: i32) -> bool {
        Self::place(number).and_then(|place| self.0.get(place)).copied().unwrap_or_default()
    }

    /// Whether the list allows a place out of `of`, counted from 0 or from the end. An empty list
    /// allows all.
    fn leaves(&self, place: i32, of: i32) -> bool {
        self.is_empty() || self.has(place + 1) || self.has(place - of)
    }
}

/// A day of the week and its number, encoded as one number.
fn numbered(number: i32, weekday: i32) -> i32 {
    weekday * 200 + number
}

fn from_monday(weekday: Weekday) -> i32 {
    weekday.to_monday_zero_offset().into()
}

/// A day, as numbers that are advanced from one day to the next.
#[derive(Clone, Copy)]
struct Day {
    year: i32,
    month: i32,
    /// In the month, from 1.
    number: i32,
    /// In the year, from 0.
    place: i32,
    weekday: i32,
}

impl Day {
    fn of(date: Date) -> Self {
        Self {
            year: date.year().into(),
            month: date.month().into(),
            number: date.day().into(),
            place: i32::from(date.day_of_year()) - 1,
            weekday: from_monday(date.weekday()),
        }
    }

    fn date(self) -> Option<Date> {
        let number = |number: i32| i8::try_from(number).ok();
        Date::new(i16::try_from(self.year).ok()?, number(self.month)?, number(self.number)?).ok()
    }

    fn is_leap(self) -> bool {
        self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0)
    }

    fn year_length(self) -> i32 {
        if self.is_leap() { 366 } else { 365 }
    }

    fn month_length(self) -> i32 {
        match self.month {
            2 if self.is_leap() => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    fn next(self) -> Self {
        let weekday = (self.weekday + 1) % 7;
        if self.number < self.month_length() {
            Self { number: self.number + 1, place: self.place + 1, weekday, ..self }
        } else if self.month < 12 {
            Self { number: 1, month: self.month + 1, place: self.place + 1, weekday, ..self }
        } else {
            Self { year: self.year + 1, month: 1, number: 1, place: 0, weekday }
        }
    }
}

impl Days {
    /// The days that a rule describes. If it names none, they follow from its start: the same day
    /// of the year, of the month or of the week. The day of the month is a parameter of its own,
    /// because a month may be too short for it.
    pub(super) fn of(rule: &Rule, start: Date, day: i8, clamp: bool) -> Self {
        let is_bare = !rule.names_days();
        let own = |applies: bool, value: i32| (is_bare && applies).then_some(value);
        let (is_yearly, is_monthly) =
            (rule.frequency == Frequency::Yearly, rule.frequency == Frequency::Monthly);
        let month = own(is_yearly && rule.months.is_empty(), start.month().into());
        let weekday = (is_bare && rule.frequency == Frequency::Weekly || rule.names_weeks_alone())
            .then(|| from_monday(start.weekday()));
        let every = rule.weekdays.iter().filter(|(number, _)| number.is_none());
        let by_number =
            rule.weekdays.iter().filter_map(|(number, day)| Some(numbered((*number)?, from_monday(*day))));
        Self {
            frequency: rule.frequency,
            interval: rule.interval.into(),
            week_start: from_monday(rule.week_start),
            months: Numbers::of(rule.months.iter().copied().chain(month)),
            in_month: Numbers::of(
                rule.month_days.iter().copied().chain(own(is_yearly || is_monthly, day.into())),
            ),
            clamp,
            in_year: Numbers::of(rule.year_days.iter().copied()),
            weeks: Numbers::of(rule.weeks.iter().copied()),
            weekdays: Numbers::of(every.map(|(_, day)| from_monday(*day)).chain(weekday)),
            numbered: Numbers::of(by_number),
            positions: Numbers::of(rule.positions.iter().copied()),
        }
    }

    /// The first value that `make` returns for a day on which the rule holds. The search begins on
    /// `from`, which is not before the start of the rule.
    pub(super) fn find<T>(
        &self,
        start: Date,
        from: Date,
        mut make: impl FnMut(Date) -> Option<T>,
    ) -> Option<T> {
        let mut left = FARTHEST;
        for number in self.passed(start, from).. {
            let (first, length) = self.period(start, number)?;
            left = left.checked_sub(length)?;
            let mut days = Vec::new();
            let mut day = Day::of(first);
            for _ in 0..length {
                if self.holds(day) {
                    days.push(day);
                }
                day = day.next();
            }
            let all = i32::try_from(days.len()).unwrap_or_default();
            for (_, day) in (0..).zip(days).filter(|(place, _)| self.positions.leaves(*place, all)) {
                let date = day.date().filter(|date| *date >= from);
                if let Some(made) = date.and_then(&mut make) {
                    return Some(made);
                }
            }
        }
        None
    }

    /// How many whole periods lie between a start and a later day, without the period of that day.
    fn passed(&self, start: Date, from: Date) -> i64 {
        let years = i64::from(from.year() - start.year());
        let months = years * 12 + i64::from(from.month()) - i64::from(start.month());
        let days = start.until(from).map_or(0, |span| i64::from(span.get_days()));
        let units = match self.frequency {
            Frequency::Yearly => years,
            Frequency::Monthly => months,
            Frequency::Weekly => days / 7,
            Frequency::Daily => days,
        };
        (units / self.interval).max(0)
    }

    /// The first day of a period, counted from that of the start, and its number of days.
    fn period(&self, start: Date, number: i64) -> Option<(Date, usize)> {
        let on = self.interval.checked_mul(number)?;
        let day = Day::of(start);
        let days_on = |days: i64| start.checked_add(Span::new().try_days(days).ok()?).ok();
        let (first, length) = match self.frequency {
            Frequency::Yearly => {
                let year = i64::from(start.year()).checked_add(on)?;
                let first = Date::new(i16::try_from(year).ok()?, 1, 1).ok()?;
                (first, Day::of(first).year_length())
            }
            Frequency::Monthly => {
                let months = i64::from(day.month - 1).checked_add(on)?;
                let year = i64::from(start.year()).checked_add(months / 12)?;
                let month = i8::try_from(months % 12 + 1).ok()?;
                let first = Date::new(i16::try_from(year).ok()?, month, 1).ok()?;
                (first, Day::of(first).month_length())
            }
            Frequency::Weekly => {
                let passed = (day.weekday - self.week_start).rem_euclid(7);
                // The week of the start begins with the start.
                let days = if number == 0 { 0 } else { on.checked_mul(7)?.checked_sub(passed.into())? };
                (days_on(days)?, if number == 0 { 7 - passed } else { 7 })
            }
            Frequency::Daily => (days_on(on)?, 1),
        };
        Some((first, usize::try_from(length).ok()?))
    }

    fn holds(&self, day: Day) -> bool {
        (self.months.is_empty() || self.months.has(day.month))
            && self.holds_in_month(day)
            && self.holds_in_week(day)
            && self.in_year.leaves(day.place, day.year_length())
            && (self.weeks.is_empty() || self.holds_in_week_of_year(day))
    }

    fn holds_in_month(&self, day: Day) -> bool {
        let length = day.month_length();
        let is_for_later = || (length + 1..=31).any(|later| self.in_month.has(later));
        self.in_month.leaves(day.number - 1, length) || self.clamp && day.number == length && is_for_later()
    }

    fn holds_in_week(&self, day: Day) -> bool {
        if self.weekdays.has(day.weekday) || self.weekdays.is_empty() && self.numbered.is_empty() {
            return true;
        }
        // Numbers count within the named months, or else within the period.
        let whole_year = self.frequency == Frequency::Yearly && self.months.is_empty();
        let (place, of) =
            if whole_year { (day.place, day.year_length()) } else { (day.number - 1, day.month_length()) };
        let (forth, back) = (place / 7 + 1, -((of - 1 - place) / 7 + 1));
        [forth, back].into_iter().any(|number| self.numbered.has(numbered(number, day.weekday)))
    }

    /// A week belongs to the year that contains most of its days, and therefore its fourth day.
    fn holds_in_week_of_year(&self, day: Day) -> bool {
        let fourth = day.place - (day.weekday - self.week_start).rem_euclid(7) + 3;
        let within = |year: i32| Day { year, ..day }.year_length();
        let (place, of) = if fourth < 0 {
            (fourth + within(day.year - 1), within(day.year - 1))
        } else if fourth >= day.year_length() {
            (fourth - day.year_length(), within(day.year + 1))
        } else {
            (fourth, day.year_length())
        };
        let weeks = (of - 1 - place % 7) / 7 + 1;
        self.weeks.leaves(place / 7, weeks)
    }
}
