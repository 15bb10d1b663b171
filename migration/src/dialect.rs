//! The differences between the databases, as far as the schema sees them.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// One database's way of writing a table.
#[derive(Clone, Copy)]
pub(crate) struct Dialect(pub(crate) DbBackend);

impl Dialect {
    /// A table of a tenant: `(tenant_id, id)` is its key, and rows of one tenant lie together.
    pub(crate) fn owned(self, name: &'static str) -> TableCreateStatement {
        let mut table = self.table(name);
        table
            .col(id("tenant_id").not_null())
            .col(id("id").not_null())
            .primary_key(Index::create().col("tenant_id").col("id"));
        if self.0 == DbBackend::Sqlite {
            table.extra("WITHOUT ROWID");
        }
        table
    }

    /// A table with TaskHub's options: InnoDB with a binary collation on MySQL and MariaDB.
    pub(crate) fn table(self, name: &'static str) -> TableCreateStatement {
        let mut table = Table::create();
        table.table(name);
        if self.0 == DbBackend::MySql {
            table.engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin");
        }
        table
    }

    /// Text of at most `length` characters, compared and sorted by code point on every database.
    pub(crate) fn text(self, name: &'static str, length: u32) -> ColumnDef {
        self.binary_order(ColumnDef::new(name).string_len(length).take())
    }

    /// Text without a bound of the database's; the operations bound it.
    pub(crate) fn long_text(self, name: &'static str) -> ColumnDef {
        let mut column = ColumnDef::new(name);
        match self.0 {
            DbBackend::MySql => column.custom("LONGTEXT"),
            _ => column.text(),
        };
        self.binary_order(column)
    }

    fn binary_order(self, mut column: ColumnDef) -> ColumnDef {
        if self.0 == DbBackend::Postgres {
            column.extra("COLLATE \"C\"");
        }
        column
    }
}

/// A UUID: `uuid`, `binary(16)` or a 16-byte blob.
pub(crate) fn id(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.uuid();
    column
}

/// An instant: microseconds since the Unix epoch.
pub(crate) fn instant(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().take()
}
