//! Rules by which tasks come again, for the fuzz targets: see [`crate::fuzzing`].

use super::recurrence;
use crate::{Instant, Result};

/// The most characters of a rule: a longer one is refused before it is read.
pub const LONGEST_RECURRENCE: usize = recurrence::LONGEST;

/// When a rule holds next after an instant, and what is left of it then.
///
/// # Errors
/// `Invalid` for what is no rule.
pub fn recurrence(rule: &str, from: Instant, zone: &str) -> Result<Option<(Instant, String)>> {
    recurrence::next(rule, from, zone)
}
