//! A large import updates the statistics of the database.

use taskhub_tests::{App, Backend, every_database};

use super::import;
use crate::{poll, sql};

every_database!(large_import_updates_the_database_statistics);

async fn large_import_updates_the_database_statistics(app: &App) {
    let t = app.tenant().await;
    let before = analyses(app).await;
    let user = |number| format!("user{number}@{}.example,user{number}", t.slug);
    let users: Vec<_> = (0..100).map(user).collect();
    let file = format!("email,username\n{}\n", users.join("\n"));
    let report = import(app, &t, "", file).await.expect(200).body;
    assert_eq!(report["created"], 100, "{report}");
    let is_done = async || app.backend == Backend::MariaDb || analyses(app).await > before;
    poll::until("the table of users is analysed", is_done).await;
}

/// How often the table of users was analysed, or the number of its rows at that time.
async fn analyses(app: &App) -> i64 {
    let query = match app.backend {
        Backend::Sqlite => "SELECT MAX(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE tbl = 'user'",
        Backend::Postgres => "SELECT analyze_count FROM pg_stat_user_tables WHERE relname = 'user'",
        // MariaDB has no such counter.
        Backend::MariaDb => return 0,
    };
    // SQLite has no such table before the first ANALYZE.
    sql::number(app, query).await.unwrap_or_default()
}
