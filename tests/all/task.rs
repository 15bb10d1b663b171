//! Scenario tests of tasks.

mod again;
mod bulk;
mod deleted;
mod dependencies;
mod history;
mod labels;
mod order;
mod parts;

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User, every_database};

every_database!(
    error_response_is_limited_in_size,
    task_is_created_completed_and_deleted,
    patch_changes_only_the_given_fields,
    put_replaces_the_whole_task,
    invalid_task_is_rejected_with_422,
    title_may_be_one_ideograph,
    completed_at_is_set_and_cleared_with_the_status,
    personal_task_is_invisible_to_other_members,
    task_permissions_depend_on_the_relation,
    reference_to_an_invisible_row_is_rejected_with_422,
);

async fn task_is_created_completed_and_deleted(app: &App) {
    let t = app.tenant().await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let new = json!({ "title": " Write it ", "project_id": project["id"], "assignee_id": t.other.id, "due_at": "2027-01-01T00:00:00Z" });
    let made = app.post("/tasks").by(&t.member).json(&new).send().await.expect(201);
    assert_eq!(made.header("etag"), "\"1\"");
    assert_eq!(made.body["title"], "Write it");
    assert_eq!(made.body["owner_id"], json!(t.member.id));
    let path = made.header("location").to_owned();
    assert_eq!(app.get(&path).by(&t.admin).gives(200).await, made.body);
    let done = app.post(&format!("{path}/complete")).by(&t.other).gives(200).await;
    assert_eq!((&done["status"], &done["version"]), (&json!("done"), &json!(2)));
    let audit =
        app.get(&format!("/audit?row={}", made.body["id"].as_str().unwrap())).by(&t.admin).gives(200).await;
    let actions: Vec<_> = audit["results"].as_array().unwrap().iter().map(|line| &line["action"]).collect();
    assert_eq!(actions, [&json!("complete"), &json!("create")]);
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    let _ = app.get(&path).by(&t.member).gives(404).await;
}

/// A task with every field, in a project. Returns the task and its path.
async fn whole(app: &App, t: &Tenant) -> (Value, String) {
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let new = json!({
        "title": "Write it", "description": "In short.\nAnd well.", "project_id": project["id"], "assignee_id": t.other.id,
        "status": "in_progress", "priority": "high", "start_at": "2027-01-01T02:00:00+02:00", "due_at": "2027-01-02T00:00:00Z",
        "estimate_minutes": 90,
    });
    let made = app.post("/tasks").by(&t.member).json(&new).send().await.expect(201);
    let path = made.header("location").to_owned();
    assert_eq!(made.body["start_at"], "2027-01-01T00:00:00.000000Z");
    assert_eq!(made.body["description"], "In short.\nAnd well.");
    (made.body, path)
}

async fn patch_changes_only_the_given_fields(app: &App) {
    let t = app.tenant().await;
    let (before, path) = whole(app, &t).await;
    app.clock.advance(std::time::Duration::from_secs(1));
    let body = json!({ "priority": "low", "description": null, "estimate_minutes": null });
    let change = app.patch(&path).by(&t.member).body("application/merge-patch+json", body.to_string());
    let after = change.gives(200).await;
    let mut expected = before.clone();
    expected["priority"] = json!("low");
    expected["description"] = Value::Null;
    expected["estimate_minutes"] = Value::Null;
    expected["version"] = json!(2);
    expected["updated_at"] = after["updated_at"].clone();
    assert_eq!(after, expected);
    assert!(after["updated_at"].as_str() > before["updated_at"].as_str());
    let audit = app.get("/audit?noun=task&action=update").by(&t.admin).gives(200).await;
    let line = &audit["results"][0];
    assert_eq!(line["old_values"]["priority"], "high");
    assert_eq!(line["new_values"]["priority"], "low");
    assert!(line["old_values"].get("title").is_none(), "only what changed: {line}");
}

