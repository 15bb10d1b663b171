//! The kinds of values that filters accept.

use sea_orm::{Value, sea_query::SelectStatement};

use crate::{Context, Date, Error, Result, Timestamp, kernel::input};

/// The form of the values of a filter.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// One of these words, stored as text.
    Words(&'static [&'static str]),
    /// One of these words, stored as its number (from 1).
    Ranks(&'static [&'static str]),
    /// An id; `none` where the column may be null.
    Id,
    /// A user's id, or `me`; `none` where the column may be null.
    Person,
    /// A timestamp, with the operators `[lt]`, `[lte]`, `[gt]` and `[gte]`; `none` where the column
    /// may be null.
    Timestamp,
    /// A date, with the same operators; `none` where the column may be null.
    Date,
    /// `true` or `false`.
    Flag,
    /// `true` for rows without a value in the column, and `false` for rows with one.
    Unset,
    /// An id of a row that is linked to the filtered rows, such as a label of tasks. The function
    /// selects the values of the column for this id; for `none`, those without such a link.
    Through(fn(&Context, Option<Value>) -> SelectStatement),
    /// A text, compared exactly.
    Text,
    /// Words that must all occur, also as parts of words, in a column of folded text
    /// ([`taskhub_migration::text::searched`]).
    Search,
    /// Words that must all occur in the indexed texts of a row ([`crate::insight::search`]).
    FullText,
}

impl Form {
    /// Whether its values have an order, so that the operators compare them.
    pub(super) const fn is_ordered(self) -> bool {
        matches!(self, Self::Timestamp | Self::Date)
    }

    /// Converts the value of a parameter to that of the column; `None` means null.
    pub(crate) fn read(self, name: &str, value: &str, ctx: &Context) -> Result<Option<Value>> {
        let wrong = |expected: String| Err(Error::parameter(name, format!("Must be {expected}.")));
        Ok(Some(match self {
            Self::Words(words) if words.contains(&value) => value.into(),
            Self::Ranks(words) if words.contains(&value) => {
                let rank = words.iter().position(|word| *word == value).unwrap_or_default() + 1;
                i16::try_from(rank).unwrap_or_default().into()
            }
            Self::Words(words) | Self::Ranks(words) => return wrong(format!("one of: {}", words.join(", "))),
            Self::Id | Self::Person | Self::Through(_) if value == "none" => return Ok(None),
            Self::Person if value == "me" => ctx.user().unwrap_or_default().into(),
            Self::Id | Self::Person | Self::Through(_) => match input::id(value) {
                Some(id) => id.into(),
                None => return wrong("an id, like 0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5e".to_owned()),
            },
            Self::Timestamp => match value.parse::<Timestamp>() {
                Ok(instant) => instant.into(),
                Err(_) => return wrong("a timestamp (RFC 3339), like 2026-01-31T12:00:00Z".to_owned()),
            },
            Self::Date => match value.parse::<Date>() {
                Ok(date) => date.into(),
                Err(_) => return wrong("a date, like 2026-01-31".to_owned()),
            },
            Self::Flag | Self::Unset => match value {
                "true" => true.into(),
                "false" => false.into(),
                _ => return wrong("true or false".to_owned()),
            },
            // Databases compare spaces at the ends differently.
            Self::Text
                if value.chars().nth(254).is_none()
                    && value.trim() == value
                    && !value.contains(char::is_control) =>
            {
                value.into()
            }
            // `read_filter` reads these itself, unless the name of the parameter has an operator.
            Self::Search | Self::FullText => return Err(Error::parameter(name, "Must have no operator.")),
            Self::Text => {
                return wrong(
                    "at most 254 characters, without control characters and spaces at the ends".to_owned(),
                );
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{
        Clock,
        kernel::context::{Request, System},
    };

    const FORMS: [Form; 9] = [
        Form::Words(&["low", "high"]),
        Form::Ranks(&["low", "high"]),
        Form::Id,
        Form::Person,
        Form::Timestamp,
        Form::Date,
        Form::Flag,
        Form::Unset,
        Form::Text,
    ];

    proptest! {
        /// Every value of a filter is either read, or rejected with the name of the parameter.
        #[test]
        fn a_filter_is_read_or_refused(value in "low|high|none|me|true|[0-9a-f-]{30,40}|[0-9TZ:.+-]{0,30}|.{0,300}") {
            let ctx = System::new("test", Request::default(), Clock::manual()).within(Uuid::nil());
            for form in FORMS {
                if let Err(error) = form.read("it", &value, &ctx) {
                    prop_assert!(matches!(error.kind(), crate::kernel::error::Kind::InvalidParameter));
                }
            }
            prop_assert_eq!(Form::Flag.read("it", &value, &ctx).is_ok(), value == "true" || value == "false");
        }
    }
}
