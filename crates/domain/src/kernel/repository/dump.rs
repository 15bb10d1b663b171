//! A copy of a whole database in a file, and the way back: `VACUUM INTO` on SQLite, elsewhere the database's own tools.
//!
//! Invariant: the copy is the database as it was at one instant, whatever is written meanwhile, and its row counts are that
//! copy's. A password never stands on a command line: PostgreSQL's tools get it by their environment, those of MySQL and
//! MariaDB by a file that only its owner can read.

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
    tools::{Access, Engine, create_secret},
};
use crate::{Error, Result};

/// How many rows each table has.
pub(crate) type Counts = BTreeMap<String, i64>;

impl Database {
    /// Writes the whole database into a file, as it is at one instant; the number of each table's rows in it.
    pub(crate) async fn dump(&self, file: &Path) -> Result<Counts> {
        drop(create_secret(file)?);
        match self.engine() {
            Engine::Sqlite => self.vacuum_into(file).await,
            Engine::Postgres => self.pg_dump(file).await,
            Engine::MySql => self.mysql_dump(file).await,
        }
    }

    /// Fills an empty database from such a file.
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

    /// How many rows each table has.
    pub(crate) async fn counts(&self) -> Result<Counts> {
        let connection = self.single().await?;
        let tables = Migrator::tables(&connection).await?;
        let counts = count_all(&connection, tables).await?;
        connection.close().await?;
        Ok(counts)
    }

    /// The files that the database speaks of.
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

    /// The tables are counted in the very snapshot that is dumped.
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
            return Err(Error::internal("PostgreSQL exports no snapshot"));
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

    /// A statement for each row: the rows of the snapshot are counted in the file, because it can't be shared.
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

/// How many rows a dump inserts into each table.
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

/// The first of two tools that is installed; the second when none is.
async fn one_of([first, second]: [&'static str; 2]) -> &'static str {
    let mut version = Command::new(first);
    let asked = version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    if asked.is_ok() { first } else { second }
}

/// Runs a tool to its end.
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

/// Copies a file so that its new name is either the whole of it or nothing.
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
