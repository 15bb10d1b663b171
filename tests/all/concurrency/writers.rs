//! Concurrent writes of rows and versions: none is lost, and none is applied twice.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::json;
use taskhub_tests::{App, every_database};

use super::rows;

every_database!(
    concurrent_writers_lose_no_rows,
    one_of_two_updates_of_a_version_gets_412,
    concurrent_updates_of_different_fields_all_persist,
);

async fn concurrent_writers_lose_no_rows(app: &App) {
    const WRITERS: usize = 64;
    const EACH: usize = 4;
    let t = app.tenant().await;
    let writer = async |number: usize| {
        let mut made = Vec::new();
        for round in 0..EACH {
            let body = json!({ "title": format!("Writer {number}, task {round}") });
            made.push(app.post("/tasks").by(&t.member).json(&body).gives(201).await);
        }
        made
    };
    let made = join_all((0..WRITERS).map(writer)).await.concat();
    let ids: BTreeSet<_> = made.iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), WRITERS * EACH);
    assert_eq!(every(app, &t.member.token, "/tasks").await, ids);
    let audit = rows(app, &t.admin.token, "/audit?noun=task").await;
    assert_eq!(audit.len(), ids.len());
    assert!(audit.iter().all(|line| line["action"] == "create" && line["actor_id"] == json!(t.member.id)));
    let audited: BTreeSet<_> = audit.iter().map(|line| line["row_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(audited, ids);
}

async fn one_of_two_updates_of_a_version_gets_412(app: &App) {
    let t = app.tenant().await;
    let task = app.post("/tasks").by(&t.member).json(&json!({ "title": "Contested" })).gives(201).await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    for version in 1..=25 {
        let change = async |number: i32| {
            let body = json!({ "title": format!("Change {number} of version {version}") });
            let call = app.patch(&path).by(&t.member).header("if-match", &format!("\"{version}\""));
            call.json(&body).send().await
        };
        let (a, b) = futures::join!(change(1), change(2));
        let (won, lost) = if a.status == 200 { (a, b) } else { (b, a) };
        let won = won.expect(200);
        assert_eq!(lost.expect(412).code(), "stale");
        assert_eq!(won.header("etag"), format!("\"{}\"", version + 1));
        assert_eq!(app.get(&path).by(&t.member).gives(200).await, won.body);
    }
}

async fn concurrent_updates_of_different_fields_all_persist(app: &App) {
    let t = app.tenant().await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let task = app.post("/tasks").by(&t.member).json(&json!({ "title": "Before" })).gives(201).await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let fields = [
        ("title", json!("After")),
        ("description", json!("In short")),
        ("project_id", project["id"].clone()),
        ("assignee_id", json!(t.other.id)),
        ("status", json!("in_progress")),
        ("priority", json!("urgent")),
        ("start_at", json!("2027-01-01T00:00:00.000000Z")),
        ("due_at", json!("2027-01-02T00:00:00.000000Z")),
        ("estimate_minutes", json!(90)),
    ];
    // Some fields are set twice, so that there are twenty updates. Setting the same value again is
    // a no-op.
    let twenty = fields.iter().cycle().take(20).enumerate();
    let changes = twenty.map(|(number, (name, value))| {
        let caller = if number % 2 == 0 { &t.member } else { &t.admin };
        app.patch(&path).by(caller).json(&json!({ *name: value })).gives(200)
    });
    let _ = join_all(changes).await;
    let after = app.get(&path).by(&t.member).gives(200).await;
    for (name, value) in &fields {
        assert_eq!(after[*name], *value, "{name}");
    }
    assert_eq!(after["version"], 1 + fields.len());
    let audit = rows(app, &t.admin.token, &format!("/audit?row={}", task["id"].as_str().unwrap())).await;
    assert_eq!(audit.len(), 1 + fields.len());
}

/// The ids of all rows of a list.
async fn every(app: &App, token: &str, path: &str) -> BTreeSet<String> {
    let rows = rows(app, token, path).await;
    let ids: BTreeSet<_> = rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), rows.len());
    ids
}
