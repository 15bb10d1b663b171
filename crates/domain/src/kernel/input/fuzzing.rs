//! Merge patches for the fuzz targets: see [`crate::fuzzing`].

use serde_json::Value;

/// Applies a merge patch as operations do, before the check of the result. A null replaces the
/// value.
pub fn merge(target: &mut Value, patch: &Value) {
    super::merge(target, patch);
}
