//! The statistics by which a database plans its queries.
//!
//! PostgreSQL, MySQL and MariaDB gather them in the background, some time after many rows were written. SQLite gathers none by itself.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use uuid::Uuid;

use super::{Database, Pool, Repository, Writes, failure};
use crate::{Result, System};

/// Gathers what is missing or out of date, from a sample of each table (sqlite.org/pragma.html#pragma_optimize).
const OPTIMIZE: &str = "PRAGMA optimize = 0x10002";
/// Gathers all, from a sample of each index.
const ANALYZE_SQLITE: &str = "PRAGMA analysis_limit = 1000; ANALYZE";
/// The statement that does so for a table on MySQL and MariaDB, on this node alone.
const ANALYZE_TABLES: &str = "SELECT CAST(CONCAT('ANALYZE LOCAL TABLE `', table_name, '`') AS CHAR) \
                              FROM information_schema.tables WHERE table_schema = DATABASE()";

impl Database {
    /// Gathers the statistics of all tables: for commands that have written many rows.
    ///
    /// # Errors
    /// `Unavailable` when the database can't be reached.
    pub async fn analyze(&self) -> Result<()> {
        let connection = self.single().await?;
        analyze(&connection).await.map_err(failure::from_db)
    }
}

async fn analyze(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    let statements = match backend {
        DbBackend::MySql => {
            let tables = Statement::from_string(backend, ANALYZE_TABLES);
            let rows = connection.query_all_raw(tables).await?;
            rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?
        }
        DbBackend::Sqlite => vec![ANALYZE_SQLITE.to_owned()],
        _ => vec!["ANALYZE".to_owned()],
    };
    for statement in statements {
        connection.execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// Gathers what is missing when SQLite's file is opened, before the connections that read: each knows the statistics of when it was opened.
pub(super) async fn at_open(writer: &Pool) {
    if let Err(error) = writer.execute(Statement::from_string(DbBackend::Sqlite, OPTIMIZE)).await {
        tracing::warn!(%error, "the database's statistics can't be gathered");
    }
}

impl Repository {
    /// Gathers the statistics of some tables, after many rows were written to them at once.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn analyze(&self, system: &System, tables: &[&str]) -> Result<()> {
        let conn = self.unscoped(system);
        for table in tables {
            let statement = match conn.backend() {
                DbBackend::MySql => format!("ANALYZE LOCAL TABLE `{table}`"),
                DbBackend::Postgres => format!("ANALYZE \"{table}\""),
                _ => return self.optimize(system).await,
            };
            conn.execute(&statement, Vec::new()).await.map_err(failure::from_db)?;
        }
        Ok(())
    }

    /// Gathers the statistics that are missing or out of date, where the database does not do so by itself (SQLite).
    ///
    /// # Errors
    /// Those of the store.
    pub async fn optimize(&self, system: &System) -> Result<()> {
        let Writes::Grouped(_) = &self.0.writes else { return Ok(()) };
        let ctx = system.within(Uuid::nil());
        let optimize = self.write(&ctx, (), |tx, ()| {
            Box::pin(async move {
                tx.conn.execute(OPTIMIZE, Vec::new()).await.map(drop).map_err(failure::from_db)
            })
        });
        optimize.await
    }
}
