//! Two additions. A stored response of an idempotency key has the authorisation record of its
//! caller, who is authorised again before it is replayed. The rows on which rules depend have a
//! counter, which every transaction that follows the rule increments.
//!
//! Earlier stored responses have no record, and are not replayed.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::Dialect,
    manager::{MigrationTrait, SchemaManager},
};

/// The tables whose rows have the counter.
const GUARDING: [&str; 5] = ["tenant", "user", "service_account", "project", "task"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let authorized = Dialect(manager.get_database_backend()).long_text("authorized").null().take();
        add(manager, "idempotency", authorized).await?;
        for table in GUARDING {
            let guard = ColumnDef::new("guard").big_integer().not_null().default(0).take();
            add(manager, table, guard).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let guards = GUARDING.map(|table| (table, "guard"));
        for (table, column) in [("idempotency", "authorized")].into_iter().chain(guards) {
            manager.alter_table(Table::alter().table(table).drop_column(column).take()).await?;
        }
        Ok(())
    }
}

async fn add(manager: &SchemaManager<'_>, table: &'static str, mut column: ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(&mut column).take()).await
}
