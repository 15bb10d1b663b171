//! The assignee is notified, and the dashboard counts requests.

use serde_json::{Value, json};
use taskhub_tests::{App, User, every_database};

use super::{ask, named, to};

every_database!(assignee_of_a_request_is_notified, request_dashboard_counts_are_exact);

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
