//! The background work finds due rows by indexes. Its cost does not grow with the number of rows.

use std::{
    collections::BTreeSet,
    fmt::Debug,
    sync::{Arc, Mutex},
};

use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection, Row, SqliteConnection};
use taskhub::server;
use taskhub_domain::{context::Request, mail, notification};
use taskhub_tests::{App, Backend, every_database};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context, prelude::*, registry};

use crate::poll;

every_database!(idle_background_work_scans_no_growing_table);

/// The tables that grow with use. `tally` is emptied continuously. Of `tenant`, housekeeping reads
/// a few columns of all rows.
const GROWING: [&str; 19] = [
    "access_token",
    "alarm",
    "audit",
    "client_request",
    "comment",
    "document",
    "event",
    "guess",
    "idempotency",
    "link",
    "mail",
    "notification",
    "project",
    "reminder",
    "revocation",
    "search_text",
    "session",
    "task",
    "user",
];

/// The SQL statements that ran on this thread.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<BTreeSet<String>>>);

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "taskhub::sql" {
            event.record(&mut &*self);
        }
    }
}

impl Visit for &Statements {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "sql" {
            let _ = self.0.lock().unwrap().insert(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

impl Statements {
    fn contain(&self, part: &str) -> bool {
        self.0.lock().unwrap().iter().any(|sql| sql.contains(part))
    }
}

async fn idle_background_work_scans_no_growing_table(app: &App) {
    let t = app.tenant().await;
    let statements = Statements::default();
    let _guard = tracing::subscriber::set_default(registry().with(statements.clone()));
    let repository = &app.state.repository;
    let system = repository.system("a story", Request::default());
    let ctx = system.within(t.id);
    // The work of every second, every few seconds and every hour, and the work per tenant.
    let _ = repository.tenants_with_alarms(&system, 32).await.unwrap();
    let _ = repository.tenants_with_mail(&system, 32).await.unwrap();
    let _ = repository.write(&ctx, (), |tx, ()| Box::pin(notification::ring(tx))).await.unwrap();
    let _ = repository.write(&ctx, (), |tx, ()| Box::pin(mail::claim(tx))).await.unwrap();
    repository.compact_deltas(&system).await.unwrap();
    server::forget(&app.state, false, Some(app.clock.now())).await;
    // The background tasks of the server run on this thread, too.
    poll::until("revocations are read", async || {
        statements.contain("revocation") && statements.contain("is_active")
    })
    .await;
    let all = statements.0.lock().unwrap().clone();
    let of = |table: &str| all.iter().any(|sql| sql.contains(table));
    assert!(["alarm", "mail", "task", "notification", "event", "session"].iter().all(|table| of(table)));
    let mut scans = Vec::new();
    for sql in all.iter().filter(|sql| sql.starts_with("SELECT") || sql.starts_with("DELETE")) {
        for scan in scans_of(app, sql).await {
            scans.push(format!("{sql}\n    {scan}"));
        }
    }
    assert!(scans.is_empty(), "{}", scans.join("\n"));
}

/// The tables that the statement reads completely, according to the query plan.
async fn scans_of(app: &App, sql: &str) -> Vec<String> {
    let plan = match app.backend {
        Backend::Sqlite => of_sqlite(&app.database, sql).await,
        Backend::Postgres => of_postgres(&app.database, sql).await,
        Backend::MariaDb => of_mariadb(&app.database, sql).await,
    };
    let grows = |table: &str| GROWING.contains(&table.trim_matches(['"', '`']));
    plan.into_iter().filter(|(table, _)| grows(table)).map(|(_, line)| line).collect()
}

async fn of_sqlite(database: &str, sql: &str) -> Vec<(String, String)> {
    let mut connection = SqliteConnection::connect(database).await.unwrap();
    let plan = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
    let rows = sqlx::query(plan).fetch_all(&mut connection).await.unwrap();
    let lines = rows.iter().map(|row| row.get::<String, _>("detail"));
    lines
        .filter_map(|line| Some((line.strip_prefix("SCAN ")?.split(' ').next()?.to_owned(), line.clone())))
        .collect()
}

/// The tables are small, so sequential scans are disabled to see whether an index could be used.
async fn of_postgres(database: &str, sql: &str) -> Vec<(String, String)> {
    let mut connection = PgConnection::connect(database).await.unwrap();
    let values = (1..100).take_while(|number| sql.contains(&format!("${number}"))).map(|_| "NULL");
    let values: Vec<_> = values.collect();
    let execute = if values.is_empty() { "idle".to_owned() } else { format!("idle({})", values.join(", ")) };
    let prepare = format!(
        "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; PREPARE idle AS {sql}; EXPLAIN EXECUTE {execute}"
    );
    let rows = sqlx::raw_sql(AssertSqlSafe(prepare)).fetch_all(&mut connection).await.unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let of = |(at, line): (usize, &String)| {
        let table = line.split(" on ").nth(1)?.split(' ').next()?.to_owned();
        let whole = line.contains("Seq Scan")
            || (line.contains("Index") && !lines.get(at + 1).is_some_and(|next| next.contains("Index Cond")));
        (whole && !line.contains("Bitmap Heap")).then(|| (table, line.trim().to_owned()))
    };
    lines.iter().enumerate().filter_map(of).collect()
}

/// MariaDB scans a small table whatever indexes it has, but the plan names the indexes that it
/// could use.
async fn of_mariadb(database: &str, sql: &str) -> Vec<(String, String)> {
    let mut connection = MySqlConnection::connect(database).await.unwrap();
    let plan = format!(
        "EXPLAIN {}",
        sql.replace("LIMIT ?", "LIMIT 1").replace("OFFSET ?", "OFFSET 1").replace('?', "'1'")
    );
    let rows = sqlx::raw_sql(AssertSqlSafe(plan)).fetch_all(&mut connection).await.unwrap();
    let of = |row: &sqlx::mysql::MySqlRow| {
        let column = |name: &str| row.get::<Option<String>, _>(name);
        let whole =
            matches!(column("type").as_deref(), Some("ALL" | "index")) && column("possible_keys").is_none();
        let table = column("table").filter(|_| whole)?;
        Some((table.clone(), format!("{table} is read whole, key {:?}", column("key"))))
    };
    rows.iter().filter_map(of).collect()
}
