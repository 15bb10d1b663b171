//! The table of the search terms.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::Dialect,
    manager::{MigrationTrait, SchemaManager},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// The table stays empty. The server finds the rows without terms and adds theirs.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        manager.create_table(d.full_text("search_text", "terms")).await?;
        d.index_full_text(manager, "search_text", "terms").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect(manager.get_database_backend()).drop_full_text(manager, "search_text").await
    }
}
