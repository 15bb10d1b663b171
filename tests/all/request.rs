//! Scenario tests of clients and their requests.

use serde_json::{Value, json};
use taskhub_tests::{App, User, every_database};

every_database!(
    request_moves_from_pending_to_completed,
    only_managers_and_admins_reopen_a_request,
    client_lists_its_requests_and_has_a_unique_name,
    members_work_on_requests_but_cannot_delete_them,
    assignee_of_a_request_is_notified,
    request_dashboard_counts_are_exact,
    concurrent_status_changes_apply_once,
);

/// Creates a row with a name. Returns its id and path.
async fn named(app: &App, by: &User, path: &str, name: &str) -> (Value, String) {
    let made = app.post(path).by(by).json(&json!({ "name": name })).send().await.expect(201);
    (made.body["id"].clone(), made.header("location").to_owned())
}

/// Creates a request. Returns its path.
async fn ask(app: &App, by: &User, client: &Value, kind: &Value, title: &str) -> String {
    let body = json!({ "client_id": client, "type_id": kind, "title": title });
    app.post("/requests").by(by).json(&body).send().await.expect(201).header("location").to_owned()
}

fn to(status: &str) -> Value {
    json!({ "status": status })
}

async fn request_moves_from_pending_to_completed(app: &App) {
    let t = app.tenant().await;
    let (client, _) = named(app, &t.manager, "/clients", "Harbour Bakery").await;
    let (kind, _) = named(app, &t.manager, "/request-types", "Repair").await;
    let path = ask(app, &t.member, &client, &kind, "The oven is cold").await;
    let made = app.get(&path).by(&t.other).gives(200).await;
    assert_eq!((&made["status"], &made["started_at"]), (&json!("pending"), &Value::Null));
    let status = format!("{path}/status");
    // No operation can skip a status.
    let left_out = app.patch(&status).by(&t.admin).json(&to("completed")).send().await.expect(409);
    assert_eq!(left_out.code(), "conflict");
    let left_out = app.patch(&path).by(&t.admin).json(&to("completed")).send().await.expect(409);
    assert_eq!(left_out.code(), "conflict");
    let null = app.patch(&path).by(&t.admin).json(&json!({ "status": null })).send().await.expect(422);
    assert_eq!(null.pointer(), "/status");
    let begun = app.patch(&status).by(&t.other).json(&to("in_progress")).gives(200).await;
    assert_eq!((&begun["started_at"].is_string(), &begun["completed_at"]), (&true, &Value::Null));
    let done = app.patch(&path).by(&t.other).json(&to("completed")).gives(200).await;
    assert!(done["completed_at"].is_string());
    // Setting the same status again is a no-op.
    assert_eq!(app.patch(&status).by(&t.other).json(&to("completed")).gives(200).await, done);
    // A PUT without a status keeps the status, and members cannot reopen a request.
    let whole = json!({ "client_id": client, "type_id": kind, "title": done["title"] });
    assert_eq!(app.put(&path).by(&t.other).json(&whole).gives(200).await["status"], "completed");
    let _ = app.patch(&path).by(&t.other).json(&to("pending")).gives(403).await;
    let audit = format!("/audit?sort=at&row={}", made["id"].as_str().unwrap());
    let audit = app.get(&audit).by(&t.admin).gives(200).await;
    let steps: Vec<_> =
        audit["results"].as_array().unwrap().iter().map(|line| line["action"].clone()).collect();
    assert_eq!(steps, ["create", "start", "complete"]);
    assert_eq!(audit["results"][2]["actor_id"], json!(t.other.id));
}

async fn only_managers_and_admins_reopen_a_request(app: &App) {
    let t = app.tenant().await;
    let (client, _) = named(app, &t.admin, "/clients", "Harbour Bakery").await;
    let (kind, _) = named(app, &t.admin, "/request-types", "Repair").await;
    let status = format!("{}/status", ask(app, &t.member, &client, &kind, "The oven is cold").await);
    for step in ["in_progress", "completed"] {
        let _ = app.patch(&status).by(&t.member).json(&to(step)).gives(200).await;
    }
    for back in ["in_progress", "pending"] {
        assert_eq!(
            app.patch(&status).by(&t.member).json(&to(back)).send().await.expect(403).code(),
            "forbidden"
        );
    }
    let again = app.patch(&status).by(&t.manager).json(&to("in_progress")).gives(200).await;
    assert_eq!((again["started_at"].is_string(), &again["completed_at"]), (true, &Value::Null));
    let new = app.patch(&status).by(&t.admin).json(&to("pending")).gives(200).await;
    assert_eq!(new["started_at"], Value::Null);
}

