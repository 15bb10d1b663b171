//! The order of the changes, and cursors that are refused: expired, or of another tenant.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_domain::context::Request;
use taskhub_tests::{App, Backend, every_database};

use super::{make, name, now, since};

every_database!(changes_are_listed_in_order, cursor_of_another_tenant_is_refused);

#[test]
fn expired_cursor_is_refused_instead_of_skipping_changes() {
    // This test has its own database, because expiry concerns all tenants of a database.
    taskhub_tests::run(Backend::Sqlite, |app| Box::pin(old_changes_are_forgotten(app)));
}

async fn changes_are_listed_in_order(app: &App) {
    let t = app.tenant().await;
    let begin = now(app, &t.member).await;
    let (id, task) = make(app, &t.member, "/tasks", json!({ "title": "One" })).await;
    let _ = app.patch(&task).by(&t.member).json(&json!({ "title": "Two" })).gives(200).await;
    let _ = app.post(&format!("{task}/complete")).by(&t.member).gives(200).await;
    // A no-op update and a failed request cause no change.
    let _ = app.patch(&task).by(&t.member).json(&json!({ "title": "Two" })).gives(200).await;
    let _ = app.patch(&task).by(&t.member).json(&json!({ "title": "" })).gives(422).await;
    let (whole, end) = since(app, &t.member.token, &begin, "&noun=task").await;
    let names: Vec<_> = whole.iter().map(name).collect();
    assert_eq!(names, ["task.create 1", "task.update 2", "task.complete 3"]);
    assert!(whole.iter().all(|change| change["id"] == id));
    // Pages of one change give the same list, and every change has the cursor that follows it.
    let (by_one, _) = since(app, &t.member.token, &begin, "&noun=task&page_size=1").await;
    assert_eq!(by_one, whole);
    let middle = whole[0]["cursor"].as_str().unwrap();
    assert_eq!(since(app, &t.member.token, middle, "&noun=task").await.0, whole[1..]);
    assert_eq!(since(app, &t.member.token, &end, "").await.0, Vec::<Value>::new());
    // The oldest change is the creation of the tenant.
    let (all, _) = since(app, &t.admin.token, "oldest", "").await;
    assert_eq!(name(&all[0]), "tenant.create 1");
    assert!(all.ends_with(&since(app, &t.admin.token, &begin, "").await.0));
    for wrong in ["page_size=0", "page_size=201", "noun=tasks", "noun=report", "since=", "since=a&since=b"] {
        let refused = app.get(&format!("/changes?{wrong}")).by(&t.member).send().await.expect(400);
        assert_eq!(refused.code(), "invalid_parameter");
    }
}

async fn cursor_of_another_tenant_is_refused(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let (own, garbage) = (now(app, &u.admin).await, "x".repeat(32));
    for path in ["/changes", "/events"] {
        let refused = async |cursor: &str| {
            let answer = app.get(&format!("{path}?since={cursor}")).by(&t.admin).send().await.expect(400);
            (answer.body["code"].clone(), answer.body["errors"].clone(), answer.body["detail"].clone())
        };
        assert_eq!(refused(&own).await, refused(&garbage).await);
    }
    // A cursor of another user of the same tenant is valid: it holds a position and no data.
    let theirs = now(app, &t.admin).await;
    let _ = app.get(&format!("/changes?since={theirs}")).by(&t.other).gives(200).await;
}

async fn old_changes_are_forgotten(app: &App) {
    let mut t = app.tenant().await;
    let begin = now(app, &t.admin).await;
    for number in 0..150 {
        let _ = make(app, &t.member, "/tasks", json!({ "title": format!("Old {number}") })).await;
    }
    let (changes, end) = since(app, &t.admin.token, &begin, "&noun=task").await;
    t.later(app, Duration::from_hours(24 * 20));
    let _ = make(app, &t.member, "/tasks", json!({ "title": "New" })).await;
    let system = app.state.repository.system("a test", Request::default());
    let kept = Duration::from_hours(24 * 30);
    app.state.repository.forget_events(&system, kept).await.unwrap();
    assert_eq!(since(app, &t.admin.token, &begin, "&noun=task").await.0.len(), changes.len() + 1);
    t.later(app, Duration::from_hours(24 * 11));
    app.state.repository.forget_events(&system, kept).await.unwrap();
    for path in [format!("/changes?since={begin}"), format!("/events?since={begin}")] {
        let gone = app.get(&path).by(&t.admin).send().await.expect(410);
        assert_eq!(gone.code(), "cursor_expired");
    }
    let middle = changes[70]["cursor"].as_str().unwrap();
    let _ = app.get(&format!("/changes?since={middle}")).by(&t.admin).gives(410).await;
    // Newer changes are kept, and `oldest` starts with them.
    for cursor in [end.as_str(), "oldest"] {
        let (kept, _) = since(app, &t.admin.token, cursor, "&noun=task").await;
        assert_eq!(kept.iter().map(name).collect::<Vec<_>>(), ["task.create 1"]);
    }
    t.later(app, Duration::from_hours(24 * 40));
    app.state.repository.forget_events(&system, kept).await.unwrap();
    let _ = app.get(&format!("/changes?since={end}")).by(&t.admin).gives(410).await;
    assert!(since(app, &t.admin.token, "oldest", "").await.0.is_empty());
    let last = now(app, &t.admin).await;
    let _ = make(app, &t.member, "/tasks", json!({ "title": "Newest" })).await;
    assert_eq!(since(app, &t.admin.token, &last, "&noun=task").await.0.len(), 1);
}
