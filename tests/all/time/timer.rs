//! Timers: a user has at most one that runs.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, User, every_database};

use super::task;

every_database!(
    user_has_one_running_timer,
    forgotten_timer_counts_at_most_24_hours,
    concurrently_started_timers_leave_one_running,
);

async fn user_has_one_running_timer(app: &App) {
    let t = app.tenant().await;
    let ((one, first), (two, second)) = (task(app, &t.member, None).await, task(app, &t.member, None).await);
    let timer = async |user: &User| app.get("/timer").by(user).gives(200).await;
    assert_eq!(timer(&t.member).await, json!({ "entry": null, "seconds": null }));
    let started = app.post(&format!("{first}/timer")).by(&t.member).send().await.expect(201);
    assert_eq!((&started.body["ended_at"], &started.body["seconds"]), (&Value::Null, &Value::Null));
    assert!(started.header("location").starts_with(&format!("{first}/time-entries/")));
    // The timer of another user is independent.
    let _ = app.post(&format!("{first}/timer")).by(&t.admin).gives(201).await;
    app.clock.advance(Duration::from_mins(10));
    assert_eq!(timer(&t.member).await, json!({ "entry": started.body, "seconds": 600 }));
    assert_eq!(
        app.post(&format!("{second}/timer/stop")).by(&t.member).send().await.expect(409).code(),
        "conflict"
    );
    let switched = app.post(&format!("{second}/timer")).by(&t.member).gives(201).await;
    assert_eq!(switched["task_id"], two);
    let ended = app.get(started.header("location")).by(&t.member).gives(200).await;
    assert_eq!((&ended["task_id"], &ended["seconds"], &ended["version"]), (&one, &json!(600), &json!(2)));
    app.clock.advance(Duration::from_mins(5));
    let running = app.get("/time-entries?running=true").by(&t.admin).gives(200).await;
    assert_eq!(running["count"], 2);
    // The note can be changed while the timer runs on.
    let place = format!("{second}/time-entries/{}", switched["id"].as_str().unwrap());
    let noted = app.patch(&place).by(&t.member).json(&json!({ "note": "Colours" })).gives(200).await;
    assert_eq!((&noted["note"], &noted["ended_at"]), (&json!("Colours"), &Value::Null));
    let halt = async |tag: &str| {
        app.post(&format!("{second}/timer/stop")).by(&t.member).header("if-match", tag).send().await
    };
    assert_eq!(halt("\"1\"").await.expect(412).code(), "stale");
    let last = halt("\"2\"").await.expect(200);
    assert_eq!((&last.body["seconds"], last.header("etag")), (&json!(300), "\"3\""));
    assert_eq!(timer(&t.member).await["entry"], Value::Null);
    assert_eq!(timer(&t.admin).await["seconds"], 900);
    let _ = halt("*").await.expect(409);
    // A repeated request with the same idempotency key starts no second timer.
    let start = async || {
        app.post(&format!("{first}/timer")).by(&t.member).header("idempotency-key", "once").send().await
    };
    let (begun, again) = (start().await.expect(201), start().await.expect(201));
    assert_eq!((&begun.body, again.header("idempotency-replayed")), (&again.body, "true"));
    // Setting the end stops the timer, too, and another can start.
    let end = json!({ "ended_at": app.clock.now() });
    let _ = app.patch(begun.header("location")).by(&t.member).json(&end).gives(200).await;
    let _ = app.post(&format!("{second}/timer")).by(&t.member).gives(201).await;
}

async fn forgotten_timer_counts_at_most_24_hours(app: &App) {
    let mut t = app.tenant().await;
    let ((_, first), (_, second)) = (task(app, &t.member, None).await, task(app, &t.member, None).await);
    for stop in [format!("{first}/timer/stop"), format!("{second}/timer")] {
        let started = app.post(&format!("{first}/timer")).by(&t.member).send().await.expect(201);
        t.later(app, Duration::from_hours(30));
        assert_eq!(app.get("/timer").by(&t.member).gives(200).await["seconds"], 86_400);
        let _ = app.post(&stop).by(&t.member).send().await;
        let ended = app.get(started.header("location")).by(&t.member).gives(200).await;
        assert_eq!(ended["seconds"], 86_400);
    }
}

/// Of concurrent starts on two nodes exactly one timer keeps running.
async fn concurrently_started_timers_leave_one_running(app: &App) {
    let t = app.tenant().await;
    let second = app.second(&[]).await;
    let (mut starts, member) = (Vec::new(), &t.member);
    for number in 0..8 {
        let (_, path) = task(app, &t.member, None).await;
        let node = if number % 2 == 0 { app } else { &second };
        starts.push(async move { node.post(&format!("{path}/timer")).by(member).gives(201).await });
    }
    let started = futures::future::join_all(starts).await;
    assert_eq!(started.len(), 8);
    let running = app.get("/time-entries?running=true").by(&t.member).gives(200).await;
    assert_eq!(running["count"], 1, "{running}");
    assert_eq!(app.get("/time-entries?running=false").by(&t.member).gives(200).await["count"], 7);
    second.finish().await;
}