async fn client_lists_its_requests_and_has_a_unique_name(app: &App) {
    let t = app.tenant().await;
    let (client, path) = named(app, &t.manager, "/clients", "Harbour Bakery").await;
    let (other, _) = named(app, &t.manager, "/clients", "Garden Centre").await;
    let (kind, kind_path) = named(app, &t.manager, "/request-types", "Repair").await;
    for name in ["Harbour Bakery", "  Harbour Bakery "] {
        let twice =
            app.post("/clients").by(&t.manager).json(&json!({ "name": name })).send().await.expect(409);
        assert_eq!((twice.code(), twice.pointer()), ("conflict", "/name"));
    }
    let own = ask(app, &t.member, &client, &kind, "The oven is cold").await;
    let _ = ask(app, &t.member, &other, &kind, "The gate is stuck").await;
    let listed = app.get(&format!("{path}/requests")).by(&t.member).gives(200).await;
    assert_eq!(listed["results"], json!([app.get(&own).by(&t.member).gives(200).await]));
    for used in [&path, &kind_path] {
        assert_eq!(app.delete(used).by(&t.admin).send().await.expect(409).code(), "in_use");
    }
    // Another tenant can use the same name.
    let theirs = app.tenant().await;
    let _ = named(app, &theirs.admin, "/clients", "Harbour Bakery").await;
}

async fn members_work_on_requests_but_cannot_delete_them(app: &App) {
    let t = app.tenant().await;
    let (client, client_path) = named(app, &t.admin, "/clients", "Harbour Bakery").await;
    let (kind, kind_path) = named(app, &t.admin, "/request-types", "Repair").await;
    let request = ask(app, &t.member, &client, &kind, "The oven is cold").await;
    for path in ["/clients", "/request-types"] {
        let _ = app.post(path).by(&t.member).json(&json!({ "name": "Mine" })).gives(403).await;
    }
    let _ = app.patch(&request).by(&t.other).json(&json!({ "assignee_id": t.other.id })).gives(200).await;
    for path in [&client_path, &kind_path, &request] {
        for user in [&t.member, &t.manager] {
            let _ = app.delete(path).by(user).gives(403).await;
        }
    }
    for path in [&request, &kind_path, &client_path] {
        let _ = app.delete(path).by(&t.admin).gives(204).await;
    }
}

async fn assignee_of_a_request_is_notified(app: &App) {
    let t = app.tenant().await;
    let (client, _) = named(app, &t.manager, "/clients", "Harbour Bakery").await;
    let (kind, _) = named(app, &t.manager, "/request-types", "Repair").await;
    let body = json!({ "client_id": client, "type_id": kind, "title": "The oven is cold", "assignee_id": t.other.id });
    let made = app.post("/requests").by(&t.manager).json(&body).send().await.expect(201);
    let inbox = async |user: &User| app.get("/notifications").by(user).gives(200).await;
    let told = inbox(&t.other).await;
    assert_eq!(told["count"], 1);
    let line = &told["results"][0];
    assert_eq!(
        (&line["kind"], &line["noun"], &line["row_id"], &line["task_id"], &line["actor_id"]),
        (
            &json!("assigned"),
            &json!("client_request"),
            &made.body["id"],
            &json!(uuid::Uuid::nil()),
            &json!(t.manager.id)
        )
    );
    assert!(line["text"].as_str().unwrap().ends_with("assigned “The oven is cold” to you."), "{line}");
    let path = made.header("location");
    // Nothing is sent for other changes, for self-assignments, and against the preferences.
    let _ = app.patch(path).by(&t.manager).json(&json!({ "title": "The oven is hot" })).gives(200).await;
    assert_eq!(inbox(&t.other).await["count"], 1);
    let mine = json!({ "assignee_id": t.member.id });
    let _ = app.patch(path).by(&t.member).json(&mine).gives(200).await;
    assert_eq!(inbox(&t.member).await["count"], 0);
    let silent = json!({ "notification_preferences": { "assignment": "none" } });
    let _ = app.patch("/auth/profile").by(&t.other).json(&silent).gives(200).await;
    let back = json!({ "assignee_id": t.other.id });
    let _ = app.patch(path).by(&t.manager).json(&back).gives(200).await;
    assert_eq!(inbox(&t.other).await["count"], 1);
}

