//! The statistics that a database uses to plan queries.
//!
//! PostgreSQL, MySQL and MariaDB update them in the background, some time after many rows were
//! written. SQLite does not update them on its own.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use uuid::Uuid;

use super::{Database, Pool, Repository, Writes, failure};
use crate::{Result, System};

/// Updates missing and outdated statistics, from a sample of each table
/// (sqlite.org/pragma.html#pragma_optimize).
const OPTIMIZE: &str = "PRAGMA optimize = 0x10002";
/// Updates all statistics, from a sample of each index.
const ANALYZE_SQLITE: &str = "PRAGMA analysis_limit = 1000; ANALYZE";
/// A query for the statements that do so for each table on MySQL and MariaDB. `LOCAL` keeps them
/// out of the replication.
const ANALYZE_TABLES: &str = "SELECT CAST(CONCAT('ANALYZE LOCAL TABLE `', table_name, '`') AS CHAR) \
                              FROM information_schema.tables WHERE table_schema = DATABASE()";

impl Database {
    /// Updates the statistics of all tables, for commands that have written many rows.
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

/// Updates missing statistics when SQLite's file is opened. It comes before the reading
/// connections, because each keeps the statistics that were there when it was opened.
pub(super) async fn at_open(writer: &Pool) {
    if let Err(error) = writer.execute(Statement::from_string(DbBackend::Sqlite, OPTIMIZE)).await {
        tracing::warn!(%error, "can't update the statistics of the database");
    }
}

impl Repository {
    /// Updates the statistics of some tables, after many rows were written to them.
    ///
    /// # Errors
    /// The errors of the database.
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

    /// Updates missing and outdated statistics, where the database does not do so on its own
    /// (SQLite).
    ///
    /// # Errors
    /// The errors of the database.
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
