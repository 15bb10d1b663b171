//! Cursors of the feed.

use uuid::Uuid;

use super::SECRET;
use crate::feed::cursor;

/// The cursor at a position.
pub fn close(tenant: Uuid, position: i64) -> String {
    cursor::close(SECRET, tenant, position)
}

/// The position in a cursor, if it is one of this tenant's.
pub fn open(tenant: Uuid, cursor: &str) -> Option<i64> {
    cursor::open(SECRET, tenant, cursor).ok()
}
