//! Migrating: nodes run the migrations one at a time, an unknown schema version is refused, and a
//! killed migration can be resumed.

use std::{path::Path, process::Stdio, time::Duration};

use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection, SqliteConnection};
use taskhub_tests::{App, Backend, every_database};
use tempfile::TempDir;

use crate::{
    backup::{drop_database, empty_database},
    process::{Ran, command, run},
};

every_database!(nodes_that_start_together_migrate_one_at_a_time, node_waits_for_the_lock_of_a_killed_node);

fn migrate(folder: &Path, database: &str) -> Ran {
    run(&mut command(folder, &["migrate", "--database-url", database]), "")
}

async fn nodes_that_start_together_migrate_one_at_a_time(app: &App) {
    let folder = TempDir::new().unwrap();
    let database = empty_database(app, folder.path(), "together").await;
    let start = |_| {
        let mut node = command(folder.path(), &["migrate", "--database-url", &database]);
        node.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let nodes: Vec<_> = (0..4).map(start).collect();
    for node in nodes {
        let ended = node.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        assert!(!String::from_utf8_lossy(&ended.stdout).contains("missing"));
    }
    drop_database(app, &database).await;
}

/// Another session holds the lock that a node needs, for longer than the lock timeout of a
/// statement.
async fn node_waits_for_the_lock_of_a_killed_node(app: &App) {
    const HELD: Duration = Duration::from_secs(6);
    let folder = TempDir::new().unwrap();
    let database = empty_database(app, folder.path(), "waiting").await;
    let waits = {
        let (folder, database) = (folder.path().to_owned(), database.clone());
        move || tokio::task::spawn_blocking(move || migrate(&folder, &database))
    };
    let ran = match app.backend {
        Backend::Sqlite => {
            let mut other = SqliteConnection::connect(&format!("{database}?mode=rwc")).await.unwrap();
            sqlx::raw_sql("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
            let ran = waits();
            tokio::time::sleep(HELD).await;
            assert!(!ran.is_finished());
            sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
            ran.await
        }
        Backend::Postgres => {
            let mut other = PgConnection::connect(&database).await.unwrap();
            sqlx::raw_sql("SELECT pg_advisory_lock(8386112016437)").execute(&mut other).await.unwrap();
            let ran = waits();
            tokio::time::sleep(HELD).await;
            assert!(!ran.is_finished());
            // The lock ends with its session.
            other.close().await.unwrap();
            ran.await
        }
        Backend::MariaDb => {
            let mut other = MySqlConnection::connect(&database).await.unwrap();
            let row = format!(
                "CREATE TABLE migration_lock (id SMALLINT NOT NULL PRIMARY KEY, owner VARCHAR(64) NOT NULL, expires_at BIGINT NOT NULL); \
                 INSERT INTO migration_lock VALUES (1, 'killed', UNIX_TIMESTAMP() + {})",
                HELD.as_secs() + 2
            );
            sqlx::raw_sql(AssertSqlSafe(row)).execute(&mut other).await.unwrap();
            let ran = waits();
            tokio::time::sleep(HELD).await;
            assert!(!ran.is_finished());
            ran.await
        }
    };
    assert!(!ran.unwrap().said().contains("missing"));
    drop_database(app, &database).await;
}

#[test]
fn newer_schema_is_refused_unless_it_is_additive() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let taskhub = |args: &[&str]| run(&mut command(folder.path(), args), "");
        let _ = taskhub(&["tenant", "create", "Acme"]).said();
        let url = format!("sqlite://{}", folder.path().join("taskhub-data/taskhub.db").display());
        let mut database = SqliteConnection::connect(&url).await.unwrap();
        let newer = "INSERT INTO seaql_migrations VALUES ('m9998_colors_additive', 1)";
        sqlx::raw_sql(newer).execute(&mut database).await.unwrap();
        assert!(taskhub(&["tenant", "list"]).said().contains("acme"));
        let newer = "INSERT INTO seaql_migrations VALUES ('m9999_shapes', 1)";
        sqlx::raw_sql(newer).execute(&mut database).await.unwrap();
        for args in [["tenant", "list"], ["migrate", "up"], ["serve", "--migrate=false"]] {
            let complaint = taskhub(&args).complained();
            assert!(complaint.contains("this version does not know: m9999_shapes."), "{complaint}");
        }
        // This version does not revert migrations of a newer version.
        let complaint = taskhub(&["migrate", "down", "--yes"]).complained();
        assert!(complaint.contains("m9998_colors_additive"), "{complaint}");
    });
}

#[test]
fn invalid_setting_prevents_migration() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("short-key"), "AAAA").unwrap();
    for wrong in [
        ["--encryption-key-file", "short-key"],
        ["--encryption-key-file", "absent"],
        ["--signing-keys-file", "absent"],
        ["--files", "file:///dev/null/files"],
    ] {
        let args = [&["serve", "--listen", "127.0.0.1:0"], &wrong[..]].concat();
        let _ = run(&mut command(folder.path(), &args), "").complained();
        assert!(!folder.path().join("taskhub-data/taskhub.db").exists(), "{wrong:?}");
    }
}
