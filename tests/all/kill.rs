//! A server that is killed during writes: every acknowledged write persists once, with its audit
//! row.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_tests::{App, Backend, every_database};
use tempfile::TempDir;

use crate::{
    poll,
    process::{Served, shared},
};

every_database!(acknowledged_writes_survive_a_kill);

const WRITERS: usize = 16;
/// The number of acknowledged writes after which the server is killed.
const ENOUGH: usize = 150;
const ROUNDS: usize = 3;

async fn acknowledged_writes_survive_a_kill(app: &App) {
    let folder = TempDir::new().unwrap();
    // No other process may open the SQLite file: it would keep the writes that a crash loses.
    let own = format!("sqlite://{}", folder.path().join("killed.db").display());
    let database = if app.backend == Backend::Sqlite { &own } else { &app.database };
    let token = register(folder.path(), database, &app.tenant().await.slug).await;
    let mut acknowledged = BTreeMap::new();
    for round in 0..ROUNDS {
        let server = start(folder.path(), database).await;
        let made = write(server, &token, round).await;
        assert!(made.len() >= ENOUGH);
        acknowledged.extend(made);
        let server = start(folder.path(), database).await;
        let there = all(&server, &token, "/tasks").await;
        let titles = by(&there, "id", "title");
        assert_eq!(titles.len(), there.len());
        for (id, title) in &acknowledged {
            assert_eq!(titles.get(id), Some(title), "acknowledged and lost");
        }
        // Unacknowledged writes are complete or absent.
        let audit = all(&server, &token, "/audit?noun=task").await;
        let audited = by(&audit, "row_id", "action");
        assert_eq!((audited.len(), audit.len()), (titles.len(), titles.len()));
        assert!(titles.keys().all(|id| audited[id] == "create"));
        let _ = server.stop().await;
    }
}

pub(crate) async fn start(folder: &Path, database: &str) -> Served {
    Served::start(folder, &[&shared(database)[..], &["--workers", "2"]].concat()).await
}

/// Registers an organisation. Returns the token of its admin.
pub(crate) async fn register(folder: &Path, database: &str, slug: &str) -> String {
    let server = start(folder, database).await;
    let (email, password) = (format!("ada@killed-{slug}.example"), "wide-green-rivers");
    let admin = json!({ "email": email, "username": "ada", "password": password });
    let body =
        json!({ "organisation": { "name": "Killed", "slug": format!("killed-{slug}") }, "user": admin });
    let _ = server.gives(201, "POST", "/auth/register", "", body).await;
    let body = json!({ "email": email, "password": password });
    let pair = server.gives(200, "POST", "/auth/token", "", body).await;
    let _ = server.stop().await;
    pair["access_token"].as_str().unwrap().to_owned()
}

/// Writes until the server is killed. Returns the acknowledged writes.
async fn write(mut server: Served, token: &str, round: usize) -> BTreeMap<String, String> {
    let (count, client) = (AtomicUsize::new(0), server.client());
    let writer = async |number: usize| {
        let mut made = BTreeMap::new();
        for task in 0.. {
            let title = format!("Round {round}, writer {number}, task {task}");
            let Ok((status, body)) = client.send("POST", "/tasks", token, &json!({ "title": title })).await
            else {
                break;
            };
            assert_eq!(status, 201, "{body}");
            made.insert(body["id"].as_str().unwrap().to_owned(), title);
            count.fetch_add(1, Ordering::SeqCst);
        }
        made
    };
    let killer = async {
        poll::until("enough is written", async || count.load(Ordering::SeqCst) >= ENOUGH).await;
        server.kill().await;
    };
    let (made, ()) = futures::join!(join_all((0..WRITERS).map(writer)), killer);
    made.into_iter().flatten().collect()
}

/// All rows of a list.
pub(crate) async fn all(server: &Served, token: &str, list: &str) -> Vec<Value> {
    let separator = if list.contains('?') { '&' } else { '?' };
    let mut path = format!("{list}{separator}cursor=&page_size=200");
    let mut rows = Vec::new();
    loop {
        let page = server.gives(200, "GET", &path, token, Value::Null).await;
        rows.extend(page["results"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { return rows };
        path = next.split_once("/api/v1").unwrap().1.into();
    }
}

/// Maps one field of each row to another.
pub(crate) fn by(rows: &[Value], key: &str, value: &str) -> BTreeMap<String, String> {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    rows.iter().map(|row| (text(row, key), text(row, value))).collect()
}
