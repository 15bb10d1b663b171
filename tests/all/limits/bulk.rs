//! A bulk request and an import count as several requests.

use serde_json::{Value, json};
use taskhub_tests::App;

use super::{left, strict};

on_sqlite!(
    bulk_request_counts_as_its_operations,
    refused_bulk_request_changes_nothing,
    bulk_request_counts_as_half_a_burst_at_most,
    bulk_request_counts_against_the_tenant,
    user_import_counts_as_its_rows,
);

/// A bulk request that creates so many tasks.
fn creates(number: usize) -> Value {
    let operations: Vec<_> = (0..number)
        .map(|i| json!({ "action": "create", "body": { "title": format!("Counted {i}") } }))
        .collect();
    json!({ "operations": operations })
}

async fn bulk_request_counts_as_its_operations(app: &App) {
    let t = app.tenant().await;
    let strict = strict(app, "principal", "20", &[]).await;
    let fine = strict.post("/tasks/bulk").by(&t.member).json(&creates(10)).send().await.expect(200);
    assert_eq!(left(&fine), "\"principal\";r=10");
    // Failed operations counted, too. A body without a list of operations counts as one request.
    let wrong =
        json!({ "operations": [{ "action": "create", "body": {} }, { "action": "create", "body": {} }] });
    let refused = strict.post("/tasks/bulk").by(&t.member).json(&wrong).send().await.expect(422);
    assert_eq!(left(&refused), "\"principal\";r=8");
    let refused = strict.post("/tasks/bulk").by(&t.member).json(&json!({})).send().await.expect(422);
    assert_eq!(left(&refused), "\"principal\";r=7");
    strict.finish().await;
}

async fn refused_bulk_request_changes_nothing(app: &App) {
    let t = app.tenant().await;
    let strict = strict(app, "principal", "20", &[]).await;
    let _ = strict.post("/tasks/bulk").by(&t.member).json(&creates(10)).send().await.expect(200);
    let _ = strict.get("/tasks").by(&t.member).gives(200).await;
    let refused = strict.post("/tasks/bulk").by(&t.member).json(&creates(10)).send().await;
    assert_eq!((refused.status, refused.code()), (429, "rate_limited"), "{}", refused.text);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert_eq!(left(&refused), "\"principal\";r=8", "the request counted, and its operations did not");
    assert!((7100..=7200).contains(&wait), "two of ten are missing, and each takes an hour: {wait}");
    let there = strict.get("/tasks?page=1").by(&t.member).send().await.expect(200);
    assert_eq!(there.body["count"], 10);
    // The rest of the allowance is enough for fewer operations.
    let _ = strict.post("/tasks/bulk").by(&t.member).json(&creates(7)).send().await.expect(200);
    strict.finish().await;
}

async fn bulk_request_counts_as_half_a_burst_at_most(app: &App) {
    let t = app.tenant().await;
    let strict = strict(app, "principal", "20", &[]).await;
    let fine = strict.post("/tasks/bulk").by(&t.member).json(&creates(100)).send().await.expect(200);
    assert_eq!(left(&fine), "\"principal\";r=10");
    strict.finish().await;
}

async fn bulk_request_counts_against_the_tenant(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let strict = strict(app, "tenant", "20", &[]).await;
    let fine = strict.post("/tasks/bulk").by(&t.member).json(&creates(8)).send().await.expect(200);
    assert_eq!(left(&fine), "\"tenant\";r=12");
    let fine = strict.post("/tasks/bulk").by(&t.other).json(&creates(8)).send().await.expect(200);
    assert_eq!(left(&fine), "\"tenant\";r=4");
    let refused = strict.post("/tasks/bulk").by(&t.manager).json(&creates(8)).send().await.expect(429);
    assert_eq!(left(&refused), "\"tenant\";r=3");
    let _ = strict.post("/tasks/bulk").by(&u.member).json(&creates(8)).send().await.expect(200);
    strict.finish().await;
}

async fn user_import_counts_as_its_rows(app: &App) {
    let t = app.tenant().await;
    let strict = strict(app, "principal", "20", &[]).await;
    let rows = (0..9).map(|i| format!("counted{i}@acme.example,counted{i}\r\n")).collect::<Vec<_>>().concat();
    let import = async || {
        let file = format!("email,username\r\n{rows}");
        strict.post("/users/import").by(&t.admin).body("text/csv", file).send().await
    };
    assert_eq!(left(&import().await.expect(200)), "\"principal\";r=11");
    assert_eq!(left(&import().await.expect(200)), "\"principal\";r=2");
    assert_eq!(left(&import().await.expect(429)), "\"principal\";r=1");
    strict.finish().await;
}
