//! A file system without room: no write is acknowledged that is not stored, and writes go on when there is room again.

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
    process::Served,
};

/// A small file system of the test's own.
struct Small(TempDir);

impl Small {
    /// Unless the machine does not let it be mounted.
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

    /// Takes the room, but for a little.
    fn fill(&self) {
        let mut file: File = OpenOptions::new().create(true).append(true).open(self.ballast()).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
        let taken = file.metadata().unwrap().len();
        file.set_len(taken.saturating_sub(256 << 10)).unwrap();
    }

    fn make_room(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
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
