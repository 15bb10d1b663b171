//! Recurrence rules for the fuzz targets: see [`crate::fuzzing`].

use super::{local::Local, recurrence, rule, series};
use crate::{Result, Timestamp, kernel::time_zone};

/// The most characters of a rule. A longer one is refused before it is parsed.
pub const LONGEST_RECURRENCE: usize = recurrence::LONGEST;

/// The next date of a rule after a timestamp, and the rule that remains after it.
///
/// # Errors
/// `Invalid` for a rule that is malformed or never holds, and for an unknown zone.
pub fn recurrence(rule: &str, from: Timestamp, zone: &str) -> Result<Option<(Timestamp, String)>> {
    let zone = time_zone::find(zone).map_err(|_| rule::wrong("There is no such time zone."))?;
    let start = Local::of(from, &zone).ok_or_else(|| rule::wrong("The date is too far away."))?;
    let series = series::Series { rule, clamp: rule.len() % 2 == 1, zone: &zone, start, after: None };
    Ok(series::next(&series)?.map(|next| (next.at, next.rule)))
}
