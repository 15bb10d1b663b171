//! The place and the visibility of an event's row: the id of the row that it is in, and whether the
//! change may affect who sees rows.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::id,
    manager::{MigrationTrait, SchemaManager},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut within = id("within_id").take();
        // True for earlier events, and for those of a server of the previous version: their effect
        // is unknown.
        let mut moves = ColumnDef::new("moves").boolean().not_null().default(true).take();
        for column in [within.null(), &mut moves] {
            let add = Table::alter().table("event").add_column(column.take()).take();
            manager.alter_table(add).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["within_id", "moves"] {
            manager.alter_table(Table::alter().table("event").drop_column(column).take()).await?;
        }
        Ok(())
    }
}
