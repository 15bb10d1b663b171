//! Copies a whole database into a file, and back: with `VACUUM INTO` on SQLite, and with the
//! database's own tools elsewhere.
//!
//! Invariant: the copy is the database at one point in time, whatever is written meanwhile, and the
//! returned counts are those of the copy. A password is never on a command line. PostgreSQL's tools
//! get it in their environment, and those of MySQL and MariaDB in a file that only its owner can
//! read.

use std::{
    collections::{BTreeMap, HashSet},
    ffi::OsString,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::Stdio,
};

use sea_orm::{
    AccessMode, ConnectionTrait, IsolationLevel, Statement, TransactionTrait, Value,
    sea_query::{Expr, ExprTrait, Query},
};
use taskhub_migration::Migrator;
use tokio::process::Command;
use uuid::Uuid;

use super::{
    pool::Database,
    tool_access::{Access, Engine, create_secret},
};
use crate::{Error, Result};

/// The number of rows of each table.
pub(crate) type Counts = BTreeMap<String, i64>;

impl Database {
    /// Copies the whole database, as it is at one point in time, into a new file with mode 0600. It
    /// returns the number of rows of each table in the copy.
    ///
    /// # Errors
    /// `Unavailable` with a sentence for the operator, when the file can't be written or a tool
    /// fails.
    pub(crate) async fn dump(&self, file: &Path) -> Result<Counts> {
        drop(create_secret(file)?);
        match self.engine() {
            Engine::Sqlite => self.vacuum_into(file).await,
            Engine::Postgres => self.pg_dump(file).await,
            Engine::MySql => self.mysql_dump(file).await,
        }
    }

    /// Fills an empty database from such a file.
    ///
    /// # Errors
    /// `Unavailable` with a sentence for the operator, when the file can't be read or a tool fails.
    pub(crate) async fn load(&self, file: &Path) -> Result<()> {
        match self.engine() {
            Engine::Sqlite => {
                let copied = copy_durably(file, &self.embedded_file()?);
                copied.map_err(|error| failed("The database can't be written", &error))
            }
            Engine::Postgres => {
                let access = Access::parse(self.url())?;
                let mut command = Command::new("pg_restore");
                command.args(["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]);
                command.arg("--dbname").arg(&access.database).arg(file).envs(access.postgres());
                run(command, "pg_restore").await
            }
            Engine::MySql => {
                let access = Access::parse(self.url())?;
                let (options, tool) = (access.options_file()?, one_of(["mariadb", "mysql"]).await);
                let dump =
                    fs::File::open(file).map_err(|error| failed("The backup can't be read", &error))?;
                let mut command = Command::new(tool);
                command.arg(options.flag()).arg(&access.database).stdin(dump);
                run(command, tool).await
            }
        }
    }

    /// The number of rows of each table.
    pub(crate) async fn counts(&self) -> Result<Counts> {
        let connection = self.single().await?;
        let tables = Migrator::tables(&connection).await?;
        let counts = count_all(&connection, tables).await?;
        connection.close().await?;
        Ok(counts)
    }

    /// The tenant and the id of each file that the database refers to, except discarded ones.
    pub(crate) async fn files(&self) -> Result<HashSet<(Uuid, Uuid)>> {
        let connection = self.single().await?;
        if !Migrator::tables(&connection).await?.iter().any(|table| table == "file") {
            return Ok(HashSet::new());
        }
        let kept = Query::select()
            .columns(["tenant_id", "id"])
            .from("file")
            .and_where(Expr::col("discarded_at").is_null())
            .take();
        let rows = connection.query_all(&kept).await?;
        let ids = rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)));
        ids.collect()
    }

    async fn vacuum_into(&self, file: &Path) -> Result<Counts> {
        let name = Value::from(file.display().to_string());
        let connection = self.single().await?;
        let vacuum =
            Statement::from_sql_and_values(connection.get_database_backend(), "VACUUM INTO ?", [name]);
        connection.execute_raw(vacuum).await?;
        let copy = format!("sqlite://{}?mode=ro&immutable=true", file.display());
        let copy = sea_orm::Database::connect(copy).await?;
        let tables = Migrator::tables(&copy).await?;
        let counts = count_all(&copy, tables).await?;
        copy.close().await?;
        Ok(counts)
    }

    /// Counts the rows in the same snapshot that is dumped.
    async fn pg_dump(&self, file: &Path) -> Result<Counts> {
        let access = Access::parse(self.url())?;
        let connection = self.single().await?;
        let tables = Migrator::tables(&connection).await?;
        let snapshot = connection
            .begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly))
            .await?;
        let backend = snapshot.get_database_backend();
        let export = Statement::from_string(backend, "SELECT pg_export_snapshot()");
        let exported = snapshot.query_one_raw(export).await?;
        let Some(exported) = exported.map(|row| row.try_get_by_index::<String>(0)).transpose()? else {
            return Err(Error::internal("PostgreSQL did not export a snapshot"));
        };
        let counts = count_all(&snapshot, tables).await?;
        let mut command = Command::new("pg_dump");
        command.args(["--format=custom", "--no-owner", "--no-privileges"]);
        command.arg(format!("--snapshot={exported}")).arg("--file").arg(file);
        command.envs(access.postgres());
        run(command, "pg_dump").await?;
        snapshot.rollback().await?;
        Ok(counts)
    }

    /// Writes one statement per row. The rows are counted in the file, because a snapshot can't be
    /// shared with a second connection.
    async fn mysql_dump(&self, file: &Path) -> Result<Counts> {
        let access = Access::parse(self.url())?;
        let (options, tool) = (access.options_file()?, one_of(["mariadb-dump", "mysqldump"]).await);
        let mut result = OsString::from("--result-file=");
        result.push(file);
        let mut command = Command::new(tool);
        command.arg(options.flag()).args([
            "--single-transaction",
            "--quick",
            "--hex-blob",
            "--skip-extended-insert",
            "--no-autocommit",
            "--no-tablespaces",
            "--default-character-set=utf8mb4",
        ]);
        command.arg(result).arg(&access.database);
        run(command, tool).await?;
        let connection = self.single().await?;
        let tables = Migrator::tables(&connection).await?;
        inserted(file, tables)
    }

    fn embedded_file(&self) -> Result<PathBuf> {
        let options: sqlx::sqlite::SqliteConnectOptions = self.url().parse().map_err(Error::internal)?;
        Ok(options.get_filename().to_owned())
    }
}

