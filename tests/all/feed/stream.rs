//! The change feed as a stream of server-sent events.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, User, every_database};

use super::{Stream, make, since};
use crate::poll::until;

every_database!(
    stream_delivers_changes_on_every_node,
    stream_resumes_after_the_last_event_id,
    stream_ends_when_its_token_is_revoked,
    number_of_streams_is_limited,
);

async fn stream_delivers_changes_on_every_node(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let second = app.second(&["--heartbeat-seconds", "1"]).await;
    let mut own = Stream::open(app, &t.member, "/events?noun=task", None).await;
    let mut elsewhere = Stream::open(&second, &t.member, "/events?noun=task,label", None).await;
    let heartbeat = elsewhere.part().await.unwrap();
    assert!(heartbeat.starts_with(": \nid: "), "{heartbeat}");
    let _ = make(app, &u.member, "/tasks", json!({ "title": "Not theirs" })).await;
    let (id, task) = make(app, &t.member, "/tasks", json!({ "title": "One" })).await;
    let _ = app.post(&format!("{task}/complete")).by(&t.member).gives(200).await;
    for stream in [&mut own, &mut elsewhere] {
        let (cursor, event, data) = stream.next().await;
        assert_eq!((event.as_str(), &data["cursor"], &data["id"]), ("task.create", &json!(cursor), &id));
        assert_eq!(stream.next().await.1, "task.complete");
    }
    // HEAD ends after the headers, and errors are reported before the stream begins.
    let head = app.call("HEAD", "/events").by(&t.member).send().await.expect(200);
    assert_eq!((head.header("content-type"), head.text.as_str()), ("text/event-stream", ""));
    let wrong = app.get("/events").by(&t.member).header("last-event-id", "x").send().await.expect(400);
    assert_eq!(wrong.code(), "invalid_header");
    let _ = app.get("/events?since=x").by(&t.member).gives(400).await;
    let _ = app.get("/events").gives(401).await;
    drop((own, elsewhere));
    second.finish().await;
}

async fn stream_resumes_after_the_last_event_id(app: &App) {
    let t = app.tenant().await;
    let mut stream = Stream::open(app, &t.member, "/events?noun=task", None).await;
    let (_, task) = make(app, &t.member, "/tasks", json!({ "title": "One" })).await;
    let (last, ..) = stream.next().await;
    drop(stream);
    for title in ["Two", "Three"] {
        let _ = app.patch(&task).by(&t.member).json(&json!({ "title": title })).gives(200).await;
    }
    let mut stream = Stream::open(app, &t.member, "/events?noun=task&since=oldest", Some(&last)).await;
    assert_eq!(stream.next().await.2["version"], 2);
    assert_eq!(stream.next().await.2["version"], 3);
    // The list and the stream share their cursors.
    let (changes, _) = since(app, &t.member.token, &last, "&noun=task").await;
    assert_eq!(changes.len(), 2);
}

async fn stream_ends_when_its_token_is_revoked(app: &App) {
    let mut t = app.tenant().await;
    let second = app.second(&[]).await;
    // Deactivation, a changed role and signing out end the streams on this node and on another.
    for node in [app, &second] {
        t = t.renewed(app);
        let stream = Stream::open(node, &t.other, "/events", None).await;
        let bystander = Stream::open(node, &t.admin, "/events", None).await;
        let _ = app.post(&format!("/users/{}/deactivate", t.other.id)).by(&t.admin).gives(200).await;
        stream.ends().await;
        drop(bystander);
        let _ = app.post(&format!("/users/{}/reactivate", t.other.id)).by(&t.admin).gives(200).await;
        app.clock.advance(Duration::from_secs(2));
        second.clock.advance(Duration::from_secs(2));
        t = t.renewed(app);
        let stream = Stream::open(node, &t.other, "/events", None).await;
        let role = |role: &str| json!({ "role": role });
        let path = format!("/users/{}", t.other.id);
        let _ = app.patch(&path).by(&t.admin).json(&role("manager")).gives(200).await;
        stream.ends().await;
        let _ = app.patch(&path).by(&t.admin).json(&role("member")).gives(200).await;
        let (token, _) = t.member.sign_in(app).await;
        let signed_in = User { token, ..t.member.clone() };
        let stream = Stream::open(node, &signed_in, "/events", None).await;
        let _ = app.post("/auth/logout").by(&signed_in).gives(204).await;
        stream.ends().await;
        app.clock.advance(Duration::from_secs(2));
        second.clock.advance(Duration::from_secs(2));
    }
    second.finish().await;
}

async fn number_of_streams_is_limited(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let strict = app.second(&["--streams-each", "2", "--streams", "9", "--heartbeat-seconds", "1"]).await;
    let open = async |user: &User| Stream::open(&strict, user, "/events", None).await;
    let (first, second) = (open(&t.member).await, open(&t.member).await);
    let refused = strict.get("/events").by(&t.member).send().await.expect(429);
    assert_eq!((refused.code(), refused.header("retry-after")), ("rate_limited", "2"));
    // A tenant may use a third of all streams.
    let third = open(&t.other).await;
    let _ = strict.get("/events").by(&t.admin).gives(429).await;
    let elsewhere = open(&u.admin).await;
    // A closed stream frees its place.
    drop(first);
    until("room for another", async || strict.get("/events").by(&t.admin).send().await.status == 200).await;
    // Streams end when the server stops.
    strict.state.streams.end();
    second.ends().await;
    drop((third, elsewhere));
    strict.finish().await;
}
