//! Scenario tests of bulk changes of tasks.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{make, path, project};

every_database!(
    bulk_request_applies_all_operations,
    failed_operation_rolls_back_the_bulk_request,
    bulk_request_reports_all_invalid_operations,
    each_operation_of_a_bulk_request_is_authorised,
    cascades_of_a_bulk_request_are_limited
);

async fn bulk_request_applies_all_operations(app: &App) {
    let t = app.tenant().await;
    let changed = make(app, &t.member, json!({ "title": "Changed" })).await;
    let deleted = make(app, &t.member, json!({ "title": "Deleted" })).await;
    let body = json!({ "operations": [
        { "action": "create", "body": { "title": "Created" } },
        { "action": "update", "id": changed["id"], "version": 1, "body": { "priority": "high" } },
        { "action": "delete", "id": deleted["id"] },
    ] });
    let call = || app.post("/tasks/bulk").by(&t.member).header("idempotency-key", "once").json(&body);
    let answer = call().gives(200).await;
    let results = answer["results"].as_array().unwrap();
    let told: Vec<_> =
        results.iter().map(|it| (it["action"].as_str().unwrap(), &it["row"]["title"])).collect();
    assert_eq!(
        told,
        [("create", &json!("Created")), ("update", &json!("Changed")), ("delete", &json!(null))]
    );
    assert_eq!(results[1]["row"]["priority"], "high");
    assert_eq!(app.get(&path(&results[0]["row"])).by(&t.member).gives(200).await, results[0]["row"]);
    let _ = app.get(&path(&deleted)).by(&t.member).gives(404).await;
    assert_eq!(call().gives(200).await, answer);
    assert_eq!(app.get("/tasks").by(&t.member).gives(200).await["count"], 2);
}

async fn failed_operation_rolls_back_the_bulk_request(app: &App) {
    let t = app.tenant().await;
    let task = make(app, &t.member, json!({ "title": "Kept" })).await;
    let first = json!({ "action": "create", "body": { "title": "Created" } });
    for (second, status, pointer) in [
        (json!({ "action": "create", "body": { "title": "X" } }), 422, "/operations/1/body/title"),
        (
            json!({ "action": "create", "body": { "title": "Created", "weight": 1 } }),
            422,
            "/operations/1/body/weight",
        ),
        (json!({ "action": "update", "id": task["id"], "version": 7, "body": {} }), 412, "/operations/1"),
        (json!({ "action": "update", "id": t.admin.id, "body": {} }), 404, "/operations/1"),
        (json!({ "action": "delete" }), 422, "/operations/1/id"),
        (json!({ "action": "delete", "id": task["id"], "body": {} }), 422, "/operations/1/body"),
        (json!({ "action": "mend", "id": task["id"] }), 422, "/operations/1/action"),
    ] {
        let body = json!({ "operations": [first, second] });
        let answer = app.post("/tasks/bulk").by(&t.member).json(&body).send().await.expect(status);
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{}", answer.body);
        assert_eq!(app.get("/tasks").by(&t.member).gives(200).await["results"], json!([task]));
    }
    let many = vec![first; 101];
    for operations in [Value::from(many), json!([])] {
        let body = json!({ "operations": operations });
        let answer = app.post("/tasks/bulk").by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(answer.pointer(), "/operations");
    }
}

