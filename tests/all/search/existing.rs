//! Rows that are older than the index are indexed.

use serde_json::json;
use sqlx::SqlitePool;
use taskhub_domain::context::Request;
use taskhub_tests::{App, Backend};

use super::{make, titles};

#[test]
fn existing_rows_are_indexed() {
    // This test has its own database, because it rebuilds the whole index.
    taskhub_tests::run(Backend::Sqlite, |app| {
        Box::pin(rows_without_index_entries_are_found_after_indexing(app))
    });
}

async fn rows_without_index_entries_are_found_after_indexing(app: &App) {
    let (t, theirs) = (app.tenant().await, app.tenant().await);
    for (user, number) in [(&t.member, 25), (&theirs.member, 1)] {
        for n in 0..number {
            let _ = make(app, user, "/tasks", json!({ "title": format!("Lichen {n}") })).await;
        }
    }
    let database = SqlitePool::connect(&app.database).await.unwrap();
    let _ = sqlx::query("DELETE FROM search_text").execute(&database).await.unwrap();
    assert_eq!(titles(app, &t.member, "lichen").await, Vec::<String>::new());
    let system = app.state.repository.system("a story", Request::default());
    // Two runs at the same time, as on two nodes.
    let (one, other) = futures::join!(
        app.state.repository.index_missing(&system, None),
        app.state.repository.index_missing(&system, None)
    );
    one.unwrap();
    other.unwrap();
    let found = app.get("/tasks?q=lichen").by(&t.member).gives(200).await;
    assert_eq!((&found["count"], titles(app, &theirs.member, "lichen").await.len()), (&json!(25), 1));
    // Entries of an older folding version are rebuilt, and rows are found meanwhile.
    let _ = sqlx::query("UPDATE search_text SET folding = 0").execute(&database).await.unwrap();
    assert_eq!(app.get("/tasks?q=lichen").by(&t.member).gives(200).await["count"], 25);
    app.state.repository.index_missing(&system, None).await.unwrap();
    let old: i64 = sqlx::query_scalar("SELECT count(*) FROM search_text WHERE folding = 0")
        .fetch_one(&database)
        .await
        .unwrap();
    assert_eq!(old, 0);
    // The full-text index is consistent with its rows.
    let whole = "INSERT INTO search_text_fts (search_text_fts) VALUES ('integrity-check')";
    let _ = sqlx::query(whole).execute(&database).await.unwrap();
}
