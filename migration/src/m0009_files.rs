//! Files in the blob store, the attachments of tasks, and the files and versions of documents.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::{Dialect, id, instant},
    manager::{MigrationTrait, SchemaManager},
    schema::{create, drop_tables, index, reference, stamped, tenant},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        for column in columns() {
            manager.alter_table(Table::alter().table("tenant").add_column(column).take()).await?;
        }
        let [file, attachment, version] = tables(d);
        manager.create_table(file).await?;
        let mut column = d.long_text("file");
        manager.alter_table(Table::alter().table("document").add_column(column.null()).take()).await?;
        d.add_reference(manager, "document", "file_id", "file").await?;
        create(manager, [attachment, version], indexes()).await?;
        first_versions(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        drop_tables(manager, &["attachment", "document_version"]).await?;
        d.drop_reference(manager, "document", "file_id", "file", "document_file_idx").await?;
        manager.alter_table(Table::alter().table("document").drop_column("file").take()).await?;
        manager.drop_table(Table::drop().table("file").to_owned()).await?;
        for column in columns().into_iter().rev() {
            let name = Alias::new(column.get_column_name());
            manager.alter_table(Table::alter().table("tenant").drop_column(name).take()).await?;
        }
        Ok(())
    }
}

/// The columns that tenants gain: the quota of their files, and the used space.
fn columns() -> Vec<ColumnDef> {
    let number = |name, default: i64| {
        ColumnDef::new(Alias::new(name)).big_integer().not_null().default(default).take()
    };
    vec![
        number("file_bytes_quota", 10_737_418_240),
        number("file_count_quota", 100_000),
        number("file_bytes", 0),
        number("file_count", 0),
    ]
}

fn tables(d: Dialect) -> [TableCreateStatement; 3] {
    let file = d
        .owned("file")
        .col(ColumnDef::new("size").big_integer().not_null())
        .col(instant("discarded_at").null())
        .foreign_key(&mut tenant("file"))
        .take();
    let attachment = stamped(d.owned("attachment"))
        .col(id("task_id").not_null())
        .col(id("uploaded_by").null())
        .col(d.text("name", 255).not_null())
        .col(d.text("media_type", 100).not_null())
        .col(ColumnDef::new("size").big_integer().not_null())
        .col(d.text("sha256", 64).not_null())
        .foreign_key(reference("attachment", "task_id", "task").on_delete(ForeignKeyAction::Cascade))
        .foreign_key(&mut reference("attachment", "id", "file"))
        .take();
    let version = d
        .owned("document_version")
        .col(id("document_id").not_null())
        .col(ColumnDef::new("number").big_integer().not_null())
        .col(d.text("title", 200).not_null())
        .col(d.long_text("content").not_null())
        .col(d.long_text("file").null())
        .col(id("file_id").null())
        .col(id("saved_by").null())
        .col(instant("created_at").not_null())
        .foreign_key(
            reference("document_version", "document_id", "document").on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(&mut reference("document_version", "file_id", "file"))
        .take();
    [file, attachment, version]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("file_discarded_idx", "file", &["discarded_at"]),
        index("attachment_task_idx", "attachment", &["tenant_id", "task_id"]),
        index("document_version_key", "document_version", &["tenant_id", "document_id", "number"])
            .unique()
            .take(),
        index("document_version_file_idx", "document_version", &["tenant_id", "file_id"]),
        index("document_file_idx", "document", &["tenant_id", "file_id"]),
    ]
}

/// Adds the present content of each document as its first version.
async fn first_versions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = ["tenant_id", "id", "document_id", "number", "title", "content", "saved_by", "created_at"];
    let present = ["tenant_id", "id", "id", "version", "title", "content", "author_id", "updated_at"];
    let select = Query::select().columns(present).from("document").take();
    manager.fill_from("document_version", columns, select).await
}
