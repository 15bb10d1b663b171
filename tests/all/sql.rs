//! Queries the database directly, without the server.

use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection, SqliteConnection};
use taskhub_tests::{App, Backend};

/// The number that the query returns; `None` if the query fails.
pub(crate) async fn number(app: &App, query: &str) -> Option<i64> {
    let query = AssertSqlSafe(query.to_owned());
    let found = match app.backend {
        Backend::Sqlite => {
            let mut connection = SqliteConnection::connect(&app.database).await.unwrap();
            sqlx::query_scalar(query).fetch_one(&mut connection).await
        }
        Backend::Postgres => {
            let mut connection = PgConnection::connect(&app.database).await.unwrap();
            sqlx::query_scalar(query).fetch_one(&mut connection).await
        }
        Backend::MariaDb => {
            let mut connection = MySqlConnection::connect(&app.database).await.unwrap();
            sqlx::query_scalar(query).fetch_one(&mut connection).await
        }
    };
    found.ok()
}
