//! The words of what is searched.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::Dialect,
    manager::{MigrationTrait, SchemaManager},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// The table stays empty: the server makes the words, and finds the rows whose words are missing.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        manager.create_table(d.full_text("search_text", "terms")).await?;
        d.index_full_text(manager, "search_text", "terms").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect(manager.get_database_backend()).drop_full_text(manager, "search_text").await
    }
}
