//! The fingerprint of the encryption key of the database.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::Dialect,
    manager::{MigrationTrait, SchemaManager},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut fingerprint = Dialect(manager.get_database_backend()).text("key_fingerprint", 64);
        let add = Table::alter().table("installation").add_column(fingerprint.null()).take();
        manager.alter_table(add).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let drop = Table::alter().table("installation").drop_column("key_fingerprint").take();
        manager.alter_table(drop).await
    }
}
