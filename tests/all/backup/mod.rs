//! Backups: made while the server accepts writes, restored into an empty installation, and refused
//! when they do not match it.

mod refused;
mod restore;

use std::path::Path;

use sqlx::{AssertSqlSafe, MySqlPool, PgPool};
use taskhub_tests::{App, Backend};

/// Creates a new database beside that of the server.
pub(crate) async fn empty_database(app: &App, folder: &Path, suffix: &str) -> String {
    if app.backend == Backend::Sqlite {
        return format!("sqlite://{}", folder.join(format!("{suffix}.db")).display());
    }
    let url = format!("{}_{suffix}", app.database);
    drop_database(app, &url).await;
    execute(app, format!("CREATE DATABASE {}", name(&url))).await;
    url
}

pub(crate) async fn drop_database(app: &App, url: &str) {
    if app.backend != Backend::Sqlite {
        execute(app, format!("DROP DATABASE IF EXISTS {}", name(url))).await;
    }
}

fn name(url: &str) -> &str {
    url.rsplit_once('/').unwrap().1
}

async fn execute(app: &App, sql: String) {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql));
    if app.backend == Backend::Postgres {
        sql.execute(&PgPool::connect(&app.database).await.unwrap()).await.unwrap();
    } else {
        sql.execute(&MySqlPool::connect(&app.database).await.unwrap()).await.unwrap();
    }
}
