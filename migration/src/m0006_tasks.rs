//! Tasks: subtasks, labels, dependencies, the manual order, recurrence and the trash.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::{Dialect, id, instant},
    manager::{MigrationTrait, SchemaManager},
    schema::{create, drop_tables, index, reference, stamped, tenant},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The tables in the order of their creation. They are dropped in the reverse order.
const TABLES: [&str; 3] = ["label", "task_label", "task_dependency"];
const INDEXES: [&str; 2] = ["task_rank_idx", "task_deleted_idx"];
const COLUMNS: [&str; 4] = ["label_ids", "rank", "recurrence", "deleted_at"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        for mut column in columns(d) {
            manager.alter_table(Table::alter().table("task").add_column(&mut column).take()).await?;
        }
        let mut kept = ColumnDef::new("purge_after_days").integer().not_null().default(30).take();
        manager.alter_table(Table::alter().table("tenant").add_column(&mut kept).take()).await?;
        // The order of creation: see `task::rank`.
        manager.execute(Query::update().table("task").value("rank", d.hex_with("id", "8")).take()).await?;
        d.add_reference(manager, "task", "parent_id", "task").await?;
        create(manager, tables(d), indexes()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        drop_tables(manager, &TABLES).await?;
        manager.alter_table(Table::alter().table("tenant").drop_column("purge_after_days").take()).await?;
        for name in INDEXES {
            manager.drop_index(Index::drop().name(name).table("task").to_owned()).await?;
        }
        d.drop_reference(manager, "task", "parent_id", "task", "task_parent_idx").await?;
        for column in COLUMNS {
            manager.alter_table(Table::alter().table("task").drop_column(column).take()).await?;
        }
        Ok(())
    }
}

fn columns(d: Dialect) -> Vec<ColumnDef> {
    vec![
        d.text("label_ids", 1000).not_null().default("[]").take(),
        d.text("rank", 255).not_null().default("").take(),
        d.text("recurrence", 500).null().take(),
        instant("deleted_at").null().take(),
    ]
}

fn tables(d: Dialect) -> Vec<TableCreateStatement> {
    let label = stamped(d.owned("label"))
        .col(d.text("name", 50).not_null())
        .col(d.text("color", 7).not_null())
        .foreign_key(&mut tenant("label"))
        .take();
    let task_label = d
        .owned("task_label")
        .col(id("task_id").not_null())
        .col(id("label_id").not_null())
        .foreign_key(reference("task_label", "task_id", "task").on_delete(ForeignKeyAction::Cascade))
        .foreign_key(&mut reference("task_label", "label_id", "label"))
        .take();
    let dependency = stamped(d.owned("task_dependency"))
        .col(id("task_id").not_null())
        .col(id("blocker_id").not_null())
        .foreign_key(reference("task_dependency", "task_id", "task").on_delete(ForeignKeyAction::Cascade))
        .foreign_key(reference("task_dependency", "blocker_id", "task").on_delete(ForeignKeyAction::Cascade))
        .take();
    vec![label, task_label, dependency]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("label_name_key", "label", &["tenant_id", "name"]).unique().take(),
        index("task_label_key", "task_label", &["tenant_id", "task_id", "label_id"]).unique().take(),
        index("task_label_label_idx", "task_label", &["tenant_id", "label_id", "task_id"]),
        index("task_dependency_key", "task_dependency", &["tenant_id", "task_id", "blocker_id"])
            .unique()
            .take(),
        index("task_dependency_blocker_idx", "task_dependency", &["tenant_id", "blocker_id"]),
        index("task_rank_idx", "task", &["tenant_id", "project_id", "rank"]),
        index("task_parent_idx", "task", &["tenant_id", "parent_id"]),
        index("task_deleted_idx", "task", &["tenant_id", "deleted_at"]),
    ]
}
