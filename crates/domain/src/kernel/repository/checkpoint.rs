//! Keeps SQLite's write-ahead log small.
//!
//! SQLite copies the log into the database while it grows, but starts it anew only when no reader
//! uses it. Readers that follow each other without a pause, such as streams that catch up, would
//! let it grow without limit. A truncating checkpoint holds back the writer for a moment, waits for
//! the readers of the log, and starts it anew. New readers read the database itself meanwhile.

use std::{path::PathBuf, str::FromStr, time::Duration};

use sea_orm::{DbBackend, DbErr, Statement};
use sqlx::sqlite::SqliteConnectOptions;
use tokio::{task::AbortHandle, time::MissedTickBehavior};

use super::{bound_pool::Pool, pool::Database};

/// The size from which the log is truncated, in bytes (64 MiB). It is also the maximum size of the
/// file after a checkpoint.
pub(super) const LARGE: u64 = 64 << 20;
/// The interval at which the size is checked.
pub(super) const PERIOD: Duration = Duration::from_secs(1);
/// The maximum time that readers hold back the writer. If one stays longer, the next check tries
/// again.
const PATIENCE: Duration = Duration::from_millis(250);

/// The task that checks the size, until this is dropped.
pub(super) struct Checkpoints(AbortHandle);

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Checkpoints {
    /// Starts the task; `None` for a database that is not embedded.
    pub(super) fn start(database: &Database, large: u64, period: Duration) -> Option<Self> {
        let log = log(database)?;
        let task = tokio::spawn(watch(database.clone(), log, large, period));
        Some(Self(task.abort_handle()))
    }
}

/// The path of the log.
fn log(database: &Database) -> Option<PathBuf> {
    let options = SqliteConnectOptions::from_str(database.embedded()?).ok()?;
    let mut name = options.get_filename().to_owned().into_os_string();
    name.push("-wal");
    Some(name.into())
}

async fn watch(database: Database, log: PathBuf, large: u64, period: Duration) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // A missing file is an empty log.
        let size = tokio::fs::metadata(&log).await.map_or(0, |file| file.len());
        if size >= large
            && let Err(error) = truncate(&database).await
        {
            tracing::warn!(%error, size, "the write-ahead log can't be truncated");
        }
    }
}

/// Truncates the log on a connection of its own. The passive checkpoint copies most of it first,
/// and holds back nobody.
async fn truncate(database: &Database) -> Result<(), DbErr> {
    let pool = database.open_writer().await?;
    let outcome = checkpoint(&pool).await;
    pool.close().await;
    outcome
}

async fn checkpoint(pool: &Pool) -> Result<(), DbErr> {
    let patience = format!("PRAGMA busy_timeout = {}", PATIENCE.as_millis());
    for sql in ["PRAGMA wal_checkpoint(PASSIVE)", &patience, "PRAGMA wal_checkpoint(TRUNCATE)"] {
        pool.all(Statement::from_string(DbBackend::Sqlite, sql)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
        time::Duration,
    };

    use sea_orm::{DbBackend, Statement};
    use tempfile::TempDir;

    use super::{Checkpoints, log};
    use crate::kernel::repository::{Database, bound_pool::Pool};

    const LARGE: u64 = 1 << 20;

    async fn run(pool: &Pool, sql: &str) {
        pool.all(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_log_stays_small_while_readers_follow_each_other() {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}", folder.path().join("busy.db").display());
        let database = Database::new(url.into(), 4);
        let (readers, writer) = database.open().await.unwrap();
        run(&writer, "CREATE TABLE filler (bytes BLOB)").await;
        run(&writer, "INSERT INTO filler VALUES (zeroblob(100000))").await;
        let stop = Arc::new(AtomicBool::new(false));
        let reading = (0..4).map(|_| {
            let (readers, stop) = (readers.clone(), stop.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    run(&readers, "SELECT max(length(a.bytes) + length(b.bytes)) FROM filler a, filler b")
                        .await;
                }
            })
        });
        let reading: Vec<_> = reading.collect();
        let _checkpoints = Checkpoints::start(&database, LARGE, Duration::from_millis(20)).unwrap();
        let log = log(&database).unwrap();
        let size = || std::fs::metadata(&log).unwrap().len();
        for _ in 0..100 {
            run(&writer, "INSERT INTO filler VALUES (zeroblob(100000))").await;
        }
        let small = async {
            while size() >= LARGE {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let outcome = tokio::time::timeout(Duration::from_secs(20), small).await;
        assert!(outcome.is_ok(), "the log has {} bytes while it is read", size());
        stop.store(true, Ordering::Relaxed);
        for task in reading {
            task.await.unwrap();
        }
    }
}
