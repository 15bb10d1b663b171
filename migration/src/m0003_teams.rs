//! Teams and their members, and the team of a project.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::{Dialect, id},
    manager::{MigrationTrait, SchemaManager},
    schema::{drop_tables, index, reference, stamped, tenant},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        for table in tables(d) {
            manager.create_table(table).await?;
        }
        d.add_reference(manager, "project", "team_id", "team").await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        d.drop_reference(manager, "project", "team_id", "team", "project_team_idx").await?;
        drop_tables(manager, &["team", "team_member"]).await
    }
}

fn tables(d: Dialect) -> Vec<TableCreateStatement> {
    let team = stamped(d.owned("team"))
        .col(d.text("name", 200).not_null())
        .col(id("manager_id").null())
        .col(d.long_text("description").null())
        .col(d.long_text("goals").null())
        .foreign_key(&mut tenant("team"))
        .foreign_key(&mut reference("team", "manager_id", "user"))
        .take();
    let member = stamped(d.owned("team_member"))
        .col(id("team_id").not_null())
        .col(id("user_id").not_null())
        .col(d.text("role", 100).not_null())
        .foreign_key(reference("team_member", "team_id", "team").on_delete(ForeignKeyAction::Cascade))
        .foreign_key(reference("team_member", "user_id", "user").on_delete(ForeignKeyAction::Cascade))
        .take();
    vec![team, member]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("team_name_key", "team", &["tenant_id", "name"]).unique().take(),
        index("team_manager_idx", "team", &["tenant_id", "manager_id"]),
        index("team_member_key", "team_member", &["tenant_id", "team_id", "user_id"]).unique().take(),
        index("team_member_user_idx", "team_member", &["tenant_id", "user_id", "team_id"]),
        index("project_team_idx", "project", &["tenant_id", "team_id"]),
    ]
}
