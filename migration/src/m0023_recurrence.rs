//! More settings of recurring tasks, and the local times of their dates.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::Dialect,
    manager::{MigrationTrait, SchemaManager},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COLUMNS: [&str; 4] = ["recurrence_mode", "month_end_clamp", "start_local", "due_local"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// The local times stay empty. The server computes missing ones from the dates.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        let columns = [
            d.text("recurrence_mode", 16).not_null().default("from_due").take(),
            ColumnDef::new("month_end_clamp").boolean().not_null().default(false).take(),
            d.text("start_local", 32).null().take(),
            d.text("due_local", 32).null().take(),
        ];
        for mut column in columns {
            manager.alter_table(Table::alter().table("task").add_column(&mut column).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in COLUMNS {
            manager.alter_table(Table::alter().table("task").drop_column(name).take()).await?;
        }
        Ok(())
    }
}
