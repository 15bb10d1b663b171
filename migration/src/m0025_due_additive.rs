//! Indexes for the background tasks, which read only rows that are due.

use sea_orm_migration::prelude::*;

use crate::{
    manager::{MigrationTrait, SchemaManager},
    schema::index,
};

/// The name, the table and the columns of each index.
const INDEXES: [(&str, &str, &[&str]); 4] = [
    ("alarm_tenant_idx", "alarm", &["tenant_id", "at"]),
    ("mail_tenant_idx", "mail", &["tenant_id", "next_at"]),
    ("revocation_expires_idx", "revocation", &["expires_at"]),
    ("tenant_active_idx", "tenant", &["is_active"]),
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table, columns) in INDEXES {
            manager.create_index(index(name, table, columns)).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table, _) in INDEXES {
            manager.drop_index(Index::drop().name(name).table(table).to_owned()).await?;
        }
        Ok(())
    }
}
