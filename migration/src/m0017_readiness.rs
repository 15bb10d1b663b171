//! The row with which each node checks that the database accepts writes.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::{Dialect, id, instant},
    manager::{MigrationTrait, SchemaManager},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let readiness = Dialect(manager.get_database_backend())
            .table("readiness")
            .col(id("node_id").not_null().primary_key())
            .col(ColumnDef::new("number").big_integer().not_null())
            .col(instant("at").not_null())
            .take();
        manager.create_table(readiness).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("readiness").take()).await
    }
}
