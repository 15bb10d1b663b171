//! Time entries, and the indexes of reports.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::{Dialect, id, instant},
    manager::{MigrationTrait, SchemaManager},
    schema::{index, reference, stamped},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(table(Dialect(manager.get_database_backend()))).await?;
        for index in indexes().into_iter().chain(task_indexes()) {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["task_completed_idx", "task_updated_idx"] {
            manager.drop_index(Index::drop().name(name).table("task").to_owned()).await?;
        }
        manager.drop_table(Table::drop().table("time_entry").to_owned()).await
    }
}

fn table(d: Dialect) -> TableCreateStatement {
    stamped(d.owned("time_entry"))
        .col(id("task_id").not_null())
        .col(id("user_id").not_null())
        .col(instant("started_at").not_null())
        .col(instant("ended_at").null())
        .col(ColumnDef::new("seconds").integer().null())
        .col(d.text("note", 500).null())
        // The user while the entry runs, and null afterwards. Nulls are never equal in a unique
        // index, so a user has at most one running entry.
        .col(id("running_key").null())
        .foreign_key(reference("time_entry", "task_id", "task").on_delete(ForeignKeyAction::Cascade))
        .foreign_key(&mut reference("time_entry", "user_id", "user"))
        .take()
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("time_entry_running_key", "time_entry", &["tenant_id", "running_key"]).unique().take(),
        index("time_entry_task_idx", "time_entry", &["tenant_id", "task_id", "id"]),
        index("time_entry_user_idx", "time_entry", &["tenant_id", "user_id", "started_at"]),
        index("time_entry_started_idx", "time_entry", &["tenant_id", "started_at", "id"]),
    ]
}

fn task_indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("task_completed_idx", "task", &["tenant_id", "completed_at"]),
        index("task_updated_idx", "task", &["tenant_id", "updated_at", "id"]),
    ]
}