async fn put_replaces_the_whole_task(app: &App) {
    let t = app.tenant().await;
    let (before, path) = whole(app, &t).await;
    let after = app.put(&path).by(&t.member).json(&json!({ "title": "Rewritten" })).gives(200).await;
    for name in ["description", "project_id", "assignee_id", "start_at", "due_at", "estimate_minutes"] {
        assert_eq!(after[name], Value::Null, "{name}");
    }
    assert_eq!((&after["status"], &after["priority"]), (&json!("todo"), &json!("medium")));
    for name in ["id", "owner_id", "created_at"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    let refused = app.put(&path).by(&t.member).json(&json!({ "status": "done" })).send().await.expect(422);
    assert_eq!((refused.pointer(), &refused.body["errors"][0]["code"]), ("/title", &json!("required")));
}

async fn title_may_be_one_ideograph(app: &App) {
    let t = app.tenant().await;
    for title in ["木", "会議", "회의", "カ"] {
        assert_eq!(make(app, &t.member, json!({ "title": title })).await["title"], title);
    }
}

async fn invalid_task_is_rejected_with_422(app: &App) {
    let t = app.tenant().await;
    let (_, path) = whole(app, &t).await;
    let wrong = [
        (json!({ "title": "ab" }), "/title"),
        (json!({ "title": "a\u{200b}\u{200b}" }), "/title"),
        (json!({ "title": "   ab   " }), "/title"),
        (json!({ "title": "a".repeat(201) }), "/title"),
        (json!({ "title": "two\nlines" }), "/title"),
        (json!({ "title": "nul\u{0}" }), "/title"),
        (json!({ "title": null }), "/title"),
        (json!({ "title": 1 }), "/title"),
        (json!({ "description": "a\u{7}b" }), "/description"),
        (json!({ "description": "a".repeat(20_001) }), "/description"),
        (json!({ "status": "open" }), "/status"),
        (json!({ "status": null }), "/status"),
        (json!({ "priority": "urgentest" }), "/priority"),
        (json!({ "project_id": "website" }), "/project_id"),
        (json!({ "due_at": "tomorrow" }), "/due_at"),
        (json!({ "start_at": "2027-01-02T00:00:00Z", "due_at": "2027-01-01T00:00:00Z" }), "/due_at"),
        (json!({ "start_at": "2027-02-02T00:00:00Z" }), "/due_at"),
        (json!({ "estimate_minutes": -1 }), "/estimate_minutes"),
        (json!({ "estimate_minutes": 1_000_001 }), "/estimate_minutes"),
        (json!({ "estimate_minutes": 1.5 }), "/estimate_minutes"),
        (json!({ "owner_id": t.other.id }), "/owner_id"),
        (json!({ "tenant_id": t.id }), "/tenant_id"),
        (json!({ "id": t.id }), "/id"),
        (json!({ "version": 7 }), "/version"),
        (json!({ "created_at": "2027-01-01T00:00:00Z" }), "/created_at"),
        (json!({ "completed_at": "2027-01-01T00:00:00Z" }), "/completed_at"),
        (json!({ "titel": "Typo" }), "/titel"),
        (json!([]), ""),
        (json!(null), ""),
        (json!("title"), ""),
    ];
    for (body, pointer) in wrong {
        let refused = app.patch(&path).by(&t.member).json(&body).send().await.expect(422);
        assert_eq!((refused.code(), refused.pointer()), ("invalid", pointer), "{body}");
    }
    assert_eq!(app.get(&path).by(&t.member).gives(200).await["version"], 1);
    // Limits count characters, not bytes.
    for title in ["äöü".to_owned(), "😀".repeat(200)] {
        let changed = app.patch(&path).by(&t.member).json(&json!({ "title": title })).gives(200).await;
        assert_eq!(changed["title"], json!(title));
    }
    for caller in [&t.member, &t.admin] {
        let missing = app.get("/tasks/export").by(caller).send().await.expect(404);
        assert_eq!(missing.body["detail"], "There is no such path. An id in a path is a UUID with hyphens.");
    }
}

async fn completed_at_is_set_and_cleared_with_the_status(app: &App) {
    let t = app.tenant().await;
    let (_, path) = whole(app, &t).await;
    app.clock.advance(std::time::Duration::from_mins(1));
    let done = app.post(&format!("{path}/complete")).by(&t.member).gives(200).await;
    assert_eq!((&done["status"], &done["completed_at"]), (&json!("done"), &done["updated_at"]));
    app.clock.advance(std::time::Duration::from_mins(1));
    // Completing again is a no-op, another change keeps `completed_at`, and reopening clears it.
    let again = app.post(&format!("{path}/complete")).by(&t.member).gives(200).await;
    assert_eq!(again, done);
    let renamed = app.patch(&path).by(&t.member).json(&json!({ "title": "Written" })).gives(200).await;
    assert_eq!(renamed["completed_at"], done["completed_at"]);
    let open = app.patch(&path).by(&t.member).json(&json!({ "status": "todo" })).gives(200).await;
    assert_eq!(open["completed_at"], Value::Null);
    let done = app.patch(&path).by(&t.member).json(&json!({ "status": "done" })).gives(200).await;
    assert_eq!(done["completed_at"], done["updated_at"]);
    let _ = app.patch(&path).by(&t.member).json(&json!({ "status": "cancelled" })).gives(200).await;
    let refused = app.post(&format!("{path}/complete")).by(&t.member).send().await.expect(409);
    assert_eq!(refused.code(), "conflict");
}

async fn personal_task_is_invisible_to_other_members(app: &App) {
    let t = app.tenant().await;
    let made = app.post("/tasks").by(&t.member).json(&json!({ "title": "My own" })).send().await.expect(201);
    let path = made.header("location").to_owned();
    let sees = async |user| {
        let listed = app.get("/tasks").by(user).gives(200).await["count"] == 1;
        assert_eq!(app.get(&path).by(user).send().await.status == 200, listed);
        listed
    };
    assert!(sees(&t.member).await && sees(&t.manager).await && sees(&t.admin).await);
    assert!(!sees(&t.other).await);
    // Every operation answers 404 for an invisible task.
    for (method, path) in [
        ("GET", path.clone()),
        ("PATCH", path.clone()),
        ("DELETE", path.clone()),
        ("POST", format!("{path}/complete")),
    ] {
        let call = app.call(method, &path).by(&t.other);
        let call = if method == "PATCH" { call.json(&json!({ "title": "Mine" })) } else { call };
        let _ = call.gives(404).await;
    }
    // A manager and the assignee can change the task; the assignee cannot delete it.
    let _ = app.patch(&path).by(&t.manager).json(&json!({ "title": "Managed" })).gives(200).await;
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "assignee_id": t.other.id })).gives(200).await;
    assert!(sees(&t.other).await);
    let _ = app.patch(&path).by(&t.other).json(&json!({ "status": "in_progress" })).gives(200).await;
    let _ = app.delete(&path).by(&t.other).gives(403).await;
    let _ = app.delete(&path).by(&t.manager).gives(204).await;
}

