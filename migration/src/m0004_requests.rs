//! Clients, request types and the requests of clients.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::{Dialect, id, instant},
    manager::{MigrationTrait, SchemaManager},
    schema::{create, drop_tables, index, reference, stamped, tenant},
};

/// The tables in the order of their creation. They are dropped in the reverse order.
const TABLES: [&str; 3] = ["client", "request_type", "client_request"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, tables(Dialect(manager.get_database_backend())), indexes()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &TABLES).await
    }
}

fn tables(d: Dialect) -> Vec<TableCreateStatement> {
    let client = stamped(d.owned("client"))
        .col(d.text("name", 200).not_null())
        .col(d.text("email", 254).null())
        .col(d.text("phone", 32).null())
        .col(d.text("address", 500).null())
        .col(d.long_text("notes").null())
        .foreign_key(&mut tenant("client"))
        .take();
    let request_type = stamped(d.owned("request_type"))
        .col(d.text("name", 100).not_null())
        .col(d.long_text("description").null())
        .foreign_key(&mut tenant("request_type"))
        .take();
    let client_request = stamped(d.owned("client_request"))
        .col(id("client_id").not_null())
        .col(id("type_id").not_null())
        .col(d.text("title", 200).not_null())
        .col(id("assignee_id").null())
        .col(d.text("status", 16).not_null())
        .col(instant("started_at").null())
        .col(instant("completed_at").null())
        .col(d.long_text("description").null())
        .foreign_key(&mut reference("client_request", "client_id", "client"))
        .foreign_key(&mut reference("client_request", "type_id", "request_type"))
        .foreign_key(&mut reference("client_request", "assignee_id", "user"))
        .take();
    vec![client, request_type, client_request]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("client_name_key", "client", &["tenant_id", "name"]).unique().take(),
        index("request_type_name_key", "request_type", &["tenant_id", "name"]).unique().take(),
        index("client_request_client_idx", "client_request", &["tenant_id", "client_id", "status", "id"]),
        index("client_request_type_idx", "client_request", &["tenant_id", "type_id", "status", "id"]),
        index("client_request_status_idx", "client_request", &["tenant_id", "status", "id"]),
        index("client_request_assignee_idx", "client_request", &["tenant_id", "assignee_id", "id"]),
    ]
}
