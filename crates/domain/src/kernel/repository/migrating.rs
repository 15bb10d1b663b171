//! Migrates a database: one node at a time, whatever else runs.
//!
//! Invariant: the schema changes only while a node holds the [lock](super::migration_lock). Each migration
//! is applied as a whole, or runs again. A migration that meets a lock of a running server gives
//! way and is retried, so it blocks no request for longer than a statement waits for a lock (5 s).

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use taskhub_migration::{ADDITIVE, Migrator, Progress, Standing};

use super::{failure, migration_lock::MigrationLock, pool::Database};
use crate::{Error, Result, kernel::error::Kind};

/// The number of attempts of a migration that meets a lock. Each waits for the lock, and there is 1
/// s between two of them.
const TRIES: u32 = 300;
/// The pause between two attempts.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// A migration, and whether it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationState {
    /// The name, such as `m0001_core`.
    pub name: String,
    /// Whether the database has the migration.
    pub applied: bool,
}

/// A table or a column whose data is lost when migrations are reverted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The table.
    pub table: String,
    /// The column; `None` if the whole table is lost.
    pub column: Option<String>,
    /// The number of rows of the table.
    pub rows: i64,
}

impl Database {
    /// Applies all missing migrations. Nodes that start together take turns.
    ///
    /// # Errors
    /// `Unavailable` when the database can't be reached, `Conflict` when its schema is of a newer
    /// version, and `Internal` when a migration fails.
    pub async fn migrate(&self) -> Result<()> {
        let connection = self.single().await?;
        if missing(&connection).await?.is_empty() {
            return Ok(());
        }
        self.in_turn(&connection, async {
            // Another node may have applied them meanwhile.
            for name in missing(&connection).await? {
                tracing::info!(migration = name, "applying a migration");
                again(&name, async || Migrator::apply(&connection, &name).await).await?;
            }
            Ok(())
        })
        .await
    }

    /// Reverts the latest `steps` migrations; all of them for `None`.
    ///
    /// # Errors
    /// As [`Self::migrate`].
    pub async fn migrate_down(&self, steps: Option<u32>) -> Result<()> {
        let connection = self.single().await?;
        if latest(&connection, steps).await?.is_empty() {
            return Ok(());
        }
        self.in_turn(&connection, async {
            for name in latest(&connection, steps).await? {
                tracing::info!(migration = name, "reverting a migration");
                again(&name, async || Migrator::revert(&connection, &name).await).await?;
            }
            Ok(())
        })
        .await
    }

    /// The data that is lost when the latest `steps` migrations are reverted.
    ///
    /// # Errors
    /// As [`Self::migrate`].
    pub async fn losses(&self, steps: u32) -> Result<Vec<Loss>> {
        let connection = self.single().await?;
        let mut losses = Vec::new();
        for name in latest(&connection, Some(steps)).await? {
            for loss in Migrator::losses(&connection, &name).await? {
                let rows = count(&connection, &loss.table).await?;
                losses.push(Loss { table: loss.table, column: loss.column, rows });
            }
        }
        Ok(losses)
    }

    /// All migrations of this version, oldest first, and whether they were applied.
    ///
    /// # Errors
    /// The errors of the database.
    pub async fn migrations(&self) -> Result<Vec<MigrationState>> {
        let standing = Migrator::standing(&self.single().await?).await?;
        let state = |(name, progress)| MigrationState { name, applied: progress == Progress::Applied };
        Ok(standing.known.into_iter().map(state).collect())
    }

    /// Rejects a schema that this version can't use.
    ///
    /// # Errors
    /// `Conflict` with a sentence that names the migrations.
    pub(super) async fn check_schema(connection: &DatabaseConnection) -> Result<()> {
        let missing = missing(connection).await?;
        if missing.is_empty() {
            return Ok(());
        }
        let detail = format!(
            "The database lacks migrations that this version needs: {}. Run `taskhub migrate`, or start with TASKHUB_MIGRATE=true.",
            missing.join(", ")
        );
        Err(Error::with(Kind::Conflict, detail))
    }