async fn task_permissions_depend_on_the_relation(app: &App) {
    let t = app.tenant().await;
    let (_, path) = whole(app, &t).await;
    let stranger = json!({ "email": format!("third@{}.example", t.slug), "username": "third", "password": taskhub_tests::PASSWORD });
    let _ = app.post("/users").by(&t.admin).json(&stranger).gives(201).await;
    let signed = json!({ "username": "third", "tenant": t.slug, "password": taskhub_tests::PASSWORD });
    let third =
        app.post("/auth/token").json(&signed).gives(200).await["access_token"].as_str().unwrap().to_owned();
    // All users see a task in an open project. Its owner, its assignee and the managers of the
    // project can change it.
    let _ = app.get(&path).token(&third).gives(200).await;
    let body = json!({ "priority": "low" });
    let _ = app.patch(&path).token(&third).json(&body).gives(403).await;
    let _ = app.post(&format!("{path}/complete")).token(&third).gives(403).await;
    // 403 comes before 422.
    let _ = app.patch(&path).token(&third).json(&json!({ "nonsense": 1 })).gives(403).await;
    for (user, priority) in
        [(&t.member, "low"), (&t.other, "medium"), (&t.manager, "high"), (&t.admin, "urgent")]
    {
        let changed = app.patch(&path).by(user).json(&json!({ "priority": priority })).gives(200).await;
        assert_eq!(changed["priority"], priority);
    }
    let _ = app.delete(&path).token(&third).gives(403).await;
    let _ = app.delete(&path).by(&t.other).gives(403).await;
    let _ = app.delete(&path).by(&t.manager).gives(204).await;
    let _ = app.delete(&path).by(&t.manager).gives(404).await;
}

async fn reference_to_an_invisible_row_is_rejected_with_422(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let theirs = app.post("/projects").by(&u.manager).json(&json!({ "name": "Theirs" })).gives(201).await;
    let (_, path) = whole(app, &t).await;
    let absent = app.clock.now().token_id();
    let mut answers = Vec::new();
    for (field, foreign) in [("project_id", theirs["id"].clone()), ("assignee_id", json!(u.member.id))] {
        for id in [foreign, json!(absent)] {
            let new = json!({ "title": "Write it", field: id });
            let mut refused = app.post("/tasks").by(&t.member).json(&new).send().await.expect(422);
            assert_eq!(refused.pointer(), format!("/{field}"));
            refused.body["instance"] = Value::Null;
            answers.push(refused.body);
            let _ = app.patch(&path).by(&t.member).json(&json!({ field: id })).gives(422).await;
            let _ = app.put(&path).by(&t.member).json(&new).gives(422).await;
        }
    }
    // A row of another tenant gets the same response as an absent one.
    assert_eq!((&answers[0], &answers[2]), (&answers[1], &answers[3]));
}

async fn error_response_is_limited_in_size(app: &App) {
    let t = app.tenant().await;
    // Each of these strings is invalid, at a path that the client chose.
    let body = json!({ "x".repeat(5_000): vec!["\u{7f}"; 5_000], "title": "Bounded" });
    let answer = app.post("/tasks").by(&t.member).json(&body).send().await.expect(422);
    assert_eq!(answer.body["errors"].as_array().unwrap().len(), 20);
    assert!(answer.text.len() < 20_000, "{} octets", answer.text.len());
    let unknown = json!({ "y".repeat(5_000): 1, "title": "Bounded" });
    let answer = app.post("/tasks").by(&t.member).json(&unknown).send().await.expect(422);
    assert_eq!(answer.body["errors"][0]["code"], "unknown_field");
    assert!(answer.text.len() < 2_000, "{} octets", answer.text.len());
}

/// Creates a task and returns it.
async fn make(app: &App, by: &User, body: Value) -> Value {
    app.post("/tasks").by(by).json(&body).gives(201).await
}

/// The path of the task.
fn path(task: &Value) -> String {
    format!("/tasks/{}", task["id"].as_str().unwrap())
}

/// The id of a project without a team.
async fn project(app: &App, by: &User) -> Value {
    app.post("/projects").by(by).json(&json!({ "name": "Website" })).gives(201).await["id"].clone()
}
