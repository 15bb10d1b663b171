//! Reads the rows of a tenant, and the schema from the catalogue of the database, without the API.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use sqlx::{AssertSqlSafe, MySqlPool, PgPool, Row, SqlitePool};
use taskhub_tests::{App, Backend};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// The connections of the contract tests.
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
    MariaDb(MySqlPool),
}

/// A database and its schema.
pub(crate) struct Database {
    pool: Pool,
    /// All tables and their columns, read once.
    schema: OnceCell<Vec<(String, Vec<String>)>>,
}

/// The rows of a tenant as text, by table.
pub(crate) type Rows = BTreeMap<String, BTreeSet<String>>;

/// A foreign key: its columns and the columns that it refers to.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) table: String,
    pub(super) columns: Vec<String>,
    pub(super) target: String,
    pub(super) target_columns: Vec<String>,
}

macro_rules! read {
    ($pool:expr, $sql:expr) => {{
        // Not prepared, because no statement is repeated.
        let rows = sqlx::raw_sql(AssertSqlSafe($sql)).fetch_all($pool).await.unwrap();
        let cells = |row: &_| (0..Row::len(row)).map(|at| Row::get::<String, _>(row, at)).collect();
        rows.iter().map(cells).collect()
    }};
}

impl Database {
    /// The database of a server.
    pub(crate) async fn of(app: &App) -> Self {
        let pool = match app.backend {
            Backend::Sqlite => Pool::Sqlite(SqlitePool::connect(&app.database).await.unwrap()),
            Backend::Postgres => Pool::Postgres(PgPool::connect(&app.database).await.unwrap()),
            Backend::MariaDb => Pool::MariaDb(MySqlPool::connect(&app.database).await.unwrap()),
        };
        Self { pool, schema: OnceCell::new() }
    }

    async fn read(&self, sql: String) -> Vec<Vec<String>> {
        match &self.pool {
            Pool::Sqlite(pool) => read!(pool, sql),
            Pool::Postgres(pool) => read!(pool, sql),
            Pool::MariaDb(pool) => read!(pool, sql),
        }
    }

    async fn column(&self, sql: String) -> Vec<String> {
        self.read(sql).await.into_iter().flatten().collect()
    }

    /// All tables.
    pub(super) async fn tables(&self) -> Vec<String> {
        let sql = match self.pool {
            Pool::Sqlite(_) => {
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            }
            Pool::Postgres(_) => "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()",
            Pool::MariaDb(_) => {
                "SELECT CAST(table_name AS CHAR) FROM information_schema.tables WHERE table_schema = DATABASE()"
            }
        };
        self.column(sql.to_owned()).await
    }

    /// The columns of a table.
    pub(super) async fn columns(&self, table: &str) -> Vec<String> {
        let sql = match self.pool {
            Pool::Sqlite(_) => format!("SELECT name FROM pragma_table_xinfo('{table}') ORDER BY cid"),
            Pool::Postgres(_) | Pool::MariaDb(_) => format!(
                "SELECT CAST(column_name AS CHAR(64)) FROM information_schema.columns
                 WHERE table_schema = {} AND table_name = '{table}' ORDER BY ordinal_position",
                self.present()
            ),
        };
        self.column(sql).await.into_iter().map(|name| name.trim_end().to_owned()).collect()
    }

    /// The columns of the primary key of a table, in order.
    pub(super) async fn key(&self, table: &str) -> Vec<String> {
        let sql = match self.pool {
            Pool::Sqlite(_) => {
                format!("SELECT name FROM pragma_table_info('{table}') WHERE pk > 0 ORDER BY pk")
            }
            Pool::Postgres(_) | Pool::MariaDb(_) => format!(
                "SELECT CAST(k.column_name AS CHAR(64)) FROM information_schema.table_constraints c
                 JOIN information_schema.key_column_usage k ON k.constraint_schema = c.constraint_schema
                 AND k.constraint_name = c.constraint_name AND k.table_name = c.table_name
                 WHERE c.table_schema = {} AND c.table_name = '{table}' AND c.constraint_type = 'PRIMARY KEY'
                 ORDER BY k.ordinal_position",
                self.present()
            ),
        };
        self.column(sql).await.into_iter().map(|name| name.trim_end().to_owned()).collect()
    }

    /// All foreign keys.
    pub(super) async fn references(&self) -> Vec<Reference> {
        let sql = match self.pool {
            Pool::Sqlite(_) => {
                "SELECT t.name, f.\"table\", group_concat(f.\"from\"), group_concat(f.\"to\") FROM sqlite_schema t
                 JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table' GROUP BY t.name, f.id"
            }
            Pool::Postgres(_) => {
                "SELECT t.relname::text, r.relname::text,
                 (SELECT string_agg(a.attname, ',') FROM unnest(c.conkey) k JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k),
                 (SELECT string_agg(a.attname, ',') FROM unnest(c.confkey) k JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k)
                 FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid
                 WHERE c.contype = 'f' AND t.relnamespace = current_schema()::regnamespace"
            }
            Pool::MariaDb(_) => {
                "SELECT CAST(table_name AS CHAR), CAST(referenced_table_name AS CHAR),
                 CAST(GROUP_CONCAT(column_name) AS CHAR), CAST(GROUP_CONCAT(referenced_column_name) AS CHAR)
                 FROM information_schema.key_column_usage
                 WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL
                 GROUP BY constraint_name, table_name, referenced_table_name"
            }
        };
        let list = |text: &str| text.split(',').map(str::to_owned).collect();
        let reference = |row: Vec<String>| Reference {
            table: row[0].clone(),
            target: row[1].clone(),
            columns: list(&row[2]),
            target_columns: list(&row[3]),
        };
        self.read(sql.to_owned()).await.into_iter().map(reference).collect()
    }

