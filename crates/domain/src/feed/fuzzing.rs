//! Cursors of the feed, for the fuzz targets: see [`crate::fuzzing`].

use uuid::Uuid;

use super::cursor;
use crate::fuzzing::SECRET;

/// The cursor at a position.
pub fn close(tenant: Uuid, position: i64) -> String {
    cursor::close(SECRET, tenant, position)
}

/// The position in a cursor, if it is one of this tenant's.
pub fn open(tenant: Uuid, cursor: &str) -> Option<i64> {
    cursor::open(SECRET, tenant, cursor).ok()
}
