//! A reader of the change feed misses no change of concurrent writers.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_tests::{App, every_database};
use tokio::time::timeout;

use super::{make, now, since};

every_database!(reader_misses_no_concurrent_commit, changes_of_one_transaction_have_no_gap);

const WRITERS: usize = 12;
const EACH: usize = 8;

/// Writers on two nodes, with a concurrent reader.
async fn reader_misses_no_concurrent_commit(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let second = app.second(&[]).await;
    let mut cursor = now(app, &t.admin).await;
    let write = async |number: usize| {
        let tenant = if number.is_multiple_of(4) { &u } else { &t };
        let node = if number.is_multiple_of(2) { app } else { &second };
        for _ in 0..EACH {
            let (_, task) = make(node, &tenant.member, "/tasks", json!({ "title": "A task" })).await;
            let _ =
                node.patch(&task).by(&tenant.member).json(&json!({ "title": "Another" })).gives(200).await;
        }
    };
    let expected = WRITERS * 3 / 4 * EACH * 2;
    let read = async {
        let mut all = Vec::new();
        let mut node = [app, &second].into_iter().cycle();
        while all.len() < expected {
            let path = format!("/changes?noun=task&page_size=7&since={cursor}");
            let page = node.next().unwrap().get(&path).by(&t.admin).gives(200).await;
            all.extend(page["results"].as_array().unwrap().iter().cloned());
            page["next"].as_str().unwrap().clone_into(&mut cursor);
        }
        all
    };
    let (_, read) = futures::join!(join_all((0..WRITERS).map(write)), timeout(Duration::from_mins(2), read));
    let read = read.unwrap();
    assert_eq!(read.len(), expected);
    let mut versions = BTreeMap::<&str, Vec<i64>>::new();
    for change in &read {
        versions.entry(change["id"].as_str().unwrap()).or_default().push(change["version"].as_i64().unwrap());
    }
    assert_eq!(versions.len(), expected / 2);
    assert!(versions.values().all(|versions| *versions == [1, 2]));
    assert!(since(app, &t.admin.token, &cursor, "&noun=task").await.0.is_empty());
    second.finish().await;
}

async fn changes_of_one_transaction_have_no_gap(app: &App) {
    let t = app.tenant().await;
    let (id, project) = make(app, &t.manager, "/projects", json!({ "name": "Brand" })).await;
    let begin = now(app, &t.admin).await;
    let mut create = Vec::new();
    for number in 0..40 {
        create.push(json!({ "title": format!("Task {number}"), "project_id": id }));
    }
    for task in create {
        let _ = make(app, &t.manager, "/tasks", task).await;
    }
    // Removes the project and its tasks in one transaction.
    let _ = app.delete(&project).by(&t.manager).send().await;
    let (changes, _) = since(app, &t.admin.token, &begin, "&page_size=200").await;
    let audit = app.get("/audit?page_size=200&sort=at").by(&t.admin).gives(200).await;
    let done = audit["results"].as_array().unwrap();
    let ids = |rows: &[Value], id: &str| {
        let mut ids: Vec<_> = rows.iter().map(|row| format!("{} {}", row[id], row["action"])).collect();
        ids.sort();
        ids
    };
    let since: Vec<_> = done.iter().skip(done.len() - changes.len()).cloned().collect();
    assert!(changes.len() >= 40);
    assert_eq!(ids(&changes, "id"), ids(&since, "row_id"));
}
