//! Scenario tests of the audit: who did what, when and from where, with old and new values.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, every_database};

every_database!(
    every_write_creates_one_audit_entry,
    failed_or_no_op_write_creates_no_audit_entry,
    policy_refusal_is_audited,
    only_admins_read_the_audit,
    audit_entries_are_filtered,
);

async fn every_write_creates_one_audit_entry(app: &App) {
    let t = app.tenant().await;
    let call = app.post("/tasks").by(&t.member).header("x-request-id", "story-1");
    let made = call.json(&json!({ "title": "Audited", "priority": "high" })).send().await.expect(201);
    app.clock.advance(Duration::from_secs(1));
    let call = app.patch(made.header("location")).by(&t.admin).header("x-request-id", "story-2");
    let changed = call.json(&json!({ "title": "Changed", "status": "done" })).gives(200).await;
    let _ = app.delete(made.header("location")).by(&t.member).gives(204).await;
    let row = made.body["id"].as_str().unwrap();
    let lines = app.get(&format!("/audit?sort=at&row={row}")).by(&t.admin).gives(200).await;
    assert_eq!(lines["count"], 3);
    let [create, update, delete] = [0, 1, 2].map(|number| &lines["results"][number]);
    for line in [create, update, delete] {
        assert_eq!((&line["noun"], &line["row_id"]), (&json!("task"), &made.body["id"]));
        assert_eq!((&line["actor_kind"], &line["address"]), (&json!("user"), &json!(app.address)));
        assert!(line.get("tenant_id").is_none());
    }
    assert_eq!((&create["action"], &create["request_id"]), (&json!("create"), &json!("story-1")));
    assert_eq!((&create["actor_id"], &create["at"]), (&json!(t.member.id), &made.body["created_at"]));
    assert_eq!((&create["old_values"], &create["new_values"]), (&Value::Null, &made.body));
    assert_eq!((&update["action"], &update["request_id"]), (&json!("update"), &json!("story-2")));
    assert_eq!((&update["actor_id"], &update["at"]), (&json!(t.admin.id), &changed["updated_at"]));
    assert_eq!(update["old_values"]["title"], "Audited");
    assert_eq!(update["new_values"]["title"], "Changed");
    assert_eq!(update["new_values"]["completed_at"], changed["completed_at"]);
    let names = |values: &Value| values.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&update["old_values"]), names(&update["new_values"]));
    assert!(update["old_values"].get("priority").is_none());
    // The deletion moved the task to the trash.
    assert_eq!(delete["old_values"]["deleted_at"], Value::Null);
    assert_eq!(delete["new_values"]["deleted_at"], delete["at"]);
    let one = format!("/audit/{}", delete["id"].as_str().unwrap());
    assert_eq!(app.get(&one).by(&t.admin).gives(200).await, *delete);
}

/// A task of the member in a project without a team. The other member sees it and cannot change it.
/// Returns its path.
async fn shared_task(app: &App, t: &Tenant) -> String {
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let body = json!({ "title": "Mine", "project_id": project["id"] });
    let made = app.post("/tasks").by(&t.member).json(&body).send().await.expect(201);
    made.header("location").to_owned()
}

async fn policy_refusal_is_audited(app: &App) {
    let t = app.tenant().await;
    let path = shared_task(app, &t).await;
    let call = app.patch(&path).by(&t.other).header("x-request-id", "story-3");
    let _ = call.json(&json!({ "title": "Yours" })).gives(403).await;
    let service = t.service(app, &["tasks:read"]);
    let _ = app.get("/users").token(&service).gives(403).await;
    // 404 and 401 are not refusals by the policy.
    let _ = app.get("/tasks/01890a5d-ac96-774b-bcce-b302099a8057").by(&t.member).gives(404).await;
    let _ = app.get("/tasks").gives(401).await;
    let lines = async || app.get("/audit?action=refused&sort=at").by(&t.admin).gives(200).await;
    crate::poll::until("both refusals are told", async || lines().await["count"] == 2).await;
    let lines = lines().await;
    let told = lines["results"].as_array().unwrap();
    let by = |kind: &str| told.iter().find(|line| line["actor_kind"] == kind).unwrap();
    let (user, service) = (by("user"), by("service"));
    assert_eq!((&user["noun"], &user["row_id"]), (&json!("tenant"), &json!(t.id)));
    assert_eq!((&user["actor_id"], &user["request_id"]), (&json!(t.other.id), &json!("story-3")));
    assert_eq!(user["new_values"], json!({ "operation": "update_task", "code": "forbidden" }));
    assert_eq!(service["new_values"], json!({ "operation": "list_users", "code": "insufficient_scope" }));
}

