//! Readiness: the server can store a write, and the schema has its version.

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use taskhub_tests::{App, Backend, every_database, run};
use tempfile::TempDir;

use super::ready;
use crate::{
    kill::register,
    poll,
    process::{Served, shared},
};

every_database!(server_that_can_store_writes_is_ready, read_only_database_gets_503_read_only);

const OLDER: &str = "The database's schema is of an older version: run `taskhub migrate up`.";
const NEWER: &str = "The database's schema is of a newer version: start that version.";
const NO_TABLES: &str = "The database lacks tables, or can't be read.";

async fn server_that_can_store_writes_is_ready(app: &App) {
    for _ in 0..3 {
        let answer = app.get("/health/ready").send().await.expect(200);
        assert_eq!(answer.body, json!({ "status": "ok" }));
    }
}

async fn read_only_database_gets_503_read_only(app: &App) {
    if app.backend != Backend::Postgres {
        // The other databases have no such setting for a single client.
        return;
    }
    let folder = TempDir::new().unwrap();
    let token = register(folder.path(), &app.database, &app.tenant().await.slug).await;
    let url = format!("{}?options[default_transaction_read_only]=on", app.database);
    let flags = [&shared(&url)[..], &["--migrate", "false"]].concat();
    let mut server = Served::start(folder.path(), &flags).await;
    let (status, why) = ready(server.url()).await;
    assert_eq!((status.as_u16(), why.as_str()), (503, "The database is read-only."));
    let problem = server.gives(503, "POST", "/tasks", &token, json!({ "title": "Refused" })).await;
    assert_eq!(problem["code"], "read_only");
    let _ = server.gives(200, "GET", "/tasks", &token, serde_json::Value::Null).await;
    server.kill().await;
}

/// The schema of a private database is changed without the server.
#[test]
fn server_is_not_ready_with_another_schema() {
    run(Backend::Sqlite, |app| Box::pin(another_schema(app)));
}

async fn another_schema(app: &App) {
    let mut connection = SqliteConnection::connect(&app.database).await.unwrap();
    let record =
        |name: &str| format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{name}', 1)");
    let lost = |trigger: &str, change: &str| {
        format!("CREATE TRIGGER {trigger} AFTER {change} ON readiness BEGIN DELETE FROM readiness; END;")
    };
    let steps = [
        // A write that succeeds but is not stored.
        (lost("added", "INSERT") + &lost("changed", "UPDATE"), 503, NO_TABLES),
        ("DROP TRIGGER added; DROP TRIGGER changed".to_owned(), 200, ""),
        (record("m9998_more_additive"), 200, ""),
        (record("m9999_newer"), 503, NEWER),
        ("DELETE FROM seaql_migrations WHERE version = 'm9999_newer'".to_owned(), 200, ""),
        ("UPDATE seaql_migrations SET applied_at = 0 WHERE version = 'm0001_core'".to_owned(), 503, OLDER),
        ("UPDATE seaql_migrations SET applied_at = 1".to_owned(), 200, ""),
        ("DELETE FROM seaql_migrations WHERE version = 'm0001_core'".to_owned(), 503, OLDER),
        (record("m0001_core"), 200, ""),
        ("DROP TABLE event".to_owned(), 503, NO_TABLES),
        ("DROP TABLE seaql_migrations".to_owned(), 503, NO_TABLES),
    ];
    for (sql, status, reason) in steps {
        sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&mut connection).await.unwrap();
        poll::until(&sql, async || {
            let (told, why) = ready(&app.url).await;
            (told.as_u16(), why.as_str()) == (status, reason)
        })
        .await;
    }
}
