//! Migrating a database: one node at a time, whatever else runs.
//!
//! Invariant: migrations change only while a node holds the [`turn`](super::turn), and each either is applied whole or runs
//! again. A migration that meets a lock of a running server gives way and is tried again, so that it never blocks the
//! server's requests for longer than a statement waits for a lock.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use taskhub_migration::{ADDITIVE, Migrator, Progress, Standing};

use super::{failure, pool::Database, turn::Turn};
use crate::{Error, Result, kernel::error::Kind};

/// How often a migration that met a lock is tried. Each try waits for the lock, and a second goes by before the next.
const TRIES: u32 = 300;
/// How long a node waits between two tries.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// A migration and whether it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationState {
    /// Its name.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

/// A table or a column that is lost when migrations are taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The table.
    pub table: String,
    /// The column, unless the whole table is lost.
    pub column: Option<String>,
    /// How many rows the table has.
    pub rows: i64,
}

impl Database {
    /// Brings the schema up to date. Nodes that start together take turns.
    ///
    /// # Errors
    /// `Unavailable` when the database can't be reached, `Conflict` when its schema is that of a newer version, and
    /// `Internal` when a migration fails.
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

    /// Takes the latest migrations back; all of them when no number is given.
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
                tracing::info!(migration = name, "taking a migration back");
                again(&name, async || Migrator::revert(&connection, &name).await).await?;
            }
            Ok(())
        })
        .await
    }

    /// What is lost when the latest migrations are taken back.
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

    /// Which migrations the database has.
    ///
    /// # Errors
    /// As [`Self::migrate`].
    pub async fn migrations(&self) -> Result<Vec<MigrationState>> {
        let standing = Migrator::standing(&self.single().await?).await?;
        let state = |(name, progress)| MigrationState { name, applied: progress == Progress::Applied };
        Ok(standing.known.into_iter().map(state).collect())
    }

    /// Refuses a schema that this version can't use.
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

    /// Does something while no other node migrates.
    async fn in_turn<O>(
        &self,
        connection: &DatabaseConnection,
        work: impl Future<Output = Result<O>>,
    ) -> Result<O> {
        let turn = Turn::take(connection).await?;
        // The turn is kept by a connection of its own: the first one is busy with a statement that may take long.
        let keeper = self.single().await?;
        let outcome = tokio::select! {
            outcome = work => outcome,
            lost = turn.keep(&keeper) => Err(lost),
        };
        let ended = turn.end(connection).await;
        outcome.and_then(|output| ended.map(|()| output))
    }

    /// One connection: migrations on more than one can see half of each other's work. They take as long as they take.
    pub(crate) async fn single(&self) -> Result<DatabaseConnection> {
        self.keep_private().map_err(failure::from_db)?;
        let mut options = self.options(1, false);
        options.statement_timeout(Duration::ZERO);
        Box::pin(sea_orm::Database::connect(options)).await.map_err(failure::from_db)
    }
}

/// The migrations that the database lacks, oldest first.
async fn missing(connection: &DatabaseConnection) -> Result<Vec<String>> {
    let standing = known(connection).await?;
    let missing = standing.known.into_iter().filter(|(_, progress)| *progress != Progress::Applied);
    Ok(missing.map(|(name, _)| name).collect())
}

/// The migrations of which the database has something, latest first.
async fn latest(connection: &DatabaseConnection, steps: Option<u32>) -> Result<Vec<String>> {
    let standing = Migrator::standing(connection).await?;
    refuse_newer(&standing.unknown)?;
    let present = standing.known.into_iter().filter(|(_, progress)| *progress != Progress::Missing);
    let steps = steps.map_or(usize::MAX, |steps| steps as usize);
    Ok(present.rev().map(|(name, _)| name).take(steps).collect())
}

/// The migrations, unless the schema is that of a newer version that this one can't run beside.
async fn known(connection: &DatabaseConnection) -> Result<Standing> {
    let standing = Migrator::standing(connection).await?;
    let newer: Vec<_> = standing.unknown.iter().filter(|name| !name.ends_with(ADDITIVE)).cloned().collect();
    refuse_newer(&newer)?;
    if !standing.unknown.is_empty() {
        tracing::warn!(migrations = ?standing.unknown, "the schema is that of a newer version, which this one may run beside");
    }
    Ok(standing)
}

fn refuse_newer(names: &[String]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "The database has migrations that this version does not know: {}. Start the newer version, or restore a backup of before the upgrade.",
        names.join(", ")
    );
    Err(Error::with(Kind::Conflict, detail))
}

/// Refuses a schema that has migrations which this version does not know.
pub(crate) fn check_known(migrations: &[String]) -> Result<()> {
    let known = Migrator::names();
    let newer: Vec<_> = migrations.iter().filter(|name| !known.contains(name)).cloned().collect();
    refuse_newer(&newer)
}

/// Tries again for as long as others hold locks.
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

/// How many rows a table has.
pub(super) async fn count(connection: &impl ConnectionTrait, table: &str) -> Result<i64> {
    use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Query};
    let count = Query::select().expr(Expr::col(Asterisk).count()).from(table.to_owned()).take();
    let row = connection.query_one(&count).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(0)).map_err(failure::from_db)
}
