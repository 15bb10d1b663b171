//! Tests of migrations that are interrupted after every one of their statements, up and down, on a
//! filled database.

use std::{cell::Cell, collections::BTreeMap, env};

use sea_orm_migration::sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement,
    prelude::Uuid,
    sea_query::{Query, Value},
};
use tempfile::TempDir;

use crate::{Migrator, Progress};

const INTERRUPTED: &str = "interrupted";

thread_local! {
    /// The number of statements until the migration is interrupted.
    static LEFT: Cell<u32> = const { Cell::new(0) };
}

/// Ends a migration after the chosen statement, as a kill would.
pub(crate) fn interrupt() -> Result<(), DbErr> {
    let left = LEFT.get();
    LEFT.set(left.saturating_sub(1));
    if left == 1 { Err(DbErr::Custom(INTERRUPTED.to_owned())) } else { Ok(()) }
}

#[test]
fn interrupted_migrations_run_again_on_sqlite() {
    let folder = TempDir::new().unwrap();
    let url = |name: &str| format!("sqlite://{}?mode=rwc", folder.path().join(name).display());
    test(&[url("whole"), url("interrupted")]);
}

#[test]
fn interrupted_migrations_run_again_on_postgres() {
    test_beside("TASKHUB_TEST_POSTGRES_URL", "");
}

#[test]
fn interrupted_migrations_run_again_on_mariadb() {
    test_beside("TASKHUB_TEST_MYSQL_URL", " CHARACTER SET utf8mb4");
}

/// Runs the test on two new databases beside the configured one.
#[expect(clippy::disallowed_methods, reason = "the tests' own configuration")]
fn test_beside(variable: &str, options: &str) {
    let Ok(url) = env::var(variable) else {
        assert!(env::var("TASKHUB_TEST_REQUIRE_ALL").is_err(), "{variable} is not set");
        eprintln!("skipped: {variable} is not set");
        return;
    };
    let (_, configured) = url.rsplit_once('/').unwrap();
    let names = ["whole", "interrupted"].map(|name| format!("{configured}_{name}"));
    let run = async |verb: &str, options: &str| {
        let server = Database::connect(&url).await.unwrap();
        for name in &names {
            server.execute_unprepared(&format!("{verb} {name}{options}")).await.unwrap();
        }
    };
    runtime().block_on(async {
        run("DROP DATABASE IF EXISTS", "").await;
        run("CREATE DATABASE", options).await;
    });
    test(&names.each_ref().map(|name| url.replace(configured, name)));
    runtime().block_on(run("DROP DATABASE", ""));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Migrates one database without interruptions and one with them, up and down, and compares the
/// two.
fn test([whole, interrupted]: &[String; 2]) {
    runtime().block_on(async {
        let names = Migrator::names();
        let connection = Database::connect(whole).await.unwrap();
        for name in &names {
            Migrator::apply(&connection, name).await.unwrap();
            until_done(interrupted, name, Progress::Applied).await;
            for url in [whole, interrupted] {
                fill(&Database::connect(url).await.unwrap(), name).await;
            }
        }
        assert_eq!(seen(whole).await, seen(interrupted).await);
        for (step, name) in names.iter().rev().enumerate() {
            Migrator::revert(&connection, name).await.unwrap();
            until_done(interrupted, name, Progress::Missing).await;
            // Reading a whole catalogue takes longer than a migration.
            if step % 4 == 0 {
                assert_eq!(seen(whole).await, seen(interrupted).await, "without {name}");
            }
        }
        // An interrupted way down can be followed by the way up, and the other way round.
        let first = names.first().unwrap();
        Migrator::apply(&connection, first).await.unwrap();
        for turn in [true, false, true] {
            LEFT.set(5);
            let broken = Database::connect(interrupted).await.unwrap();
            let outcome = if turn {
                Migrator::apply(&broken, first).await
            } else {
                Migrator::revert(&broken, first).await
            };
            // Where the way up was one transaction, there is nothing to revert.
            assert!(is_interrupted(&outcome) || (!turn && outcome.is_ok()), "{outcome:?}");
        }
        LEFT.set(0);
        until_done(interrupted, first, Progress::Applied).await;
        assert_eq!(seen(whole).await, seen(interrupted).await);
    });
}

/// Runs a migration until it is done: interrupted after its first statement, then after its second,
/// and so on.
async fn until_done(url: &str, name: &str, goal: Progress) {
    // PostgreSQL rolls back the whole transaction wherever it is interrupted. Some places are
    // enough, and take less time.
    let stride = if url.starts_with("postgres") { 4 } else { 1 };
    for statements in (1..).step_by(stride) {
        // A new connection, because nothing of the old one survives a kill.
        let connection = Database::connect(url).await.unwrap();
        LEFT.set(statements);
        let outcome = match goal {
            Progress::Applied => Migrator::apply(&connection, name).await,
            _ => Migrator::revert(&connection, name).await,
        };
        LEFT.set(0);
        let standing = Migrator::standing(&connection).await.unwrap();
        let progress = standing.known.into_iter().find(|(known, _)| known == name).unwrap().1;
        connection.close().await.unwrap();
        if !is_interrupted(&outcome) {
            outcome.unwrap();
            assert_eq!(progress, goal);
            break;
        }
    }
}

fn is_interrupted(outcome: &Result<(), DbErr>) -> bool {
    matches!(outcome, Err(DbErr::Custom(text)) if text == INTERRUPTED)
}

/// Writes what a release with the migrations up to this one would have written.
async fn fill(connection: &DatabaseConnection, name: &str) {
    let id = |number: u128| Value::from(Uuid::from_u128(number));
    let put = async |table: &'static str, row: Vec<(&'static str, Value)>| {
        let (columns, values): (Vec<_>, Vec<_>) = row.into_iter().unzip();
        let mut insert = Query::insert();
        insert.into_table(table).columns(columns).values_panic(values.into_iter().map(Into::into));
        connection.execute(&insert).await.unwrap();
    };
    let stamps = || [("created_at", 1_i64.into()), ("updated_at", 2_i64.into()), ("version", 1_i64.into())];
    let stamped = async |table, number: u128, row: Vec<(&'static str, Value)>| {
        let key = [("tenant_id", id(1)), ("id", id(number))];
        put(table, key.into_iter().chain(stamps()).chain(row).collect()).await;
    };
    match name {
        "m0001_core" => {
            let mut tenant =
                vec![("id", id(1)), ("is_active", true.into()), ("require_if_match", false.into())];
            tenant.extend(stamps());
            for column in ["name", "slug", "time_zone", "locale"] {
                tenant.push((column, "acme".into()));
            }
            put("tenant", tenant).await;
            for number in 10..12 {
                let names = ["email", "username", "first_name", "last_name", "role", "password_hash"];
                let mut user: Vec<_> = names.map(|column| (column, format!("Ærin{number}").into())).into();
                user.push(("is_active", true.into()));
                stamped("user", number, user).await;
            }
            let project =
                vec![("name", "Site".into()), ("status", "active".into()), ("priority", 1_i16.into())];
            stamped("project", 20, project).await;
            for (number, status) in (30..).zip(["todo", "in_progress", "done"]) {
                let mut task = vec![
                    ("title", "Task".into()),
                    ("project_id", id(20)),
                    ("status", status.into()),
                    ("priority", 2_i16.into()),
                    ("due_at", 90_000_000_000_i64.into()),
                    ("owner_id", id(10)),
                ];
                if status == "done" {
                    task.push(("completed_at", 500_000_000_i64.into()));
                }
                stamped("task", number, task).await;
                let event = vec![
                    ("tenant_id", id(1)),
                    ("id", id(number)),
                    ("at", 3_i64.into()),
                    ("noun", "task".into()),
                    ("row_id", id(number)),
                    ("action", "create".into()),
                    ("row_version", 1_i64.into()),
                ];
                put("event", event).await;
            }
            let document =
                vec![("title", "Plan".into()), ("project_id", id(20)), ("content", "# Plan".into())];
            stamped("document", 40, document).await;
        }
        "m0004_requests" => {
            for (number, name) in (50..).zip(["Harbour  Bakery", "HARBOUR BAKERY", "Mill"]) {
                stamped("client", number, vec![("name", name.into())]).await;
            }
        }
        "m0008_time" => {
            let entry = vec![
                ("task_id", id(30)),
                ("user_id", id(11)),
                ("started_at", 4_i64.into()),
                ("seconds", 60_i32.into()),
            ];
            stamped("time_entry", 60, entry).await;
        }
        _ => {}
    }
}

