//! Events: one row for each write, in the same transaction, for the change feed.
//!
//! Invariants:
//! - An event names a row and its version, and has none of its data. Whether a caller may see it is
//!   decided when the feed is read ([`crate::insight::change_feed`]).
//! - Its position is assigned as the last step before the commit (`repository/feed.rs`), so that
//!   positions are in commit order.

use sea_orm::entity::prelude::*;
use serde::Serialize;

use crate::{
    Timestamp,
    kernel::{
        change::ChangeType,
        repository::{resource::owned, row::positions},
    },
};

pub(crate) mod entity {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::wildcard_imports,
        reason = "written for and by sea-orm's derive"
    )]
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub at: Timestamp,
        pub noun: String,
        pub row_id: Uuid,
        pub action: String,
        pub row_version: i64,
        /// The position in the feed; absent until the transaction ends.
        pub position: Option<i64>,
        /// The id of the parent of the row.
        pub within_id: Option<Uuid>,
        /// Whether the write may have given or taken access to the row, or to rows inside it.
        pub moves: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) use entity::Model as Event;

owned!(Event, entity, unversioned);
positions!(Event { tenant_id, id, at, noun, row_id, action, row_version, position, within_id, moves });

/// The event of a write.
pub(crate) fn row(
    tenant_id: Uuid,
    id: Uuid,
    at: Timestamp,
    noun: &str,
    row_id: Uuid,
    action: ChangeType,
    row_version: i64,
) -> Event {
    let (noun, action) = (noun.to_owned(), action.as_str().to_owned());
    Event {
        tenant_id,
        id,
        at,
        noun,
        row_id,
        action,
        row_version,
        position: None,
        within_id: None,
        moves: false,
    }
}
