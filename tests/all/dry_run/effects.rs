//! A dry run reports errors and stores nothing.

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::ask;

every_database!(
    dry_run_reports_errors_and_stores_nothing,
    concurrent_dry_runs_do_not_affect_committed_writes,
    dry_run_neither_stores_nor_replays_an_idempotency_key,
    other_preferences_are_ignored,
);

async fn dry_run_reports_errors_and_stores_nothing(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "name": "urgent" });
    let create = || app.post("/labels").by(&t.manager).json(&body);
    let asked = ask(create()).await.expect(201);
    assert_eq!(asked.header("preference-applied"), "validate-only");
    assert_eq!((&asked.body["name"], asked.header("etag")), (&json!("urgent"), "\"1\""));
    let _ = app.get(asked.header("location")).by(&t.manager).gives(404).await;
    let made = create().send().await.expect(201);
    assert_eq!(made.header("preference-applied"), "");
    // A dry run fails with the same response as the committed request.
    for (asked, told, status) in [
        (ask(create()).await, create().send().await, 409),
        (
            ask(app.post("/labels").by(&t.manager).json(&json!({ "name": "" }))).await,
            app.post("/labels").by(&t.manager).json(&json!({ "name": "" })).send().await,
            422,
        ),
        (
            ask(app.delete(made.header("location")).by(&t.member)).await,
            app.delete(made.header("location")).by(&t.member).send().await,
            403,
        ),
    ] {
        let (asked, told) = (asked.expect(status), told.expect(status));
        assert_eq!((asked.code(), &asked.body["errors"]), (told.code(), &told.body["errors"]));
        assert_eq!(asked.header("preference-applied"), "validate-only");
    }
    let stale = app.delete(made.header("location")).by(&t.admin).header("if-match", "\"2\"");
    assert_eq!(ask(stale).await.expect(412).code(), "stale");
    let gone = ask(app.delete(made.header("location")).by(&t.admin)).await.expect(204);
    assert_eq!(gone.text, "");
    let _ = app.get(made.header("location")).by(&t.manager).gives(200).await;
}

async fn concurrent_dry_runs_do_not_affect_committed_writes(app: &App) {
    let t = app.tenant().await;
    let task =
        |number: usize| app.post("/tasks").by(&t.member).json(&json!({ "title": format!("Task {number}") }));
    let answers = join_all((0..60).map(|number| async move {
        if number % 3 == 0 { ask(task(number)).await } else { task(number).send().await }
    }));
    for (number, answer) in answers.await.into_iter().enumerate() {
        let answer = answer.expect(201);
        let there = if number % 3 == 0 { 404 } else { 200 };
        let _ = app.get(answer.header("location")).by(&t.member).gives(there).await;
    }
    assert_eq!(app.get("/tasks").by(&t.member).gives(200).await["count"], 40);
    assert_eq!(app.get("/audit?noun=task").by(&t.admin).gives(200).await["count"], 40);
}

async fn dry_run_neither_stores_nor_replays_an_idempotency_key(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "title": "Once" });
    let create = || app.post("/tasks").by(&t.member).header("idempotency-key", "one").json(&body);
    let _ = ask(create()).await.expect(201);
    let made = create().send().await.expect(201);
    assert_eq!(made.header("idempotency-replayed"), "");
    let asked = ask(create()).await.expect(201);
    assert_eq!(asked.header("idempotency-replayed"), "");
    assert_ne!(asked.body["id"], made.body["id"]);
    assert_eq!(create().send().await.expect(201).body, made.body);
    assert_eq!(app.get("/tasks").by(&t.member).gives(200).await["count"], 1);
}

async fn other_preferences_are_ignored(app: &App) {
    let t = app.tenant().await;
    let create = |prefer: &str| {
        app.post("/tasks").by(&t.member).header("prefer", prefer).json(&json!({ "title": "Made" }))
    };
    let ignored =
        ["respond-async, wait=10", "handling=lenient", "note=\"validate-only\"", "x; validate-only", ""];
    for prefer in ignored {
        assert_eq!(create(prefer).send().await.expect(201).header("preference-applied"), "", "{prefer}");
    }
    for prefer in ["Validate-Only", "wait=1, validate-only; reason=\"a, b\"", "validate-only=\"\""] {
        assert_eq!(create(prefer).send().await.expect(201).header("preference-applied"), "validate-only");
    }
    let twice = create("handling=strict").header("prefer", "validate-only").send().await.expect(201);
    assert_eq!(twice.header("preference-applied"), "validate-only");
    // A value may be meant to turn the dry run off. So the request is refused.
    assert_eq!(create("validate-only=false").send().await.expect(400).code(), "invalid_header");
    assert_eq!(create(&"x".repeat(1025)).send().await.expect(400).code(), "invalid_header");
    assert_eq!(app.get("/tasks").by(&t.member).gives(200).await["count"], json!(ignored.len()));
    let read = ask(app.get("/tasks").by(&t.member)).await.expect(200);
    assert_eq!(read.header("preference-applied"), "");
    let _: Value = app.get("/tasks").gives(401).await;
}
