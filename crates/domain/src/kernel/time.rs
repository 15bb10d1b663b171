//! Timestamps with microsecond precision, and the clock.
//!
//! Invariants:
//! - A timestamp is stored as 64-bit microseconds since the Unix epoch on every database.
//! - It is serialised as RFC 3339 in UTC with six fractional digits. So timestamps have the same
//!   order as texts and as numbers.
//! - This crate reads the time only from a [`Clock`].

use std::{
    borrow::Cow,
    collections::HashMap,
    fmt,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use sea_orm::DeriveValueType;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::{PartialSchema, ToSchema};
use uuid::{ContextV7, Uuid};

/// A point in time: microseconds since the Unix epoch, from year 0001 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
pub struct Timestamp(i64);

/// The counter of ids within a millisecond, for each tenant.
static COUNTERS: LazyLock<Mutex<HashMap<Uuid, ContextV7>>> = LazyLock::new(Mutex::default);
/// The number of tenants whose counters are stored. Beyond it, all counters are reset.
const REMEMBERED: usize = 4096;

const MICROS: i64 = 1_000_000;
/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800 * MICROS..=253_402_300_800 * MICROS - 1;

/// The greatest length of a timestamp, in characters, with 38 fractional digits.
pub const LONGEST: usize = 64;
/// The pattern of a timestamp, for the OpenAPI document. Of the variants that RFC 3339 allows, it
/// has only the one with `T` and `Z` in upper case. It has no leap seconds, because no clock here
/// has them.
pub const WRITTEN: &str =
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,38})?(Z|[+-][0-9]{2}:[0-9]{2})$";
/// The greatest number of fractional digits.
const DIGITS: usize = 38;
/// The error for a text that is a valid timestamp elsewhere, but not in TaskHub.
const BEYOND: time::error::Parse =
    time::error::Parse::TryFromParsed(time::error::TryFromParsed::InsufficientInformation);

/// Whether a text that the library accepts also matches [`WRITTEN`].
fn is_written(text: &str) -> bool {
    let bytes = text.as_bytes();
    let leaps = bytes.get(17..19) == Some(b"60");
    bytes.get(10) == Some(&b'T') && !leaps && !text.ends_with('z') && fraction(bytes) <= DIGITS
}

/// The number of fractional digits. A text with at most [`DIGITS`] of them is at most [`LONGEST`]
/// long.
fn fraction(bytes: &[u8]) -> usize {
    bytes.iter().skip(20).take_while(|byte| byte.is_ascii_digit()).count()
}

impl Timestamp {
    /// The timestamp at a number of microseconds since the Unix epoch. A number outside the range
    /// gives the nearest bound.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(*RANGE.start(), *RANGE.end()))
    }

    /// The number of microseconds since the Unix epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The number of whole seconds since the Unix epoch, as in a `NumericDate` of a token (RFC
    /// 7519, section 2).
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// The timestamp plus a duration, at most the upper bound.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self::from_micros(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The timestamp minus a duration, at least the lower bound.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self::from_micros(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// A UUIDv7 (RFC 9562, section 5.7) of this time for a row of a tenant.
    ///
    /// The ids of a tenant increase on one node, also within a millisecond. Each tenant has its own
    /// counter, so that ids do not reveal how many rows other tenants create.
    pub fn new_id(self, tenant: Uuid) -> Uuid {
        let mut counters = COUNTERS.lock().unwrap_or_else(PoisonError::into_inner);
        if counters.len() > REMEMBERED {
            counters.clear();
        }
        let (seconds, nanos) = self.parts();
        let counter = counters.entry(tenant).or_default();
        Uuid::new_v7(uuid::Timestamp::from_unix(&*counter, seconds, nanos))
    }

    /// A UUIDv7 of exactly this millisecond, also if the clock went back.
    ///
    /// For tokens, whose id has their time of issue, and for rows without a tenant.
    pub fn token_id(self) -> Uuid {
        let (seconds, nanos) = self.parts();
        Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos))
    }

    /// The lowest id that a row of this time or later can have.
    pub fn first_id(self) -> Uuid {
        let millis = u128::try_from(self.0.div_euclid(1_000)).unwrap_or_default();
        Uuid::from_u128(millis << 80)
    }

    fn parts(self) -> (u64, u32) {
        let nanos = u32::try_from(self.0.rem_euclid(MICROS) * 1_000).unwrap_or_default();
        (u64::try_from(self.seconds()).unwrap_or_default(), nanos)
    }

    /// The text in RFC 3339 with six fractional digits. It needs no allocation, because a list has
    /// hundreds of timestamps.
    fn text(self) -> [u8; 27] {
        let at = OffsetDateTime::from_unix_timestamp(self.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (year, month, day) = at.to_calendar_date();
        let (hour, minute, second) = at.to_hms();
        let micros = self.0.rem_euclid(MICROS).unsigned_abs();
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let mut put = |end: usize, digits: usize, mut value: u64| {
            for slot in text.iter_mut().take(end).rev().take(digits) {
                *slot = b'0' + u8::try_from(value % 10).unwrap_or_default();
                value /= 10;
            }
        };
        put(4, 4, u64::from(year.unsigned_abs()));
        put(7, 2, u64::from(u8::from(month)));
        put(10, 2, u64::from(day));
        put(13, 2, u64::from(hour));
        put(16, 2, u64::from(minute));
        put(19, 2, u64::from(second));
        put(26, 6, micros);
        text
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl std::str::FromStr for Timestamp {
    type Err = time::error::Parse;

    /// Parses RFC 3339 with any offset, as far as [`WRITTEN`] allows. Digits after the microseconds
    /// are cut.
    ///
    /// # Errors
    /// For any other text, and for a time outside the years 0001 to 9999 in UTC.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !is_written(text) {
            return Err(BEYOND);
        }
        let micros = OffsetDateTime::parse(text, &Rfc3339)?.unix_timestamp_nanos().div_euclid(1_000);
        match i64::try_from(micros) {
            Ok(micros) if RANGE.contains(&micros) => Ok(Self(micros)),
            _ => Err(BEYOND),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|_| de::Error::custom("must be a timestamp (RFC 3339), like 2026-01-31T12:00:00Z"))
    }
}

