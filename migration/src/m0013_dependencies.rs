//! The author of a dependency of a task, who may remove it.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::id,
    manager::{MigrationTrait, SchemaManager},
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0013_dependencies"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut author = id("author_id").null().take();
        manager.alter_table(Table::alter().table("task_dependency").add_column(&mut author).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("task_dependency").drop_column("author_id").take()).await
    }
}