    /// Runs `work` while no other node migrates.
    async fn in_turn<O>(
        &self,
        connection: &DatabaseConnection,
        work: impl Future<Output = Result<O>>,
    ) -> Result<O> {
        let turn = MigrationLock::take(connection).await?;
        // The lock is renewed on a connection of its own, because a statement of the migration can
        // keep the first one busy for long.
        let keeper = self.single().await?;
        let outcome = tokio::select! {
            outcome = work => outcome,
            lost = turn.keep(&keeper) => Err(lost),
        };
        let ended = turn.end(connection).await;
        outcome.and_then(|output| ended.map(|()| output))
    }

    /// One connection without a time limit. Migrations on more than one connection can see half of
    /// each other's work.
    pub(crate) async fn single(&self) -> Result<DatabaseConnection> {
        self.keep_private().map_err(failure::from_db)?;
        let mut options = self.options(1, false);
        options.statement_timeout(Duration::ZERO);
        Box::pin(sea_orm::Database::connect(options)).await.map_err(failure::from_db)
    }
}

/// The migrations that the database does not have, oldest first.
async fn missing(connection: &DatabaseConnection) -> Result<Vec<String>> {
    let standing = known(connection).await?;
    let missing = standing.known.into_iter().filter(|(_, progress)| *progress != Progress::Applied);
    Ok(missing.map(|(name, _)| name).collect())
}

/// The latest migrations that the database has, at least in part, latest first.
async fn latest(connection: &DatabaseConnection, steps: Option<u32>) -> Result<Vec<String>> {
    let standing = Migrator::standing(connection).await?;
    refuse_newer(&standing.unknown)?;
    let present = standing.known.into_iter().filter(|(_, progress)| *progress != Progress::Missing);
    let steps = steps.map_or(usize::MAX, |steps| steps as usize);
    Ok(present.rev().map(|(name, _)| name).take(steps).collect())
}

/// The migrations, unless the schema is of a newer version that this one can't run with.
async fn known(connection: &DatabaseConnection) -> Result<Standing> {
    let standing = Migrator::standing(connection).await?;
    let newer: Vec<_> = standing.unknown.iter().filter(|name| !name.ends_with(ADDITIVE)).cloned().collect();
    refuse_newer(&newer)?;
    if !standing.unknown.is_empty() {
        tracing::warn!(migrations = ?standing.unknown, "the schema is of a newer version, which this version can run with");
    }
    Ok(standing)
}

fn refuse_newer(names: &[String]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "The database has migrations that this version does not know: {}. Start the newer version, or restore a backup from before the upgrade.",
        names.join(", ")
    );
    Err(Error::with(Kind::Conflict, detail))
}

/// Rejects a schema with migrations that this version does not know.
///
/// # Errors
/// `Conflict` with a sentence that names the migrations.
pub(crate) fn check_known(migrations: &[String]) -> Result<()> {
    let known = Migrator::names();
    let newer: Vec<_> = migrations.iter().filter(|name| !known.contains(name)).cloned().collect();
    refuse_newer(&newer)
}

/// Retries an attempt while other processes hold locks.
async fn again(name: &str, attempt: impl AsyncFn() -> std::result::Result<(), DbErr>) -> Result<()> {
    for _ in 1..TRIES {
        match attempt().await {
            Err(error) if failure::is_transient(&error) => {
                tracing::info!(migration = name, %error, "waiting for a lock that another process holds");
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome.map_err(failure::from_db),
        }
    }
    attempt().await.map_err(failure::from_db)
}

/// The number of rows of a table.
pub(super) async fn count(connection: &impl ConnectionTrait, table: &str) -> Result<i64> {
    use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Query};
    let count = Query::select().expr(Expr::col(Asterisk).count()).from(table.to_owned()).take();
    let row = connection.query_one(&count).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(0)).map_err(failure::from_db)
}