/// All errors in the input are reported together. Of the errors that depend on the state of the
/// rows, only the first is reported.
async fn bulk_request_reports_all_invalid_operations(app: &App) {
    let t = app.tenant().await;
    let task = make(app, &t.member, json!({ "title": "Kept" })).await;
    let send = async |operations: Value| {
        app.post("/tasks/bulk").by(&t.member).json(&json!({ "operations": operations })).send().await
    };
    let told = |answer: &taskhub_tests::Answer| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let errors = answer.body["errors"].as_array().unwrap();
        errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
    };
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    let create = |body: Value| json!({ "action": "create", "body": body });
    let update = |version: u8, body: Value| json!({ "action": "update", "id": task["id"], "version": version, "body": body });
    let stale = update(7, json!({}));
    // The allowed fields depend on the action.
    let shapes = json!([
        create(json!({ "title": "Created" })),
        { "action": "create", "version": 1, "body": {} },
        { "action": "create", "id": null, "body": {} },
        { "action": "delete", "id": task["id"], "body": {} },
        { "action": "update", "id": task["id"] },
        { "action": "update", "id": task["id"], "version": 0, "body": {} },
        { "action": "delete", "id": format!("urn:uuid:{}", task["id"].as_str().unwrap()) },
        { "action": { "create": null }, "body": {} },
        { "body": {} },
        "create",
        { "action": "create", "body": {}, "a/b~": 1 },
    ]);
    let expected = [
        pair("/operations/1/version", "unknown_field"),
        pair("/operations/2/id", "unknown_field"),
        pair("/operations/3/body", "unknown_field"),
        pair("/operations/4/body", "required"),
        pair("/operations/5/version", "invalid_value"),
        pair("/operations/6/id", "invalid_type"),
        pair("/operations/7/action", "invalid_type"),
        pair("/operations/8/action", "required"),
        pair("/operations/9", "invalid_type"),
        pair("/operations/10/a~1b~0", "unknown_field"),
    ];
    assert_eq!(told(&send(shapes).await.expect(422)), expected);
    // Errors in the bodies are reported together, too. Errors that may follow from a failed
    // operation are not reported.
    let bodies = json!([
        create(json!({ "title": "Created" })),
        create(json!({ "title": "X", "weight": 1 })),
        stale,
        update(1, json!({ "title": null })),
        create(json!({ "title": "Y", "estimate_minutes": -1 })),
        create(json!(null)),
    ]);
    let expected = [
        pair("/operations/1/body/title", "invalid_value"),
        pair("/operations/1/body/weight", "unknown_field"),
        pair("/operations/3/body/title", "invalid_type"),
        pair("/operations/4/body/title", "invalid_value"),
        pair("/operations/4/body/estimate_minutes", "invalid_value"),
        pair("/operations/5/body", "invalid_type"),
    ];
    let mut found = told(&send(bodies).await.expect(422));
    found.sort();
    let mut sorted = expected.to_vec();
    sorted.sort();
    assert_eq!(found, sorted);
    let many = send(Value::from(vec![create(json!({ "title": "X" })); 30])).await.expect(422);
    assert_eq!(told(&many).len(), 20);
    let first =
        send(json!([update(1, json!({ "priority": "low" })), stale, create(json!({ "title": "X" }))])).await;
    assert_eq!((first.status, told(&first)), (412, vec![pair("/operations/1", "failed")]));
    assert_eq!(app.get("/tasks").by(&t.member).gives(200).await["results"], json!([task]));
}

async fn each_operation_of_a_bulk_request_is_authorised(app: &App) {
    let t = app.tenant().await;
    let own = make(app, &t.member, json!({ "title": "Own", "assignee_id": t.other.id })).await;
    let body = json!({ "operations": [
        { "action": "update", "id": own["id"], "body": { "priority": "low" } },
        { "action": "delete", "id": own["id"] },
    ] });
    let answer = app.post("/tasks/bulk").by(&t.other).json(&body).send().await.expect(403);
    assert_eq!(answer.body["errors"][0]["pointer"], "/operations/1");
    assert_eq!(app.get(&path(&own)).by(&t.member).gives(200).await, own);
}

/// Each move is within the limit of a single move, but all moves together exceed the limit of a
/// request.
async fn cascades_of_a_bulk_request_are_limited(app: &App) {
    let t = app.tenant().await;
    let (here, there) = (project(app, &t.manager).await, project(app, &t.manager).await);
    let whole = make(app, &t.manager, json!({ "title": "The whole", "project_id": here })).await;
    let send = |operations: Vec<Value>| {
        app.post("/tasks/bulk").by(&t.manager).json(&json!({ "operations": operations })).send()
    };
    let part = json!({ "action": "create", "body": { "title": "A part", "parent_id": whole["id"] } });
    for number in [100, 100, 100, 40] {
        let _ = send(vec![part.clone(); number]).await.expect(200);
    }
    let moves = |number: usize| {
        let to = [&there, &here].into_iter().cycle().take(number);
        to.map(|to| json!({ "action": "update", "id": whole["id"], "body": { "project_id": to } })).collect()
    };
    let answer = send(moves(3)).await.expect(409);
    assert_eq!((answer.code(), answer.pointer()), ("conflict", "/operations/2"));
    assert_eq!(app.get(&path(&whole)).by(&t.manager).gives(200).await, whole);
    let _ = send(moves(2)).await.expect(200);
}
