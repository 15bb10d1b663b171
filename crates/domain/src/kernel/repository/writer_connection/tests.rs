//! A database that is full for a while. After a restart it has what was acknowledged, and nothing
//! else.

use std::{collections::BTreeSet, sync::atomic::Ordering};

use futures::{FutureExt, future::join_all};
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use taskhub_auth::Cipher;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    Clock, Context, Repository, Result, Tx,
    kernel::{
        context::Request,
        error::Kind,
        repository::{Database, failure},
    },
};

/// The size of a row that needs more than one page, in bytes.
const LARGE: u32 = 8000;
/// The number of free pages before the database is full.
const FREE: u32 = 20;

/// A database that can become full.
struct Full {
    folder: TempDir,
    database: Database,
    pages: u32,
}

impl Full {
    /// A database with room for a few rows.
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}", folder.path().join("full.db").display());
        let database = Database::new(url.into(), 2);
        database.migrate().await.unwrap();
        let mut full = Self { folder, database, pages: 0 };
        let mut connection = full.connect().await;
        sqlx::raw_sql("CREATE TABLE filler (id INTEGER PRIMARY KEY, bytes BLOB)")
            .execute(&mut connection)
            .await
            .unwrap();
        full.pages = sqlx::query("PRAGMA page_count").fetch_one(&mut connection).await.unwrap().get(0);
        full.limit(full.pages + FREE);
        full
    }

    async fn connect(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.folder.path().join("full.db"));
        SqliteConnection::connect_with(&options).await.unwrap()
    }

    /// Takes effect with the next connection.
    fn limit(&self, pages: u32) {
        self.database.pages.store(pages, Ordering::Relaxed);
    }

    async fn repository(&self) -> Repository {
        let clock = Clock::System;
        Repository::connect(&self.database, Cipher::fresh().unwrap(), clock).await.unwrap()
    }

    /// The rows that a process finds which starts now.
    async fn stored(&self) -> BTreeSet<i64> {
        let mut connection = self.connect().await;
        let rows = sqlx::query("SELECT id FROM filler").fetch_all(&mut connection).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

fn context(repository: &Repository) -> Context {
    repository.system("filling the database", Request::default()).within(Uuid::nil())
}

/// Inserts a row.
async fn fill(tx: &Tx, id: i64, bytes: u32) -> Result<()> {
    tx.begin_writing().await?;
    let sql = "INSERT INTO filler (id, bytes) VALUES (?, zeroblob(?))";
    let inserted = tx.conn.execute(sql, vec![id.into(), bytes.into()]).await;
    inserted.map(drop).map_err(failure::from_db)
}

async fn insert(repository: &Repository, id: i64, bytes: u32) -> Result<()> {
    repository.write(&context(repository), (id, bytes), |tx, (id, bytes)| fill(tx, *id, *bytes).boxed()).await
}

#[tokio::test]
async fn acknowledged_writes_survive_a_full_disk() {
    for refusals in [1, 2, 3, 20] {
        let full = Full::new().await;
        let repository = full.repository().await;
        let (mut acknowledged, mut refused) = (BTreeSet::new(), 0);
        for id in 0.. {
            match insert(&repository, id, LARGE).await {
                Ok(()) => assert!(acknowledged.insert(id)),
                Err(error) => {
                    assert_eq!(error.kind(), Kind::StorageFull, "{error}");
                    refused += 1;
                }
            }
            if refused == refusals {
                break;
            }
        }
        assert!(!acknowledged.is_empty());
        full.limit(u32::MAX);
        for id in 1000..1010 {
            insert(&repository, id, LARGE).await.unwrap();
            acknowledged.insert(id);
        }
        drop(repository);
        assert_eq!(full.stored().await, acknowledged, "after {refusals} refusals");
    }
}

#[tokio::test]
async fn a_group_that_fills_the_disk_is_refused_whole() {
    let full = Full::new().await;
    let repository = full.repository().await;
    let mut acknowledged = BTreeSet::new();
    for round in 0..3_i64 {
        // These writes wait in the queue together. The fourth has no room.
        let writes = (0..8).map(|n| {
            let (repository, bytes) = (&repository, if n == 3 { FREE * 4096 } else { 10 });
            async move {
                let id = round * 100 + n;
                (id, insert(repository, id, bytes).await)
            }
        });
        for (id, outcome) in join_all(writes).await {
            match outcome {
                Ok(()) => assert!(acknowledged.insert(id)),
                Err(error) => assert_eq!(error.kind(), Kind::StorageFull, "{error}"),
            }
        }
        assert_eq!(full.stored().await, acknowledged, "round {round}");
    }
    insert(&repository, 1000, 10).await.unwrap();
    acknowledged.insert(1000);
    drop(repository);
    assert_eq!(full.stored().await, acknowledged);
}

/// After such an error SQLite has ended the whole transaction, and the next savepoint would commit
/// on its own.
#[tokio::test]
async fn an_operation_that_goes_on_after_a_full_disk_commits_nothing() {
    let full = Full::new().await;
    let repository = full.repository().await;
    let ctx = context(&repository);
    let stubborn = repository.write(&ctx, (), |tx, ()| {
        async move {
            fill(tx, 1, 10).await?;
            assert!(fill(tx, 2, FREE * 4096).await.is_err());
            // The operation ignores the error and goes on.
            fill(tx, 3, 10).await.or(Ok(()))
        }
        .boxed()
    });
    let (stubborn, other) = futures::join!(stubborn, insert(&repository, 4, 10));
    assert_eq!(stubborn.map_err(|error| error.kind()), Err(Kind::StorageFull));
    // This write runs after the connection was replaced.
    other.unwrap();
    drop(repository);
    assert_eq!(full.stored().await, BTreeSet::from([4]));
}

async fn faulty(tx: &Tx) -> Result<()> {
    fill(tx, 2, 10).await?;
    panic!("an operation with a fault");
}

#[tokio::test]
async fn dry_runs_and_panics_leave_the_connection_outside_a_transaction() {
    let full = Full::new().await;
    full.limit(u32::MAX);
    let repository = full.repository().await;
    let request = Request { dry_run: true, ..Request::default() };
    let asked = repository.system("a dry run", request).within(Uuid::nil());
    let dry = repository.write(&asked, (), |tx, ()| fill(tx, 1, 10).boxed());
    let ctx = context(&repository);
    let panics = repository.write(&ctx, (), |tx, ()| faulty(tx).boxed());
    let (dry, panics, written) = futures::join!(dry, panics, insert(&repository, 3, 10));
    assert!(dry.is_ok() && written.is_ok());
    assert_eq!(panics.map_err(|error| error.kind()), Err(Kind::Internal));
    drop(repository);
    assert_eq!(full.stored().await, BTreeSet::from([3]));
}
