//! The start and connections: an unreachable database, clients that send nothing, and exhausted
//! file descriptors.

use std::time::Duration;

use serde_json::Value;
use taskhub_tests::{App, Backend, every_database};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};

use crate::{
    poll,
    process::{LIFTED, Served, command, run, shared},
};

every_database!(start_waits_for_the_database);

async fn start_waits_for_the_database(app: &App) {
    if app.backend == Backend::Sqlite {
        return;
    }
    let (user, rest) = app.database.rsplit_once('@').unwrap();
    let (place, name) = rest.split_once('/').unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("{user}@{}/{name}", listener.local_addr().unwrap());
    let place = place.to_owned();
    // The first two attempts are cut off, as by a database that is starting.
    let between = tokio::spawn(async move {
        for number in 0.. {
            let (mut client, _) = listener.accept().await.unwrap();
            let place = place.clone();
            tokio::spawn(async move {
                if number >= 2 {
                    let mut database = TcpStream::connect(place).await.unwrap();
                    copy_bidirectional(&mut client, &mut database).await.ok();
                }
            });
        }
    });
    let folder = TempDir::new().unwrap();
    let server = Served::start(folder.path(), &shared(&url)).await;
    assert!(server.has_said("the database can't be reached; the server waits for it"));
    let _ = server.gives(401, "GET", "/tasks", "", Value::Null).await;
    let _ = server.stop().await;
    between.abort();
}

#[test]
fn start_fails_with_host_and_cause_if_the_database_is_unreachable() {
    let folder = TempDir::new().unwrap();
    for (scheme, command_line) in
        [("postgres", "serve"), ("mysql", "tenant list"), ("postgres", "migrate up")]
    {
        let url = format!("{scheme}://hub:wide-green-rivers@127.0.0.1:1/hub");
        let words: Vec<_> = command_line.split(' ').collect();
        let mut command = command(folder.path(), &words);
        command.args(["--listen", "127.0.0.1:0", "--database-wait-seconds", "1"]);
        let ran = run(command.env("DATABASE_URL", url), "");
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let complaint = ran.complained();
        assert!(complaint.contains("The database at 127.0.0.1:1 can't be reached: "), "{complaint}");
        assert!(!complaint.contains("wide-green-rivers"), "{complaint}");
    }
}

#[test]
fn connection_that_sends_nothing_is_closed() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let server = Served::start(folder.path(), &LIFTED).await;
        let address = server.url().strip_prefix("http://").unwrap().to_owned();
        let closes = async |sent: &[u8]| {
            let mut connection = TcpStream::connect(&address).await.unwrap();
            connection.write_all(sent).await.unwrap();
            let began = Instant::now();
            let mut rest = Vec::new();
            timeout(Duration::from_secs(25), connection.read_to_end(&mut rest))
                .await
                .expect("it is closed")
                .ok();
            assert!(began.elapsed() >= Duration::from_secs(10), "{:?}", began.elapsed());
        };
        tokio::join!(closes(b""), closes(b"GET /health/live HTTP/1.1\r\n"), closes(b"PRI * HTTP/2"));
        let _ = server.stop().await;
    });
}

#[test]
fn both_versions_of_http_are_served_on_one_port() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let server = Served::start(folder.path(), &LIFTED).await;
        let address = server.url().strip_prefix("http://").unwrap();
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection
            .write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let mut connection = TcpStream::connect(address).await.unwrap();
        // The preface and empty SETTINGS (RFC 9113, section 3.4). The server sends its SETTINGS, a
        // frame of type 4.
        connection.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        let mut frame = [0; 9];
        let _ = connection.read_exact(&mut frame).await.unwrap();
        assert_eq!(frame[3], 4, "{frame:?}");
        drop(connection);
        let _ = server.stop().await;
    });
}

#[test]
fn server_recovers_from_exhausted_file_descriptors() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let flags = [&LIFTED[..], &["--database-connections", "2", "--workers", "2"]].concat();
        let server = Served::start_limited(folder.path(), &flags, 80).await;
        let address = server.url().strip_prefix("http://").unwrap().to_owned();
        let mut open = Vec::new();
        for _ in 0..100 {
            open.push(TcpStream::connect(&address).await.unwrap());
        }
        poll::until("no descriptor is left", async || server.has_said("Error accepting connection")).await;
        drop(open);
        poll::until("a request is answered", async || {
            let asked = server.send("GET", "/tasks", "", &Value::Null);
            matches!(timeout(Duration::from_secs(1), asked).await, Ok(Ok((401, _))))
        })
        .await;
        let _ = server.stop().await;
    });
}
