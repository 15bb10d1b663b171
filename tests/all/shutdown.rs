//! Shutdown: accepted requests are answered, and no new ones are accepted.

use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_domain::context::Request;
use taskhub_tests::{App, Backend, every_database};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    poll,
    process::{LIFTED, Served, shared},
};

every_database!(
    stopping_under_load_loses_no_request,
    database_connections_outlive_the_runtime_that_opened_them
);

const CLIENTS: usize = 16;
/// The number of responses after which the server is stopped.
const ENOUGH: usize = 200;

async fn stopping_under_load_loses_no_request(app: &App) {
    let folder = TempDir::new().unwrap();
    let own = format!("sqlite://{}", folder.path().join("stopped.db").display());
    let database = if app.backend == Backend::Sqlite { &own } else { &app.database };
    let flags = [&shared(database)[..], &["--workers", "4"]].concat();
    let server = Served::start(folder.path(), &flags).await;
    let token = register(&server, &app.tenant().await.slug).await;
    let answered = AtomicUsize::new(0);
    let url = format!("{}/api/v1/tasks", server.url());
    let ask = async || {
        let client = reqwest::Client::new();
        loop {
            let body = json!({ "title": "Written until the end" });
            match client.post(&url).bearer_auth(&token).json(&body).send().await {
                Ok(answer) => {
                    let (status, text) = (answer.status(), answer.text().await.unwrap());
                    assert_eq!(status, 201, "{text}");
                    answered.fetch_add(1, Ordering::SeqCst);
                }
                // The server accepts no more connections. Any other error is a lost request.
                Err(error) => return assert!(error.is_connect(), "{error:?}"),
            }
        }
    };
    let stop = async {
        poll::until("enough is answered", async || answered.load(Ordering::SeqCst) >= ENOUGH).await;
        server.stop().await
    };
    let (_, log) = futures::join!(join_all((0..CLIENTS).map(|_| ask())), stop);
    assert!(!log.contains("ERROR"), "{log}");
}

/// Registers an organisation. Returns the token of its admin.
async fn register(server: &Served, slug: &str) -> String {
    let (email, password) = (format!("ada@stopped-{slug}.example"), "wide-green-rivers");
    let admin = json!({ "email": email, "username": "ada", "password": password });
    let body =
        json!({ "organisation": { "name": "Stopped", "slug": format!("stopped-{slug}") }, "user": admin });
    let _ = server.gives(201, "POST", "/auth/register", "", body).await;
    let body = json!({ "email": email, "password": password });
    let pair = server.gives(200, "POST", "/auth/token", "", body).await;
    pair["access_token"].as_str().unwrap().to_owned()
}

async fn database_connections_outlive_the_runtime_that_opened_them(app: &App) {
    let t = app.tenant().await;
    let repository = app.state.repository.clone();
    // Like a worker that ends before the others.
    let worker = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let system = repository.system("reading at once", Request::default());
        let reads = runtime.block_on(join_all((0..4).map(|_| repository.tenants_with_mail(&system, 1))));
        assert!(reads.iter().all(Result::is_ok), "{reads:?}");
    });
    worker.await.unwrap();
    let answers = join_all((0..8).map(|_| app.get("/tasks").by(&t.member).send())).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
}

/// Starts a server without rate limits in the folder.
async fn start(folder: &Path, more: &[&str]) -> Served {
    Served::start(folder, &[&LIFTED[..], more].concat()).await
}

#[test]
fn readiness_is_503_while_requests_are_still_served() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let server = start(folder.path(), &["--shutdown-grace-seconds", "300"]).await;
        let ready = format!("{}/health/ready", server.url());
        let client = reqwest::Client::new();
        let ask = async || {
            let answer = client.get(&ready).send().await.unwrap();
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap()["code"].clone())
        };
        assert_eq!(ask().await.0, 200);
        server.signal("TERM");
        poll::until("readiness is 503", async || ask().await == (503, json!("stopping"))).await;
        let live = client.get(format!("{}/health/live", server.url())).send().await.unwrap();
        assert_eq!(live.status(), 200);
        assert_eq!(live.headers()["connection"], "close");
        let _ = server.gives(401, "GET", "/tasks", "", Value::Null).await;
        // A second signal ends the grace period.
        let _ = server.stop().await;
    });
}

#[test]
fn connections_in_the_accept_queue_are_served() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let server = start(folder.path(), &[]).await;
        let address = server.url().strip_prefix("http://").unwrap().to_owned();
        // The kernel accepts connections for a stopped process.
        server.signal("STOP");
        let mut waiting = Vec::new();
        for _ in 0..20 {
            let mut connection = TcpStream::connect(&address).await.unwrap();
            connection.write_all(b"GET /health/live HTTP/1.1\r\nhost: test\r\n\r\n").await.unwrap();
            waiting.push(connection);
        }
        server.signal("TERM");
        server.signal("CONT");
        for mut connection in waiting {
            let mut answer = String::new();
            connection.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
        let _ = server.ended().await;
    });
}

#[test]
fn streams_and_idle_connections_do_not_delay_shutdown() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let server = start(folder.path(), &[]).await;
        let token = register(&server, "stream").await;
        let events = format!("{}/api/v1/events", server.url());
        let mut stream = reqwest::Client::new().get(events).bearer_auth(token).send().await.unwrap();
        assert_eq!(stream.status(), 200);
        let idle = TcpStream::connect(server.url().strip_prefix("http://").unwrap()).await.unwrap();
        let _ = tokio::time::timeout(Duration::from_secs(10), server.stop()).await.expect("the server ends");
        while stream.chunk().await.unwrap().is_some() {}
        drop(idle);
    });
}
