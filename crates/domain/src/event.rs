//! Events: one row a write, in the write's own transaction, for what follows changes from outside (feeds, subscriptions).
//!
//! An event names a row and its version, and holds no data of it: who reads the row is judged when they read it.

use sea_orm::entity::prelude::*;
use serde::Serialize;

use crate::Instant;

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
        pub at: Instant,
        pub noun: String,
        pub row_id: Uuid,
        pub action: String,
        pub row_version: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The event of a write.
pub(crate) fn row(
    tenant_id: Uuid,
    id: Uuid,
    at: Instant,
    noun: &str,
    row_id: Uuid,
    action: &str,
    row_version: i64,
) -> entity::Model {
    entity::Model { tenant_id, id, at, noun: noun.to_owned(), row_id, action: action.to_owned(), row_version }
}
