//! Bulk changes of documents and of requests.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{refused, send, text};

every_database!(bulk_change_of_documents_keeps_their_versions, bulk_change_of_requests_skips_no_status);

async fn bulk_change_of_documents_keeps_their_versions(app: &App) {
    let t = app.tenant().await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let body = |title: &str| json!({ "title": title, "project_id": project["id"], "content": "One." });
    let make = async |title: &str| app.post("/documents").by(&t.member).json(&body(title)).gives(201).await;
    let (kept, gone) = (make("Kept").await, make("Gone").await);
    let update = |version: u8, content: &str| json!({ "action": "update", "id": kept["id"], "version": version, "body": { "content": content } });
    let operations = json!([
        { "action": "create", "body": body("New") }, update(1, "Two."), update(2, "Three."),
        { "action": "delete", "id": gone["id"], "version": 1 },
    ]);
    // Another member may create a document, but not change that of the author.
    let answer = send(app, &t.other, "documents", operations.clone()).await;
    assert_eq!(refused(&answer), (403, "forbidden", "/operations/1"));
    assert_eq!(app.get("/documents").by(&t.other).gives(200).await["count"], 2);
    let body = json!({ "operations": operations });
    let call = || app.post("/documents/bulk").by(&t.member).header("idempotency-key", "once").json(&body);
    let done = call().gives(200).await;
    assert_eq!(done["results"][0]["row"]["author_id"], json!(t.member.id));
    assert_eq!(
        (&done["results"][2]["row"]["version"], &done["results"][3]["row"]),
        (&json!(3), &Value::Null)
    );
    assert_eq!(call().gives(200).await, done);
    let versions = format!("/documents/{}/versions", text(&kept["id"]));
    assert_eq!(app.get(&versions).by(&t.member).gives(200).await["count"], 3);
    assert_eq!(app.get("/documents").by(&t.member).gives(200).await["count"], 2);
    let stale = send(app, &t.member, "documents", json!([update(3, "Four."), update(3, "Five.")])).await;
    assert_eq!(refused(&stale), (412, "stale", "/operations/1"));
    let path = format!("/documents/{}", text(&kept["id"]));
    assert_eq!(app.get(&path).by(&t.member).gives(200).await["content"], "Three.");
}

async fn bulk_change_of_requests_skips_no_status(app: &App) {
    let t = app.tenant().await;
    let named = async |path: &str| {
        app.post(path).by(&t.manager).json(&json!({ "name": "Bakery" })).gives(201).await["id"].clone()
    };
    let (client, kind) = (named("/clients").await, named("/request-types").await);
    let create = json!({ "action": "create", "body": { "client_id": client, "type_id": kind, "title": "The oven is cold" } });
    let made = send(app, &t.member, "requests", json!([create, create])).await.expect(200).body;
    let [first, second] = [0, 1].map(|place| made["results"][place]["id"].clone());
    assert_eq!(made["results"][0]["row"]["status"], "pending");
    let update = |body: Value| json!({ "action": "update", "id": first, "body": body });
    let assign = update(json!({ "assignee_id": t.other.id }));
    // No status can be skipped, and members cannot delete requests.
    let step = update(json!({ "status": "completed" }));
    let answer = send(app, &t.admin, "requests", json!([assign, step])).await;
    assert_eq!(refused(&answer), (409, "conflict", "/operations/1"));
    let delete = json!({ "action": "delete", "id": second });
    let answer = send(app, &t.member, "requests", json!([assign, delete])).await;
    assert_eq!(refused(&answer), (403, "forbidden", "/operations/1"));
    let path = format!("/requests/{}", text(&first));
    assert_eq!(app.get(&path).by(&t.member).gives(200).await, made["results"][0]["row"]);
    let done = send(app, &t.admin, "requests", json!([assign, delete])).await.expect(200).body;
    assert_eq!(done["results"][0]["row"]["assignee_id"], json!(t.other.id));
    assert_eq!(app.get("/requests").by(&t.member).gives(200).await["count"], 1);
}