/// The schema in the catalogue, the number of rows of each table, and the greatest value of some
/// columns that migrations fill.
async fn seen(url: &str) -> BTreeMap<String, String> {
    const FILLED: [(&str, &str); 6] = [
        ("client", "name_key"),
        ("user", "search"),
        ("task", "rank"),
        ("event", "position"),
        ("feed", "last"),
        ("document_version", "number"),
    ];
    let connection = Database::connect(url).await.unwrap();
    let backend = connection.get_database_backend();
    let schema = match backend {
        DbBackend::Sqlite => "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL",
        DbBackend::Postgres => {
            "SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public' \
             UNION SELECT conrelid::regclass::text || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace \
             UNION SELECT table_name || '.' || column_name, concat(data_type, is_nullable, column_default, collation_name, generation_expression) \
             FROM information_schema.columns WHERE table_schema = 'public'"
        }
        _ => {
            "SELECT CONCAT(table_name, '.', column_name), CONCAT_WS(' ', column_type, is_nullable, column_default, collation_name, generation_expression) \
             FROM information_schema.columns WHERE table_schema = DATABASE() \
             UNION SELECT CONCAT(table_name, '.', index_name), GROUP_CONCAT(column_name ORDER BY seq_in_index) \
             FROM information_schema.statistics WHERE table_schema = DATABASE() GROUP BY table_name, index_name \
             UNION SELECT constraint_name, CONCAT(table_name, ' ', referenced_table_name, ' ', delete_rule) \
             FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()"
        }
    };
    let read = async |sql: String| {
        let rows = connection.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
        let cell =
            |row: &sea_orm_migration::sea_orm::QueryResult, at| row.try_get_by_index::<String>(at).unwrap();
        rows.iter().map(|row| (cell(row, 0), cell(row, 1))).collect::<Vec<_>>()
    };
    let mut seen: BTreeMap<_, _> = read(schema.to_owned()).await.into_iter().collect();
    assert!(!seen.is_empty());
    let (quote, text) = if backend == DbBackend::MySql { ('`', "CHAR") } else { ('"', "TEXT") };
    for table in Migrator::tables(&connection).await.unwrap() {
        let count = format!("SELECT 'count', CAST(COUNT(*) AS {text}) FROM {quote}{table}{quote}");
        seen.insert(format!("{table} rows"), read(count).await[0].1.clone());
        for (_, column) in FILLED.iter().filter(|(of, _)| *of == table) {
            let most = format!(
                "SELECT 'most', COALESCE(CAST(MAX({quote}{column}{quote}) AS {text}), '') FROM {quote}{table}{quote}"
            );
            // Not every schema has the column.
            if let Ok(rows) = connection.query_all_raw(Statement::from_string(backend, most)).await {
                seen.insert(format!("{table} {column}"), rows[0].try_get_by_index(1).unwrap());
            }
        }
    }
    connection.close().await.unwrap();
    seen
}
