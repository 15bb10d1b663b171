//! The period of a report, and its days and weeks.
//!
//! Invariant: a period is not empty, begins in 1970 or later and is at most 366 days long.

use sea_orm::sea_query::Expr;
use time::{OffsetDateTime, macros::format_description};

use crate::{Error, Result, Timestamp};

const DAY: i64 = 86_400_000_000;
/// The default length and the greatest length of a period, in days.
const USUAL: i64 = 30;
const LONGEST: i64 = 366;

/// A period, from its start (inclusive) to its end (exclusive).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

impl Period {
    /// The requested period. If one end is absent, the period is 30 days long. If both are absent,
    /// it ends now.
    ///
    /// # Errors
    /// `InvalidParameter` if it is empty, begins before 1970 or is longer than 366 days.
    pub fn of(from: Option<Timestamp>, to: Option<Timestamp>, now: Timestamp) -> Result<Self> {
        let days = |instant: Timestamp, days: i64| Timestamp::from_micros(instant.micros() + days * DAY);
        let (from, to) = match (from, to) {
            (Some(from), Some(to)) => (from, to),
            (Some(from), None) => (from, days(from, USUAL)),
            (None, to) => (days(to.unwrap_or(now), -USUAL), to.unwrap_or(now)),
        };
        if from.micros() < 0 {
            return Err(Error::parameter("from", "Must be 1970-01-01T00:00:00Z or later."));
        }
        if to <= from {
            return Err(Error::parameter("to", "Must be later than from."));
        }
        if to > days(from, LONGEST) {
            return Err(Error::parameter("to", format!("Must be at most {LONGEST} days after from.")));
        }
        Ok(Self { from, to })
    }

    /// The condition that a timestamp is in the period.
    pub(super) fn has(self, column: impl sea_orm::ColumnTrait) -> Expr {
        use sea_orm::sea_query::ExprTrait as _;
        column.gte(self.from).and(column.lt(self.to))
    }

    /// The starts of all days or weeks that overlap the period.
    pub(super) fn buckets(self, bucket: Bucket) -> Vec<i64> {
        let (mut at, mut all) = (bucket.start(self.from), Vec::new());
        while at < self.to.micros() {
            all.push(at);
            at += bucket.length();
        }
        all
    }
}

/// The intervals of a report, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Days.
    Day,
    /// Weeks, which begin on Monday.
    Week,
}

pub(crate) use Every as Bucket;

impl std::str::FromStr for Every {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "day" => Ok(Self::Day),
            "week" => Ok(Self::Week),
            _ => Err(Error::parameter("every", "Must be one of: day, week.")),
        }
    }
}

impl Every {
    /// The values of the parameter.
    pub const WORDS: [&'static str; 2] = ["day", "week"];

    const fn length(self) -> i64 {
        match self {
            Self::Day => DAY,
            Self::Week => 7 * DAY,
        }
    }

    /// The offset from the Unix epoch, a Thursday, to the first Monday, for weeks.
    const fn offset(self) -> i64 {
        match self {
            Self::Day => 0,
            Self::Week => 4 * DAY,
        }
    }

    /// The start of the day or week that contains a timestamp.
    fn start(self, instant: Timestamp) -> i64 {
        instant.micros() - (instant.micros() - self.offset()).rem_euclid(self.length())
    }

    /// The start of the day or week, as an expression on a column.
    ///
    /// The numbers are literals: PostgreSQL treats expressions with placeholders as different, and
    /// could not group by the selected one. All timestamps are after the first Monday of 1970, so
    /// no remainder is negative.
    pub(crate) fn of(self, column: &'static str) -> Expr {
        Expr::cust(format!("{column} - ({column} - {}) % {}", self.offset(), self.length()))
    }

    /// A start as a date.
    pub(crate) fn text(micros: i64) -> String {
        let at = OffsetDateTime::from_unix_timestamp(micros.div_euclid(1_000_000));
        let at = at.unwrap_or(OffsetDateTime::UNIX_EPOCH);
        at.format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn weeks_begin_on_mondays_and_days_at_midnight() {
        let start = |every: Every, text| Every::text(every.start(at(text)));
        assert_eq!(start(Every::Day, "2026-11-20T23:59:59Z"), "2026-11-20");
        for day in ["2026-11-16T00:00:00Z", "2026-11-20T13:00:00Z", "2026-11-22T23:59:59Z"] {
            assert_eq!(start(Every::Week, day), "2026-11-16");
        }
    }

    #[test]
    fn what_is_no_period_is_refused() {
        let now = at("2026-11-20T00:00:00Z");
        let is_accepted = |from: &str, to: &str| Period::of(Some(at(from)), Some(at(to)), now).is_ok();
        assert!(is_accepted("2025-01-01T00:00:00Z", "2026-01-02T00:00:00Z"));
        assert!(!is_accepted("2025-01-01T00:00:00Z", "2026-01-02T00:00:00.000001Z"));
        assert!(!is_accepted("2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"));
        assert!(!is_accepted("1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z"));
        assert_eq!(Period::of(None, None, now).unwrap().to, now);
    }

    proptest! {
        /// Every timestamp of a period is in one of its buckets.
        #[test]
        fn buckets_cover_the_period(from in 4 * DAY..2_000_000_000_000_000, days in 1..366i64, part in 0.0..1.0, week in any::<bool>()) {
            let every = if week { Every::Week } else { Every::Day };
            let length = days * DAY;
            let period = Period { from: Timestamp::from_micros(from), to: Timestamp::from_micros(from + length) };
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a test's own")]
            let instant = Timestamp::from_micros(from + (length as f64 * part) as i64);
            prop_assert!(period.buckets(every).contains(&every.start(instant)));
            prop_assert!(period.buckets(every).len() <= 368);
        }
    }
}
