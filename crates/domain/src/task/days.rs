//! The days on which a rule of recurrence holds, as in RFC 5545 section 3.3.10.
//!
//! Invariant: what a rule costs is bounded, however long its lists are: at most [`FARTHEST`] days are looked at, each at the same small cost. A rule
//! that holds on none of them counts as one that never does. It knows no time of day and no time zone.

use chrono::{Datelike, Days as Many, NaiveDate, Weekday};
use rrule::{Frequency, NWeekday, RRule};

/// How many days of a rule's periods are looked at. A little more than forty years, after which at the latest the same day of a month is the same day of
/// the week again, on the 29th of February too.
pub(super) const FARTHEST: usize = 15_000;

/// What a rule says of days.
pub(super) struct Days {
    freq: Frequency,
    interval: u64,
    week_start: i32,
    months: Numbers,
    in_month: Numbers,
    in_year: Numbers,
    weeks: Numbers,
    weekdays: Numbers,
    /// Days of the week by their number in the month or year.
    numbered: Numbers,
    positions: Numbers,
}

/// A list of small numbers, in which each is found at once.
struct Numbers(Vec<bool>);

impl Numbers {
    /// What is added to a number to find its place: none is below its negative.
    const BELOW: i32 = 400;
    /// The places that there are: the largest numbers are those of [`numbered`].
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

    /// Whether it has the place of one of so many, counted from 0, or that place counted from the end. An empty list leaves all.
    fn leaves(&self, place: i32, of: i32) -> bool {
        self.is_empty() || self.has(place + 1) || self.has(place - of)
    }
}

/// A day of the week with its number, as one number.
fn numbered(number: i32, weekday: i32) -> i32 {
    weekday * 200 + number
}

fn from_monday(weekday: Weekday) -> i32 {
    weekday.num_days_from_monday().cast_signed()
}

/// A day, in numbers that are counted on from one to the next.
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
    fn of(date: NaiveDate) -> Self {
        Self {
            year: date.year(),
            month: date.month().cast_signed(),
            number: date.day().cast_signed(),
            place: date.ordinal0().cast_signed(),
            weekday: from_monday(date.weekday()),
        }
    }

    fn date(self) -> Option<NaiveDate> {
        NaiveDate::from_yo_opt(self.year, u32::try_from(self.place + 1).ok()?)
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
    /// What a rule says, whose days of the month are given with those that it counts from the end.
    pub(super) fn of(rule: &RRule, month_days: &[i8]) -> Self {
        let (mut weekdays, mut by_number) = (Vec::new(), Vec::new());
        for weekday in rule.get_by_weekday() {
            match weekday {
                NWeekday::Every(weekday) => weekdays.push(from_monday(*weekday)),
                NWeekday::Nth(number, weekday) => {
                    by_number.push(numbered((*number).into(), from_monday(*weekday)));
                }
            }
        }
        let month_days = month_days.iter().chain(rule.get_by_month_day());
        Self {
            freq: rule.get_freq(),
            interval: rule.get_interval().into(),
            week_start: from_monday(rule.get_week_start()),
            months: Numbers::of(rule.get_by_month().iter().map(|month| i32::from(*month))),
            in_month: Numbers::of(month_days.map(|day| i32::from(*day))),
            in_year: Numbers::of(rule.get_by_year_day().iter().map(|day| i32::from(*day))),
            weeks: Numbers::of(rule.get_by_week_no().iter().map(|week| i32::from(*week))),
            weekdays: Numbers::of(weekdays.into_iter()),
            numbered: Numbers::of(by_number.into_iter()),
            positions: Numbers::of(rule.get_by_set_pos().iter().copied()),
        }
    }

    /// The first that can be made of a day on which the rule holds, from its start on.
    pub(super) fn find<T>(
        &self,
        start: NaiveDate,
        mut make: impl FnMut(NaiveDate) -> Option<T>,
    ) -> Option<T> {
        let mut left = FARTHEST;
        let from = Day::of(start);
        for number in 0.. {
            let (first, length) = self.period(start, from, number)?;
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
                let date = day.date().filter(|date| *date >= start);
                if let Some(made) = date.and_then(&mut make) {
                    return Some(made);
                }
            }
        }
        None
    }

    /// The first day of a period, counted from the start's, and how many days it has.
    fn period(&self, start: NaiveDate, day: Day, number: u64) -> Option<(NaiveDate, usize)> {
        let on = self.interval.checked_mul(number)?;
        let (first, length) = match self.freq {
            Frequency::Yearly => {
                let year = day.year.checked_add(i32::try_from(on).ok()?)?;
                let first = NaiveDate::from_ymd_opt(year, 1, 1)?;
                (first, Day::of(first).year_length())
            }
            Frequency::Monthly => {
                let months = i64::from(day.month - 1).checked_add(i64::try_from(on).ok()?)?;
                let year = day.year.checked_add(i32::try_from(months / 12).ok()?)?;
                let first = NaiveDate::from_ymd_opt(year, u32::try_from(months % 12 + 1).ok()?, 1)?;
                (first, Day::of(first).month_length())
            }
            Frequency::Weekly => {
                let passed = (day.weekday - self.week_start).rem_euclid(7);
                // The start's own week begins with the start.
                let days = if number == 0 { 0 } else { (7 * on).checked_sub(u64::try_from(passed).ok()?)? };
                (start.checked_add_days(Many::new(days))?, if number == 0 { 7 - passed } else { 7 })
            }
            _ => (start.checked_add_days(Many::new(on))?, 1),
        };
        Some((first, usize::try_from(length).ok()?))
    }

    fn holds(&self, day: Day) -> bool {
        (self.months.is_empty() || self.months.has(day.month))
            && self.in_month.leaves(day.number - 1, day.month_length())
            && self.holds_in_week(day)
            && self.in_year.leaves(day.place, day.year_length())
            && (self.weeks.is_empty() || self.holds_in_week_of_year(day))
    }

    fn holds_in_week(&self, day: Day) -> bool {
        if self.weekdays.has(day.weekday) || self.weekdays.is_empty() && self.numbered.is_empty() {
            return true;
        }
        // Numbers count within the months that are named, or else within the period.
        let whole_year = self.freq == Frequency::Yearly && self.months.is_empty();
        let (place, of) =
            if whole_year { (day.place, day.year_length()) } else { (day.number - 1, day.month_length()) };
        let (forth, back) = (place / 7 + 1, -((of - 1 - place) / 7 + 1));
        [forth, back].into_iter().any(|number| self.numbered.has(numbered(number, day.weekday)))
    }

    /// A week belongs to the year in which most of its days lie, and so its fourth.
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