    /// All tables and their columns, which do not change during a test.
    async fn schema(&self) -> &[(String, Vec<String>)] {
        let read = async || {
            let mut schema = Vec::new();
            for table in self.tables().await {
                let columns = self.columns(&table).await;
                schema.push((table, columns));
            }
            schema
        };
        self.schema.get_or_init(read).await
    }

    /// All rows of a tenant, including the row of the tenant itself.
    pub(crate) async fn rows_of(&self, tenant: Uuid) -> Rows {
        let mut rows = Rows::new();
        // The server sends mail and compacts aggregates in the background, so these tables change
        // at any time.
        let own_time = |table: &String| matches!(table.as_str(), "mail" | "tally" | "tally_sum");
        for (table, columns) in self.schema().await.iter().filter(|(table, _)| !own_time(table)) {
            let owner = if table == "tenant" { "id" } else { "tenant_id" };
            if columns.iter().any(|column| column == owner) {
                let sql = self.rows_sql(table, columns, owner, tenant);
                rows.insert(table.clone(), self.column(sql).await.into_iter().collect());
            }
        }
        rows
    }

    /// Stores dependencies, each of a task on its blocker: more than a test can create by requests.
    pub(crate) async fn add_dependencies(&self, tenant: Uuid, pairs: &[(Uuid, Uuid)]) {
        let quote = if matches!(self.pool, Pool::Postgres(_)) { "" } else { "X" };
        let id = |id: Uuid| format!("{quote}'{}'", id.simple());
        let row = |((task, blocker), own): (&(Uuid, Uuid), u128)| {
            format!(
                "({}, {}, {}, {}, 0, 0, 1)",
                id(tenant),
                id(Uuid::from_u128(own)),
                id(*task),
                id(*blocker)
            )
        };
        let rows: Vec<_> = pairs.iter().zip(1..).map(row).collect();
        for rows in rows.chunks(1000) {
            let columns = "tenant_id, id, task_id, blocker_id, created_at, updated_at, version";
            let sql = format!("INSERT INTO task_dependency ({columns}) VALUES {}", rows.join(", "));
            let _ = self.read(sql).await;
        }
    }

    /// The number of pending mails of a tenant.
    pub(crate) async fn mail_of(&self, tenant: Uuid) -> usize {
        self.number_of("mail", tenant).await
    }

    /// The number of rows of a tenant in a table.
    pub(crate) async fn number_of(&self, table: &str, tenant: Uuid) -> usize {
        let columns = self.columns(table).await;
        self.column(self.rows_sql(table, &columns, "tenant_id", tenant)).await.len()
    }

    fn rows_sql(&self, table: &str, columns: &[String], owner: &str, tenant: Uuid) -> String {
        let all = |cell: &dyn Fn(&String) -> String, between: &str| {
            columns.iter().map(cell).collect::<Vec<_>>().join(between)
        };
        let tenant = tenant.simple();
        match self.pool {
            Pool::Sqlite(_) => {
                let row = all(&|column| format!("'{column} ' || quote(\"{column}\")"), " || ' ' || ");
                format!("SELECT {row} FROM \"{table}\" WHERE \"{owner}\" = X'{tenant}'")
            }
            Pool::Postgres(_) => {
                format!("SELECT row_to_json(t)::text FROM \"{table}\" t WHERE \"{owner}\" = '{tenant}'")
            }
            Pool::MariaDb(_) => {
                let row = all(&|column| format!("'{column}', IFNULL(HEX(`{column}`), '-')"), ", ");
                format!(
                    "SELECT CAST(CONCAT_WS(' ', {row}) AS CHAR) FROM `{table}` WHERE `{owner}` = UNHEX('{tenant}')"
                )
            }
        }
    }

    /// The SQL expression for the current schema.
    fn present(&self) -> &'static str {
        if matches!(self.pool, Pool::MariaDb(_)) { "DATABASE()" } else { "current_schema()" }
    }
}

/// Whether a text occurs in the rows, plain or in the hexadecimal form of MariaDB.
pub(crate) fn hold(rows: &Rows, text: &str) -> bool {
    let mut hex = String::new();
    text.bytes().for_each(|byte| write!(hex, "{byte:02X}").unwrap());
    rows.values().flatten().any(|row| row.contains(text) || row.contains(&hex))
}

/// The tables with changed rows.
pub(super) fn changed(before: &Rows, after: &Rows) -> Vec<String> {
    before.keys().filter(|table| before[*table] != after[*table]).cloned().collect()
}

/// Whether the row records a refusal or a dry run that confirmed a credential. Such a row is
/// written after the response. (MariaDB shows values in hexadecimal.)
fn is_incident(row: &str) -> bool {
    ["'refused'", "\"refused\"", "72656675736564", "'asked'", "\"asked\"", "action 61736B6564"]
        .iter()
        .any(|word| row.contains(word))
}

/// Fails if a row has changed.
pub(super) fn assert_unchanged(before: &Rows, after: &Rows, what: &str) {
    let changes = changed(before, after).into_iter().map(|table| {
        let (before, after) = (&before[&table], &after[&table]);
        let gone: Vec<_> = before.difference(after).collect();
        let new: Vec<_> = after.difference(before).filter(|row| !is_incident(row)).collect();
        (table, gone.into_iter().cloned().collect::<Vec<_>>(), new.into_iter().cloned().collect::<Vec<_>>())
    });
    let changes: Vec<_> = changes
        .filter(|(_, gone, new)| !gone.is_empty() || !new.is_empty())
        .map(|(table, gone, new)| format!("{table}: {gone:#?} became {new:#?}"))
        .collect();
    assert!(changes.is_empty(), "{what} changed {}", changes.join("\n"));
}
