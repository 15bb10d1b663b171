//! The common parts of the tables of all migrations.

use sea_orm_migration::prelude::*;

use crate::{dialect::instant, manager::SchemaManager};

/// A table with the columns of rows that change: `created_at`, `updated_at` and `version`.
pub(crate) fn stamped(mut table: TableCreateStatement) -> TableCreateStatement {
    table
        .col(instant("created_at").not_null())
        .col(instant("updated_at").not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .take()
}

/// The reference to the tenant, for a table that refers to no other table of the tenant.
pub(crate) fn tenant(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{table}_tenant_fkey"))
        .from(table, "tenant_id")
        .to("tenant", "id")
        .take()
}

/// A reference in the tenant.
pub(crate) fn reference(
    from: &'static str,
    column: &'static str,
    to: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{from}_{column}_fkey"))
        .from_tbl(from)
        .from_col("tenant_id")
        .from_col(column)
        .to_tbl(to)
        .to_col("tenant_id")
        .to_col("id")
        .take()
}

/// An index on some columns.
pub(crate) fn index(name: &str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}

/// Creates tables, and then indexes.
pub(crate) async fn create(
    manager: &SchemaManager<'_>,
    tables: impl IntoIterator<Item = TableCreateStatement>,
    indexes: Vec<IndexCreateStatement>,
) -> Result<(), DbErr> {
    for table in tables {
        manager.create_table(table).await?;
    }
    for index in indexes {
        manager.create_index(index).await?;
    }
    Ok(())
}

/// Drops tables, the last one first.
pub(crate) async fn drop_tables(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for table in tables.iter().rev() {
        manager.drop_table(Table::drop().table(*table).to_owned()).await?;
    }
    Ok(())
}
