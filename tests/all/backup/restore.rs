//! A backup made under load is restored.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use taskhub_tests::{App, encryption_key, every_database};
use tempfile::TempDir;

use super::{drop_database, empty_database};
use crate::{
    kill::{all, by},
    poll,
    process::{Served, command, run, shared},
};

every_database!(backup_made_under_load_is_restored);

/// The number of tasks written before the backup, and the least number written while it runs.
const BEFORE: usize = 20;

async fn backup_made_under_load_is_restored(app: &App) {
    let (here, there) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let database = &empty_database(app, here.path(), "backed_up").await;
    let server = start(here.path(), database).await;
    let token = register(&server).await;
    let attached = attach(&server, &token).await;
    let (written, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let writing = async {
        while !stop.load(Ordering::SeqCst) {
            let body = json!({ "title": format!("Task {}", written.load(Ordering::SeqCst)) });
            let _ = server.gives(201, "POST", "/tasks", &token, body).await;
            written.fetch_add(1, Ordering::SeqCst);
        }
    };
    let backing_up = async {
        poll::until("some tasks are written", async || written.load(Ordering::SeqCst) >= BEFORE).await;
        let flags = flags(database).map(str::to_owned);
        let folder = here.path().to_owned();
        let ran = tokio::task::spawn_blocking(move || {
            let flags = flags.each_ref().map(String::as_str);
            run(command(&folder, &["backup", "backup", "--with-keys"]).args(flags), "")
        });
        let ran = ran.await.unwrap();
        stop.store(true, Ordering::SeqCst);
        ran.said()
    };
    let ((), said) = futures::join!(writing, backing_up);
    assert!(said.contains("and the keys"), "{said}");
    let written = all(&server, &token, "/tasks").await;
    let _ = server.stop().await;
    // A backup with a missing file is written, but reported as failed.
    let files = here.path().join("taskhub-data/files");
    fs::rename(&files, here.path().join("lost")).unwrap();
    let complaint = run(command(here.path(), &["backup", "second"]).args(flags(database)), "").complained();
    assert!(complaint.contains("1 of the files"), "{complaint}");

    let backup = here.path().join("backup");
    let restored = empty_database(app, there.path(), "restored").await;
    let flags = flags(&restored);
    let restore = || run(command(there.path(), &["restore", backup.to_str().unwrap()]).args(flags), "");
    let _ = restore().said();
    let server = start(there.path(), &restored).await;
    let token = sign_in(&server).await;
    let tasks = all(&server, &token, "/tasks").await;
    assert!(tasks.len() > BEFORE && tasks.iter().all(|task| written.contains(task)));
    // The backup is a consistent snapshot: exactly the written tasks have audit rows.
    let audit = all(&server, &token, "/audit?noun=task&action=create").await;
    assert_eq!(by(&audit, "row_id", "noun").len(), tasks.len());
    let client = reqwest::Client::new();
    let url = format!("{}/api/v1{attached}/content", server.url());
    let content = client.get(url).bearer_auth(&token).send().await.unwrap();
    assert_eq!(content.bytes().await.unwrap(), "the plan");
    let _ = server.stop().await;
    // A filled database is not overwritten.
    let complaint = restore().complained();
    assert!(complaint.contains("empty database"), "{complaint}");
    drop_database(app, &restored).await;
    drop_database(app, database).await;
}

/// The flags of a server on the database. Its files are in the folder that it runs in.
fn flags(database: &str) -> [&str; 4] {
    ["--database-url", database, "--encryption-key-file", encryption_key()]
}

async fn start(folder: &Path, database: &str) -> Served {
    Served::start(folder, &[&shared(database)[..], &["--workers", "2"]].concat()).await
}

const EMAIL: &str = "ada@backed-up.example";
const PASSWORD: &str = "wide-green-rivers";

async fn register(server: &Served) -> String {
    let admin = json!({ "email": EMAIL, "username": "ada", "password": PASSWORD });
    let body = json!({ "organisation": { "name": "Backed up", "slug": "backed-up" }, "user": admin });
    let _ = server.gives(201, "POST", "/auth/register", "", body).await;
    sign_in(server).await
}

async fn sign_in(server: &Served) -> String {
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let pair = server.gives(200, "POST", "/auth/token", "", body).await;
    pair["access_token"].as_str().unwrap().to_owned()
}

/// Attaches a file to a task. Returns the path of the attachment.
async fn attach(server: &Served, token: &str) -> String {
    let task = server.gives(201, "POST", "/tasks", token, json!({ "title": "Draw it" })).await;
    let attachments = format!("/tasks/{}/attachments", task["id"].as_str().unwrap());
    let url = format!("{}/api/v1{attachments}?name=plan.txt", server.url());
    let request = reqwest::Client::new().post(url).bearer_auth(token);
    let sent = request.header("content-type", "application/octet-stream").body("the plan").send();
    let made: Value = serde_json::from_str(&sent.await.unwrap().text().await.unwrap()).unwrap();
    format!("{attachments}/{}", made["id"].as_str().unwrap())
}
