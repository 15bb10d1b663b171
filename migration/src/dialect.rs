//! The differences between the databases in the schema.
//!
//! Invariant: a column holds the same values on every database, and text compares and sorts by code
//! point.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, Statement},
};

use crate::{manager::SchemaManager, schema::reference};

/// The SQL of one database.
#[derive(Clone, Copy)]
pub(crate) struct Dialect(pub(crate) DbBackend);

impl Dialect {
    /// A table of a tenant. Its key is `(tenant_id, id)`, so the rows of a tenant are stored
    /// together.
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

    /// A table with the options of TaskHub: InnoDB with a binary collation on MySQL and MariaDB.
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

    /// Text without a limit in the database. The operations limit it.
    pub(crate) fn long_text(self, name: &'static str) -> ColumnDef {
        let mut column = ColumnDef::new(name);
        match self.0 {
            DbBackend::MySql => column.custom("LONGTEXT"),
            _ => column.text(),
        };
        self.binary_order(column)
    }

    /// A table of a tenant with a column of terms for [`Self::index_full_text`]. SQLite's index
    /// names rows by a number that must not change while the row exists. SQLite's own row numbers
    /// can change.
    pub(crate) fn full_text(self, name: &'static str, terms: &'static str) -> TableCreateStatement {
        let mut table = self.owned(name);
        table.col(self.long_text(terms).not_null());
        if self.0 == DbBackend::Sqlite {
            table.col(ColumnDef::new("place").big_integer().null());
        }
        table
    }

    /// The full-text index of the database over a column of terms, which are separated by spaces.
    /// Each term is an ASCII letter followed by ASCII letters and digits.
    pub(crate) async fn index_full_text(
        self,
        manager: &SchemaManager<'_>,
        table: &'static str,
        terms: &'static str,
    ) -> Result<(), DbErr> {
        let statements = match self.0 {
            // Without a text parser: the terms are used as they are.
            DbBackend::Postgres => vec![format!(
                "CREATE INDEX {table}_{terms}_idx ON {table} USING gin (array_to_tsvector(string_to_array({terms}, ' ')))"
            )],
            DbBackend::MySql => vec![format!("CREATE FULLTEXT INDEX {table}_{terms}_idx ON {table} ({terms})")],
            // An index over the rows of another table, maintained by triggers
            // (sqlite.org/fts5.html, section 4.4.3). Rows are only added and removed, so no trigger
            // handles updates.
            _ => vec![
                format!("CREATE UNIQUE INDEX {table}_place_key ON {table} (place)"),
                format!(
                    "CREATE VIRTUAL TABLE {table}_fts USING fts5 ({terms}, content = '{table}', content_rowid = 'place', columnsize = 0, detail = none, tokenize = 'ascii')"
                ),
                format!(
                    "CREATE TRIGGER {table}_added AFTER INSERT ON {table} BEGIN
                     UPDATE {table} SET place = (SELECT coalesce(max(place), 0) + 1 FROM {table}) WHERE tenant_id = new.tenant_id AND id = new.id;
                     INSERT INTO {table}_fts (rowid, {terms}) SELECT place, {terms} FROM {table} WHERE tenant_id = new.tenant_id AND id = new.id;
                     END"
                ),
                format!(
                    "CREATE TRIGGER {table}_removed AFTER DELETE ON {table} BEGIN
                     INSERT INTO {table}_fts ({table}_fts, rowid, {terms}) VALUES ('delete', old.place, old.{terms});
                     END"
                ),
            ],
        };
        for statement in statements {
            manager.execute_text(statement).await?;
        }
        Ok(())
    }

    /// Drops such a table with its index.
    pub(crate) async fn drop_full_text(
        self,
        manager: &SchemaManager<'_>,
        table: &'static str,
    ) -> Result<(), DbErr> {
        if self.0 == DbBackend::Sqlite {
            let drop = format!("DROP TABLE {table}_fts");
            manager.execute_text(drop).await?;
        }
        manager.drop_table(Table::drop().table(table).take()).await
    }