impl PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples(["2026-01-31T12:00:00.000000Z"])
            .into()
    }
}

impl ToSchema for Timestamp {
    /// The name in version 1 of the API.
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Instant")
    }
}

/// The source of the current time.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The clock of the machine.
    #[default]
    System,
    /// A clock that tests and the demonstration data control, in microseconds since the Unix epoch.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The current time.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
            Self::System => {
                let micros = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000;
                Timestamp::from_micros(i64::try_from(micros).unwrap_or_default())
            }
            Self::Manual(micros) => Timestamp::from_micros(micros.load(Ordering::SeqCst)),
        }
    }

    /// A manual clock at a given time.
    pub fn at(instant: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(instant.micros())))
    }

    /// A manual clock that starts at the current time.
    pub fn manual() -> Self {
        Self::at(Self::System.now())
    }

    /// Advances a manual clock. It has no effect on the clock of the machine.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(micros) = self {
            micros.fetch_add(i64::try_from(by.as_micros()).unwrap_or_default(), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_and_instant_are_one(micros in RANGE) {
            let instant = Timestamp::from_micros(micros);
            prop_assert_eq!(instant.to_string().parse::<Timestamp>().unwrap(), instant);
        }

        #[test]
        fn text_sorts_like_the_instant(a in RANGE, b in RANGE) {
            let (a, b) = (Timestamp::from_micros(a), Timestamp::from_micros(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }

    proptest! {
        /// Every accepted text gives a timestamp in range, whose own text gives the same timestamp.
        #[test]
        fn what_is_read_is_in_range(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-6][0-9](\\.[0-9]{1,12})?([Zz]|[-+][0-9]{2}:[0-9]{2})|.*") {
            if let Ok(instant) = text.parse::<Timestamp>() {
                prop_assert!(RANGE.contains(&instant.micros()));
                prop_assert_eq!(instant.to_string().parse::<Timestamp>().unwrap(), instant);
            }
        }
    }

    #[test]
    fn reads_any_offset_and_cuts_nanoseconds() {
        let at: Timestamp = "2026-01-31T12:00:00.123456789+02:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-01-31T10:00:00.123456Z");
    }

    #[test]
    fn a_token_s_id_tells_its_instant_after_the_clock_went_back() {
        let now = Clock::manual().now();
        let later = now.plus(Duration::from_hours(1));
        let _ = later.new_id(Uuid::nil());
        let seconds = |id: Uuid| id.get_timestamp().map(|at| i64::try_from(at.to_unix().0).unwrap());
        assert_eq!(seconds(now.token_id()), Some(now.seconds()));
    }

    #[test]
    fn an_instant_has_one_spelling() {
        let long = |digits: usize| format!("2026-01-31T12:00:00.{}+02:00", "1".repeat(digits));
        assert!(long(38).parse::<Timestamp>().is_ok());
        assert_eq!(long(38).len(), LONGEST);
        for text in [
            "2026-01-31 12:00:00Z",
            "2026-01-31t12:00:00Z",
            "2026-01-31T12:00:00z",
            "2026-12-31T23:59:60Z",
            "2026-12-31T23:59:60.5Z",
            &long(39),
            &format!("2026-01-31T12:00:00.{}Z", "1".repeat(43)),
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_beyond_the_years_in_utc_is_refused() {
        for text in ["9999-12-31T23:59:59-23:59", "0000-12-31T23:59:59Z", "0001-01-01T00:00:00+00:01"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
        assert!("9999-12-31T23:59:59.999999Z".parse::<Timestamp>().is_ok());
    }

    #[test]
    fn ids_of_one_instant_grow() {
        let now = Clock::manual().now();
        let ids: Vec<_> = (0..100).map(|_| now.new_id(Uuid::nil())).collect();
        assert!(ids.is_sorted());
    }
}
