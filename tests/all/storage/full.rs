//! A full file system: only stored writes are acknowledged, and writing continues when there is
//! space again.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions},
    io::Write,
    path::PathBuf,
    process::Command,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::ready;
use crate::{
    kill::{all, register, start},
    poll,
    process::{Served, shared},
};

/// A small file system for one test.
struct Small(TempDir);

impl Small {
    /// Mounts the file system; `None` if the machine does not allow it.
    fn mount() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"]).arg(folder.path());
        let is_mounted = mount.output().is_ok_and(|ran| ran.status.success());
        is_mounted.then_some(Self(folder))
    }

    fn ballast(&self) -> PathBuf {
        self.0.path().join("ballast")
    }

    /// Fills the file system, except for a little space.
    fn fill(&self) {
        let mut file: File = OpenOptions::new().create(true).append(true).open(self.ballast()).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
        let taken = file.metadata().unwrap().len();
        file.set_len(taken.saturating_sub(256 << 10)).unwrap();
    }

    fn make_room(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    /// Remounts the file system for writing (`rw`) or read-only (`ro`).
    fn remount(&self, mode: &str) {
        let options = format!("remount,{mode}");
        let ran = Command::new("mount").args(["-o", &options]).arg(self.0.path()).status();
        assert!(ran.is_ok_and(|status| status.success()));
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

async fn create(server: &Served, token: &str, title: &str) -> (u16, Value) {
    let task = json!({ "title": title, "description": "long ".repeat(2000) });
    server.send("POST", "/tasks", token, &task).await.unwrap()
}

#[actix_web::test]
async fn acknowledged_writes_survive_a_full_file_system() {
    let Some(small) = Small::mount() else {
        eprintln!("skipped: this machine lets nobody mount a file system");
        return;
    };
    let folder = TempDir::new().unwrap();
    let database = format!("sqlite://{}", small.0.path().join("full.db").display());
    let token = register(folder.path(), &database, "full").await;
    let mut server = start(folder.path(), &database).await;
    let mut acknowledged = BTreeSet::new();
    for refusals in [1, 2, 3, 20] {
        small.fill();
        let mut refused = 0;
        for number in 0.. {
            let title = format!("Before {refusals} refusals: {number}");
            let (status, body) = create(&server, &token, &title).await;
            if status == 201 {
                assert!(acknowledged.insert(title));
            } else {
                assert_eq!((status, body["code"].as_str()), (507, Some("storage_full")), "{body}");
                refused += 1;
            }
            if refused == refusals {
                break;
            }
        }
        let _ = server.gives(200, "GET", "/tasks", &token, Value::Null).await;
        poll::until("the server says that it is full", async || {
            ready(server.url()).await == (503.try_into().unwrap(), "The database is full.".to_owned())
        })
        .await;
        small.make_room();
        for number in 0..10 {
            let title = format!("After {refusals} refusals: {number}");
            assert_eq!(create(&server, &token, &title).await.0, 201);
            acknowledged.insert(title);
        }
        poll::until("the server is ready", async || ready(server.url()).await.0 == 200).await;
        server.kill().await;
        server = start(folder.path(), &database).await;
        let tasks = all(&server, &token, "/tasks").await;
        let stored: BTreeSet<_> = tasks.iter().map(|it| it["title"].as_str().unwrap().to_owned()).collect();
        assert_eq!(stored, acknowledged, "after {refusals} refusals");
    }
    server.kill().await;
}

#[actix_web::test]
async fn upload_is_refused_while_the_file_system_is_full() {
    let Some(small) = Small::mount() else {
        eprintln!("skipped: this machine lets nobody mount a file system");
        return;
    };
    let folder = TempDir::new().unwrap();
    let database = format!("sqlite://{}", folder.path().join("files.db").display());
    let token = register(folder.path(), &database, "files").await;
    let files = format!("file://{}", small.0.path().join("files").display());
    let mut server =
        Served::start(folder.path(), &[&shared(&database)[..], &["--files", &files]].concat()).await;
    let task = server.gives(201, "POST", "/tasks", &token, json!({ "title": "Draw it" })).await;
    let attachments = format!("/tasks/{}/attachments", task["id"].as_str().unwrap());
    let url = format!("{}/api/v1{attachments}?name=plan.bin", server.url());
    let attach = async || {
        let request = reqwest::Client::new().post(&url).bearer_auth(&token);
        let request = request.header("content-type", "application/octet-stream");
        let answer = request.body(vec![7; 1 << 20]).send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    };
    let attached = (201, String::new());
    assert_eq!(attach().await, attached);
    small.fill();
    assert_eq!(attach().await, (507, "storage_full".to_owned()));
    small.make_room();
    assert_eq!(attach().await, attached);
    small.remount("ro");
    assert_eq!(attach().await, (503, "read_only".to_owned()));
    small.remount("rw");
    assert_eq!(attach().await, attached);
    let list = server.gives(200, "GET", &attachments, &token, Value::Null).await;
    assert_eq!(list["count"], 3);
    server.kill().await;
}