    /// A query for the names of all tables, except those in which SQLite stores an index.
    pub(crate) fn tables(self) -> &'static str {
        match self.0 {
            DbBackend::MySql => {
                "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
                 WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY 1"
            }
            DbBackend::Postgres => {
                "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
            }
            _ => {
                "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
            }
        }
    }

    /// The time of the database, in seconds since the Unix epoch.
    pub(crate) fn now(self) -> Expr {
        Expr::cust(match self.0 {
            DbBackend::MySql => "UNIX_TIMESTAMP()",
            DbBackend::Postgres => "EXTRACT(EPOCH FROM now())::bigint",
            _ => "unixepoch()",
        })
    }

    /// The hexadecimal digits of an id, followed by `more`.
    pub(crate) fn hex_with(self, column: &str, more: &str) -> Expr {
        Expr::cust(match self.0 {
            DbBackend::MySql => format!("CONCAT(LOWER(HEX({column})), '{more}')"),
            DbBackend::Postgres => format!("REPLACE({column}::text, '-', '') || '{more}'"),
            _ => format!("LOWER(HEX({column})) || '{more}'"),
        })
    }

    /// Bytes without a limit in the database. The operations limit them.
    pub(crate) fn bytes(self, name: &'static str) -> ColumnDef {
        let mut column = ColumnDef::new(name);
        match self.0 {
            DbBackend::MySql => column.custom("LONGBLOB"),
            _ => column.blob(),
        };
        column
    }

    /// Adds a column with an integer that is computed from other columns. SQLite can't add a stored
    /// one, so it computes the value on each read. An index on it is stored all the same.
    pub(crate) async fn add_generated(
        self,
        manager: &SchemaManager<'_>,
        table: &'static str,
        column: &'static str,
        from: &'static str,
    ) -> Result<(), DbErr> {
        let kept = self.0 != DbBackend::Sqlite;
        let mut column = ColumnDef::new(column).big_integer().take();
        let column = column.generated(Expr::cust(from), kept);
        manager.alter_table(Table::alter().table(table).add_column(column).take()).await
    }

    /// Adds a column that refers to a row of the tenant, or is null.
    pub(crate) async fn add_reference(
        self,
        manager: &SchemaManager<'_>,
        table: &'static str,
        column: &'static str,
        to: &'static str,
    ) -> Result<(), DbErr> {
        let mut alter = Table::alter();
        manager.alter_table(alter.table(table).add_column(id(column).null()).take()).await?;
        if self.0 != DbBackend::Sqlite {
            return manager.create_foreign_key(reference(table, column, to)).await;
        }
        // SQLite can't add a constraint to a table. It allows changing the SQL text of a table if
        // the rows keep their format (sqlite.org/lang_altertable.html, section 7).
        self.amend(manager, table, |text| {
            let (columns, options) = text.rsplit_once(')')?;
            Some(format!("{columns}{}){options}", constraint(table, column, to)))
        })
        .await
    }

    /// Drops such a column with its index.
    pub(crate) async fn drop_reference(
        self,
        manager: &SchemaManager<'_>,
        table: &'static str,
        column: &'static str,
        to: &'static str,
        index: &'static str,
    ) -> Result<(), DbErr> {
        if self.0 == DbBackend::Sqlite {
            self.amend(manager, table, |text| Some(text.replace(&constraint(table, column, to), ""))).await?;
        } else {
            let mut drop = ForeignKey::drop();
            manager
                .drop_foreign_key(drop.table(table).name(format!("{table}_{column}_fkey")).to_owned())
                .await?;
        }
        manager.drop_index(Index::drop().name(index).table(table).to_owned()).await?;
        manager.alter_table(Table::alter().table(table).drop_column(column).take()).await
    }

    /// Removes the reference of a column, so that it can have the ids of deleted rows. It does
    /// nothing if the reference is gone already.
    pub(crate) async fn release(
        self,
        manager: &SchemaManager<'_>,
        table: &'static str,
        column: &'static str,
        to: &'static str,
    ) -> Result<(), DbErr> {
        let name = format!("{table}_{column}_fkey");
        match self.0 {
            DbBackend::Postgres => {
                manager.execute_text(format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")).await
            }
            DbBackend::MySql => {
                let find = "SELECT 1 FROM information_schema.table_constraints \
                            WHERE constraint_schema = DATABASE() AND constraint_name = ?";
                let find = Statement::from_sql_and_values(self.0, find, [name.as_str().into()]);
                if manager.query_one_raw(find).await?.is_none() {
                    return Ok(());
                }
                manager.drop_foreign_key(ForeignKey::drop().table(table).name(name).to_owned()).await
            }
            _ => {
                let key = format!(", {}", foreign_key(column, to));
                self.amend(manager, table, |text| Some(text.replace(&key, ""))).await
            }
        }
    }

    /// Changes the SQL text of a table of SQLite.
    async fn amend(
        self,
        manager: &SchemaManager<'_>,
        table: &'static str,
        amended: impl Fn(&str) -> Option<String>,
    ) -> Result<(), DbErr> {
        let find = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?";
        let found =
            manager.query_one_raw(Statement::from_sql_and_values(self.0, find, [table.into()])).await?;
        let text: String = match found {
            Some(row) => row.try_get_by_index(0)?,
            None => return Err(DbErr::Migration(format!("there is no table {table}"))),
        };
        let text = amended(&text)
            .ok_or_else(|| DbErr::Migration(format!("the SQL text of {table} has an unexpected form")))?;
        manager.execute_text("PRAGMA writable_schema = ON").await?;
        let put = "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?";
        let put = Statement::from_sql_and_values(self.0, put, [text.into(), table.into()]);
        manager.execute_raw(put).await?;
        // Reloads the schema, and fails if it can't be parsed.
        manager.execute_text("PRAGMA writable_schema = RESET").await
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

/// A timestamp: microseconds since the Unix epoch.
pub(crate) fn instant(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().take()
}

/// A reference in the tenant, as it is in SQLite's text of a table that got it later.
fn constraint(table: &str, column: &str, to: &str) -> String {
    format!(", CONSTRAINT \"{table}_{column}_fkey\" {}", foreign_key(column, to))
}

/// The same in the text of a table that was created with it. It has no name there.
fn foreign_key(column: &str, to: &str) -> String {
    format!("FOREIGN KEY (\"tenant_id\", \"{column}\") REFERENCES \"{to}\" (\"tenant_id\", \"id\")")
}