async fn failed_or_no_op_write_creates_no_audit_entry(app: &App) {
    let t = app.tenant().await;
    let path = &shared_task(app, &t).await;
    let before = app.get("/audit?noun=task,user").by(&t.admin).gives(200).await["count"].clone();
    let _ = app.post("/tasks").by(&t.member).json(&json!({ "title": "no" })).gives(422).await;
    let _ = app.patch(path).by(&t.other).json(&json!({ "title": "Yours" })).gives(403).await;
    let _ = app
        .patch(path)
        .by(&t.member)
        .header("if-match", "\"9\"")
        .json(&json!({ "title": "Old" }))
        .gives(412)
        .await;
    let _ = app.patch(path).by(&t.member).json(&json!({ "title": "Mine" })).gives(200).await;
    let taken = json!({ "email": t.member.email, "username": "third", "password": taskhub_tests::PASSWORD });
    let _ = app.post("/users").by(&t.admin).json(&taken).gives(409).await;
    let _ = app.get(path).by(&t.member).gives(200).await;
    assert_eq!(app.get("/audit?noun=task,user").by(&t.admin).gives(200).await["count"], before);
}

async fn only_admins_read_the_audit(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let line = app.get("/audit").by(&t.admin).gives(200).await["results"][0].clone();
    let path = format!("/audit/{}", line["id"].as_str().unwrap());
    for user in [&t.manager, &t.member] {
        assert_eq!(app.get("/audit").by(user).send().await.expect(403).code(), "forbidden");
        let _ = app.get(&path).by(user).gives(404).await;
    }
    let _ = app.get(&path).by(&u.admin).gives(404).await;
    let row = format!("/audit?row={}", line["row_id"].as_str().unwrap());
    assert_eq!(app.get(&row).by(&u.admin).gives(200).await["count"], 0);
    // Audit entries cannot be changed.
    for method in ["PUT", "PATCH", "DELETE", "POST"] {
        let refused = app.call(method, &path).by(&t.admin).json(&json!({})).send().await.expect(405);
        assert_eq!(refused.header("allow"), "GET, HEAD, OPTIONS");
    }
    let service = t.service(app, &["audit:read"]);
    let _ = app.get("/audit").token(&service).gives(200).await;
}

async fn audit_entries_are_filtered(app: &App) {
    let t = app.tenant().await;
    app.clock.advance(Duration::from_hours(1));
    let noon = app.clock.now();
    let (access, _) = t.member.sign_in(app).await;
    let made = app.post("/tasks").token(&access).json(&json!({ "title": "Found" })).gives(201).await;
    let admin = t.admin.sign_in(app).await.0;
    let count = async |query: &str| {
        app.get(&format!("/audit?{query}")).token(&admin).gives(200).await["count"].as_i64().unwrap()
    };
    assert_eq!(count(&format!("noun=task&row={}", made["id"].as_str().unwrap())).await, 1);
    assert_eq!(count(&format!("actor={}", t.member.id)).await, 3);
    assert_eq!(count("noun=user&action=create").await, 4);
    assert_eq!(count("noun=user&action=create,sign_in").await, 6);
    assert_eq!(count("actor=none&noun=user").await, 1);
    assert_eq!(count(&format!("at[gte]={noon}")).await, 5);
    assert_eq!(count(&format!("at[lt]={noon}")).await, 5);
    assert_eq!(count("noun=nonsense").await, 0);
}
