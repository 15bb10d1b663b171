//! The index follows the rows: their changes, deletions and restores.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{asking, make, search, titles};

every_database!(index_follows_changes, comments_are_found_while_their_task_exists);

async fn index_follows_changes(app: &App) {
    let t = app.tenant().await;
    let (id, path) = make(app, &t.member, "/tasks", json!({ "title": "Tulip", "description": "red" })).await;
    let _ = app.patch(&path).by(&t.member).json(&json!({ "title": "Rose" })).gives(200).await;
    assert_eq!(titles(app, &t.member, "tulip").await, Vec::<String>::new());
    assert_eq!(titles(app, &t.member, "rose red").await, ["Rose"]);
    // A change of another field keeps the index entry.
    let _ = app.patch(&path).by(&t.member).json(&json!({ "priority": "high" })).gives(200).await;
    let _ = app.patch(&path).by(&t.member).json(&json!({ "description": null })).gives(200).await;
    assert_eq!(titles(app, &t.member, "red").await, Vec::<String>::new());
    assert_eq!(titles(app, &t.member, "rose").await, ["Rose"]);
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    assert_eq!(titles(app, &t.member, "rose").await, Vec::<String>::new());
    let deleted = app.get(&asking("/tasks/deleted", "rose", "")).by(&t.member).gives(200).await;
    assert_eq!((&deleted["count"], &deleted["results"][0]["id"]), (&json!(1), &id));
    let _ = app.post(&format!("{path}/restore")).by(&t.member).gives(200).await;
    assert_eq!(titles(app, &t.member, "rose").await, ["Rose"]);
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    let _ = app.delete(&path.replace("/tasks/", "/tasks/deleted/")).by(&t.member).gives(204).await;
    let (project, path) = make(app, &t.manager, "/projects", json!({ "name": "Rose" })).await;
    assert_eq!(search(app, &t.member, "rose", "").await[0]["id"], project);
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
    assert_eq!(titles(app, &t.member, "rose").await, Vec::<String>::new());
    // After concurrent changes each row is found by its final words.
    let make = async |n: usize| {
        let (_, path) = make(app, &t.member, "/tasks", json!({ "title": format!("first{n}") })).await;
        let _ =
            app.patch(&path).by(&t.member).json(&json!({ "title": format!("second{n}") })).gives(200).await;
    };
    let _: Vec<()> = futures::future::join_all((0..8).map(make)).await;
    assert_eq!(
        (search(app, &t.member, "first", "").await.len(), search(app, &t.member, "second", "").await.len()),
        (0, 8)
    );
}

async fn comments_are_found_while_their_task_exists(app: &App) {
    let t = app.tenant().await;
    let (task, path) = make(app, &t.member, "/tasks", json!({ "title": "Reed" })).await;
    let (id, comment) =
        make(app, &t.member, &format!("{path}/comments"), json!({ "body": "Sedge & rush" })).await;
    let found = &search(app, &t.member, "rush sedge", "").await[0];
    assert_eq!((&found["noun"], &found["id"], &found["task_id"]), (&json!("comment"), &id, &task));
    assert_eq!(
        (&found["title"], &found["snippet"]),
        (&json!(""), &json!("<mark>Sedge</mark> &amp; <mark>rush</mark>"))
    );
    assert_eq!(search(app, &t.other, "sedge", "").await.len(), 0);
    let _ = app.patch(&comment).by(&t.member).json(&json!({ "body": "Rush alone" })).gives(200).await;
    assert_eq!(
        (search(app, &t.member, "sedge", "").await.len(), search(app, &t.member, "rush", "").await.len()),
        (0, 1)
    );
    let listed = app.get(&asking(&format!("{path}/comments"), "rush", "")).by(&t.member).gives(200).await;
    assert_eq!(listed["count"], 1);
    // The comment is hidden, restored and deleted with its task.
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    for user in [&t.member, &t.manager, &t.admin] {
        assert_eq!(search(app, user, "rush", "").await.len(), 0);
    }
    let _ = app.post(&format!("{path}/restore")).by(&t.member).gives(200).await;
    assert_eq!(search(app, &t.member, "rush", "").await.len(), 1);
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    let _ = app.delete(&path.replace("/tasks/", "/tasks/deleted/")).by(&t.member).gives(204).await;
    let left = crate::contract::database::Database::of(app).await.rows_of(t.id).await;
    assert_eq!(left["search_text"].len(), 0, "{left:?}");
}