async fn request_dashboard_counts_are_exact(app: &App) {
    let t = app.tenant().await;
    let _ = app.tenant().await;
    let (bakery, _) = named(app, &t.admin, "/clients", "Harbour Bakery").await;
    let (garden, _) = named(app, &t.admin, "/clients", "Garden Centre").await;
    let (repair, _) = named(app, &t.admin, "/request-types", "Repair").await;
    let (advice, _) = named(app, &t.admin, "/request-types", "Advice").await;
    let empty = app.get("/requests/dashboard").by(&t.member).gives(200).await;
    assert_eq!((&empty["by_client"], &empty["oldest_open_at"]), (&json!([]), &Value::Null));
    let oldest = ask(app, &t.member, &bakery, &repair, "The oven is cold").await;
    app.clock.advance(std::time::Duration::from_mins(1));
    let second = ask(app, &t.member, &garden, &repair, "The gate is stuck").await;
    let _ = ask(app, &t.member, &garden, &advice, "Which hedge?").await;
    let _ = app.patch(&format!("{oldest}/status")).by(&t.member).json(&to("in_progress")).gives(200).await;
    let figures = app.get("/requests/dashboard").by(&t.member).gives(200).await;
    let count = |pending: i64, begun: i64, done: i64| json!({ "pending": pending, "in_progress": begun, "completed": done });
    assert_eq!(figures["by_status"], count(2, 1, 0));
    let one = |id: &Value, name: &str, counts: Value| json!({ "id": id, "name": name, "by_status": counts });
    let clients =
        [one(&garden, "Garden Centre", count(2, 0, 0)), one(&bakery, "Harbour Bakery", count(0, 1, 0))];
    assert_eq!(figures["by_client"], json!(clients));
    let types = [one(&repair, "Repair", count(1, 1, 0)), one(&advice, "Advice", count(1, 0, 0))];
    assert_eq!(figures["by_type"], json!(types));
    assert_eq!((&figures["other_clients"], &figures["other_types"]), (&count(0, 0, 0), &count(0, 0, 0)));
    assert_eq!(figures["oldest_open_seconds"], 60);
    let _ = app.patch(&format!("{oldest}/status")).by(&t.member).json(&to("completed")).gives(200).await;
    let figures = app.get("/requests/dashboard").by(&t.member).gives(200).await;
    let since = app.get(&second).by(&t.member).gives(200).await["created_at"].clone();
    assert_eq!((&figures["oldest_open_at"], &figures["by_status"]), (&since, &count(2, 0, 1)));
}

/// Two users start a request at the same time. It starts once, and both get the started request.
async fn concurrent_status_changes_apply_once(app: &App) {
    let t = app.tenant().await;
    let (client, _) = named(app, &t.admin, "/clients", "Harbour Bakery").await;
    let (kind, _) = named(app, &t.admin, "/request-types", "Repair").await;
    let path = ask(app, &t.member, &client, &kind, "The oven is cold").await;
    let begin = async |user: &User| {
        let body = to("in_progress");
        app.patch(&format!("{path}/status")).by(user).json(&body).gives(200).await
    };
    let (one, other) = futures::join!(begin(&t.member), begin(&t.other));
    assert_eq!(one, other);
    let audit = app.get(&format!("/audit?action=start&row={}", one["id"].as_str().unwrap())).by(&t.admin);
    assert_eq!(audit.gives(200).await["count"], 1);
}
