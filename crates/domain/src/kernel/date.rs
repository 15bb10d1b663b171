//! Calendar dates: days without a time or a time zone.
//!
//! Invariants:
//! - A date is in the years 0001 to 9999, which every database supports. It is stored as `DATE`.
//! - It is serialised as `full-date` of RFC 3339, so texts sort in the order of their dates.

use std::{fmt, str::FromStr};

use sea_orm::DeriveValueType;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::Month;
use utoipa::{PartialSchema, ToSchema};

/// A calendar date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
pub struct Date(time::Date);

/// The error for a text that is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidDate;

impl Date {
    /// A date that a database has stored.
    pub(crate) const fn from_calendar(date: time::Date) -> Self {
        Self(date)
    }

    /// The date in UTC at a timestamp.
    pub(crate) fn of(at: crate::Timestamp) -> Self {
        let at = time::OffsetDateTime::from_unix_timestamp(at.seconds());
        Self(at.unwrap_or(time::OffsetDateTime::UNIX_EPOCH).date())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.0.to_calendar_date();
        write!(f, "{year:04}-{:02}-{day:02}", u8::from(month))
    }
}

impl FromStr for Date {
    type Err = InvalidDate;

    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let number = |from: usize, to: usize| {
            let digits = text.get(from..to).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
            digits.and_then(|digits| digits.parse::<u16>().ok())
        };
        let read = || {
            let month = Month::try_from(u8::try_from(number(5, 7)?).ok()?).ok()?;
            let date = time::Date::from_calendar_date(
                i32::from(number(0, 4).filter(|year| *year > 0)?),
                month,
                u8::try_from(number(8, 10)?).ok()?,
            );
            date.ok().map(Self).filter(|date| date.to_string() == text)
        };
        read().ok_or(InvalidDate)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|InvalidDate| {
            de::Error::custom("must be a date in the years 0001 to 9999, like 2026-01-31")
        })
    }
}

impl PartialSchema for Date {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .examples(["2026-01-31"])
            .into()
    }
}

impl ToSchema for Date {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_date_is_read_back(days in 1_721_426_i32..=5_373_484) {
            let date = Date(time::Date::from_julian_day(days).unwrap());
            prop_assert_eq!(date.to_string().parse(), Ok(date));
            prop_assert_eq!(serde_json::to_value(date).unwrap(), date.to_string());
        }

        #[test]
        fn dates_sort_like_their_texts(one in 1_721_426_i32..=5_373_484, other in 1_721_426_i32..=5_373_484) {
            let [one, other] = [one, other].map(|days| Date(time::Date::from_julian_day(days).unwrap()));
            prop_assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
        }

        #[test]
        fn another_text_is_refused(text in "[0-9+-]{0,12}|\\PC{0,12}") {
            if let Ok(date) = text.parse::<Date>() {
                prop_assert_eq!(date.to_string(), text);
            }
        }
    }

    #[test]
    fn days_that_no_calendar_has_are_refused() {
        for text in
            ["2026-02-29", "2026-13-01", "0000-01-01", "2026-1-01", "+2026-01-01", "2026-01-01T00:00:00Z"]
        {
            assert_eq!(text.parse::<Date>(), Err(InvalidDate), "{text}");
        }
    }
}
