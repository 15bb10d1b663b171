//! Scenario tests of long-lived streams, and of clients that do not read them.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, PASSWORD, User, every_database};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::{
    feed::{SOON, Stream, make, now},
    operator::set_active,
    poll::until,
};

every_database!(
    heartbeat_is_sent_despite_unrelated_changes,
    stream_ends_when_its_credential_is_revoked,
    empty_last_event_id_is_ignored,
    slow_reader_gets_no_events_after_revocation,
    stream_of_a_client_that_does_not_read_is_closed,
);

async fn heartbeat_is_sent_despite_unrelated_changes(app: &App) {
    let t = app.tenant().await;
    let hurried = app.second(&["--heartbeat-seconds", "1"]).await;
    // Every new task wakes the stream, which delivers none of them.
    let mut stream = Stream::open(&hurried, &t.member, "/events?noun=label", None).await;
    let write = async {
        loop {
            let _ = make(&hurried, &t.member, "/tasks", json!({ "title": "A task" })).await;
        }
    };
    let part = tokio::select! {
        part = stream.part() => part.unwrap(),
        () = write => unreachable!(),
    };
    assert!(part.starts_with(": \nid: "), "{part}");
    drop(stream);
    hurried.finish().await;
}

async fn stream_ends_when_its_credential_is_revoked(app: &App) {
    let mut t = app.tenant().await;
    let later = |app: &App| app.clock.advance(Duration::from_secs(2));
    // A password change ends the other sessions.
    let (token, _) = t.member.sign_in(app).await;
    let (other, _) = t.member.sign_in(app).await;
    let stream = Stream::open(app, &User { token: other, ..t.member.clone() }, "/events", None).await;
    later(app);
    let body = json!({ "old_password": PASSWORD, "new_password": "tall-quiet-mountains" });
    let _ = app.post("/auth/change-password").token(&token).json(&body).send().await;
    stream.ends().await;
    // Changed scopes of a service account revoke its tokens.
    later(app);
    t = t.renewed(app);
    let body = json!({ "name": "mirror", "scopes": ["tasks:read", "labels:read"] });
    let made = app.post("/service-accounts").by(&t.admin).json(&body).gives(201).await;
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    let form = json!({ "grant_type": "client_credentials", "client_id": text("client_id"), "client_secret": text("client_secret") });
    let token = app.post("/auth/token").json(&form).gives(200).await["access_token"].clone();
    let service = User { token: token.as_str().unwrap().to_owned(), ..t.member.clone() };
    let stream = Stream::open(app, &service, "/events", None).await;
    later(app);
    let path = format!("/service-accounts/{}", text("client_id"));
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "scopes": ["tasks:read"] })).gives(200).await;
    stream.ends().await;
    // Suspending the tenant ends its streams, too.
    later(app);
    t = t.renewed(app);
    let stream = Stream::open(app, &t.other, "/events", None).await;
    set_active(app, &t, false).await;
    stream.ends().await;
}

async fn empty_last_event_id_is_ignored(app: &App) {
    let t = app.tenant().await;
    let begin = now(app, &t.member).await;
    let _ = make(app, &t.member, "/tasks", json!({ "title": "One" })).await;
    let path = format!("/events?noun=task&since={begin}");
    let mut stream = Stream::open(app, &t.member, &path, Some("")).await;
    assert_eq!(stream.next().await.1, "task.create");
}

/// Makes more changes than all buffers hold. Returns their number.
async fn fill(app: &App, by: &User) -> usize {
    let create = json!({ "action": "create", "body": { "title": "A task" } });
    let body = json!({ "operations": vec![create; 100] });
    for _ in 0..10 {
        let _ = app.post("/tasks/bulk").by(by).json(&body).gives(200).await;
    }
    1000
}

/// Opens a stream from the oldest change and reads only its beginning.
async fn idle(app: &App, by: &User) -> TcpStream {
    let address = app.url.strip_prefix("http://").unwrap().parse().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let head = format!(
        "GET /api/v1/events?since=oldest HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {}\r\n\r\n",
        by.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut begin = [0; 12];
    let _ = timeout(SOON, stream.read_exact(&mut begin)).await.unwrap().unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    stream
}

/// The data until the end of the response or the connection.
async fn rest(mut stream: TcpStream) -> String {
    let (mut all, mut some) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = timeout(SOON, stream.read(&mut some)).await.unwrap() {
        all.extend_from_slice(&some[..read]);
        if all.ends_with(b"0\r\n\r\n") {
            break;
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

async fn slow_reader_gets_no_events_after_revocation(app: &App) {
    let t = app.tenant().await;
    let (token, _) = t.member.sign_in(app).await;
    let user = User { token, ..t.member.clone() };
    let all = fill(app, &user).await;
    let stream = idle(app, &user).await;
    // There is more data than the buffers hold.
    let _ = timeout(SOON, stream.readable()).await.unwrap();
    let _ = app.post("/auth/logout").by(&user).gives(204).await;
    let read = rest(stream).await;
    let events = read.matches("\nevent: ").count();
    assert!(events < all / 2, "{events} of {all}");
}

async fn stream_of_a_client_that_does_not_read_is_closed(app: &App) {
    let t = app.tenant().await;
    let strict = app.second(&["--streams-each", "1", "--heartbeat-seconds", "1"]).await;
    let _ = fill(app, &t.member).await;
    let stream = idle(&strict, &t.member).await;
    let status = async || strict.get("/events").by(&t.member).open().await.status().as_u16();
    assert_eq!(status().await, 429);
    // The server closes the connection, without an action of the client.
    until("its place is another's", async || status().await == 200).await;
    let read = rest(stream).await;
    assert!(!read.ends_with("0\r\n\r\n"));
    strict.finish().await;
}
