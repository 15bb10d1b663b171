//! Login by username alone: an index that finds users by username across tenants.

use sea_orm_migration::prelude::*;

use crate::{
    manager::{MigrationTrait, SchemaManager},
    schema::index,
};

const USERNAME: &str = "user_username_idx";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_index(index(USERNAME, "user", &["username"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name(USERNAME).table("user").to_owned()).await
    }
}
