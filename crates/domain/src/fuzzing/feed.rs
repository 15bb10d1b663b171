//! Access to the cursors of the change feed for the fuzz targets: see [`crate::fuzzing`].

use uuid::Uuid;

use super::SECRET;
use crate::insight::change_feed::cursor;

/// The cursor at a position.
pub fn close(tenant: Uuid, position: i64) -> String {
    cursor::close(SECRET, tenant, position)
}

/// The position in a cursor, if the cursor belongs to this tenant.
pub fn open(tenant: Uuid, cursor: &str) -> Option<i64> {
    cursor::open(SECRET, tenant, cursor).ok()
}