async fn count_all(connection: &impl ConnectionTrait, tables: Vec<String>) -> Result<Counts> {
    let mut counts = Counts::new();
    for table in tables {
        let rows = super::migrating::count(connection, &table).await?;
        counts.insert(table, rows);
    }
    Ok(counts)
}

/// The number of rows that a dump inserts into each table.
fn inserted(file: &Path, tables: Vec<String>) -> Result<Counts> {
    let unread = |error: std::io::Error| failed("The dump can't be read", &error);
    let mut counts: Counts = tables.into_iter().map(|table| (table, 0)).collect();
    let mut lines = BufReader::new(fs::File::open(file).map_err(unread)?);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).map_err(unread)? > 0 {
        let table = line.strip_prefix(b"INSERT INTO `").and_then(|rest| rest.split(|b| *b == b'`').next());
        if let Some(table) = table {
            *counts.entry(String::from_utf8_lossy(table).into_owned()).or_default() += 1;
        }
        line.clear();
    }
    Ok(counts)
}

/// The first of two tools, if it is installed; otherwise the second.
async fn one_of([first, second]: [&'static str; 2]) -> &'static str {
    let mut version = Command::new(first);
    let asked = version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    if asked.is_ok() { first } else { second }
}

/// Runs a tool to its end.
///
/// # Errors
/// `Unavailable` with what the tool wrote to its standard error.
async fn run(mut command: Command, tool: &str) -> Result<()> {
    let ran = command.kill_on_drop(true).output().await.map_err(|error| {
        failed(&format!("{tool} can't be run. Install the database's client tools"), &error)
    })?;
    if ran.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ran.stderr);
    Err(Error::with(crate::kernel::error::Kind::Unavailable, format!("{tool} failed: {}", said.trim())))
}

/// Copies a file durably. Its new name is either the whole file or nothing, even after a crash.
fn copy_durably(from: &Path, to: &Path) -> std::io::Result<()> {
    let to = std::path::absolute(to)?;
    let partial = to.with_extension("restoring");
    fs::copy(from, &partial)?;
    fs::File::open(&partial)?.sync_all()?;
    fs::rename(&partial, &to)?;
    to.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

fn failed(what: &str, error: &std::io::Error) -> Error {
    Error::with(crate::kernel::error::Kind::Unavailable, format!("{what}: {error}"))
}
