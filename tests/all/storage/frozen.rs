//! A database that stops responding for a while: every request gets a timely response, and refused
//! requests have no effect.

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_tests::{App, Backend, every_database};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{Instant, timeout},
};

use super::ready;
use crate::{
    kill::{all, register},
    poll,
    process::{Served, shared},
};

every_database!(requests_are_answered_in_time_while_the_database_is_frozen);

/// The timeout of a call to the database.
const LIMIT: Duration = Duration::from_secs(2);
/// The time limit of a request: waiting for a connection, and one call.
const ANSWERED: Duration = Duration::from_secs(6);

/// A proxy to the database that can be frozen: then data is neither delivered nor refused.
struct Proxy {
    url: String,
    frozen: watch::Sender<bool>,
}

impl Proxy {
    async fn to(url: &str) -> Self {
        let (scheme, rest) = url.split_once('@').unwrap();
        let (host, name) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{scheme}@{}/{name}", listener.local_addr().unwrap());
        let (frozen, is_frozen) = watch::channel(false);
        let host = host.to_owned();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(&host).await else { continue };
                let ((near_out, near_in), (far_out, far_in)) = (near.into_split(), far.into_split());
                tokio::spawn(pump(near_out, far_in, is_frozen.clone()));
                tokio::spawn(pump(far_out, near_in, is_frozen.clone()));
            }
        });
        Self { url, frozen }
    }
}

async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut frozen: watch::Receiver<bool>,
) {
    let mut bytes = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        let thawed = frozen.wait_for(|frozen| !frozen).await.is_ok();
        if !thawed || to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

async fn requests_are_answered_in_time_while_the_database_is_frozen(app: &App) {
    if app.backend == Backend::Sqlite {
        // SQLite is part of the server process.
        return;
    }
    let folder = TempDir::new().unwrap();
    let token = register(folder.path(), &app.database, &app.tenant().await.slug).await;
    let proxy = Proxy::to(&app.database).await;
    let seconds = LIMIT.as_secs().to_string();
    let mut flags = shared(&proxy.url);
    flags.extend(["--database-timeout-seconds", &seconds, "--database-connections", "4", "--workers", "2"]);
    let mut server = Served::start(folder.path(), &flags).await;
    assert_eq!(ready(server.url()).await.0, 200);
    let create = async |title: String| {
        let task = json!({ "title": title });
        let answer = timeout(ANSWERED, server.send("POST", "/tasks", &token, &task)).await;
        let (status, _) = answer.unwrap_or_else(|_| panic!("{title} is not answered")).unwrap();
        (title, status)
    };
    let (first, status) = create("Before".to_owned()).await;
    assert_eq!(status, 201);

    // Waits until the last readiness result, which is cached for a second, has expired.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    proxy.frozen.send_replace(true);
    let begun = Instant::now();
    let (status, why) = ready(server.url()).await;
    assert_eq!((status.as_u16(), why.as_str()), (503, "The database does not answer in time."));
    assert!(begun.elapsed() < Duration::from_millis(1500), "readiness took {:?}", begun.elapsed());
    for (title, status) in join_all((0..12).map(|n| create(format!("Frozen {n}")))).await {
        assert_eq!(status, 503, "{title}");
    }

    proxy.frozen.send_replace(false);
    poll::until("the server is ready", async || ready(server.url()).await.0 == 200).await;
    let (between, status) = create("Between".to_owned()).await;
    assert_eq!(status, 201);
    // A recently used connection is not checked before its next use, so the call itself times out.
    proxy.frozen.send_replace(true);
    let (title, status) = create("Frozen in a call".to_owned()).await;
    assert_eq!(status, 503, "{title}");

    proxy.frozen.send_replace(false);
    poll::until("the server is ready", async || ready(server.url()).await.0 == 200).await;
    let (last, status) = create("After".to_owned()).await;
    assert_eq!(status, 201);
    let tasks = all(&server, &token, "/tasks").await;
    let stored: BTreeSet<_> = tasks.iter().map(|task| task["title"].as_str().unwrap()).collect();
    assert_eq!(stored, BTreeSet::from([&first, &between, &last].map(String::as_str)));
    let _: Value = server.gives(200, "GET", "/tasks", &token, Value::Null).await;
    server.kill().await;
}
