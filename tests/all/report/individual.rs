//! The report of a user.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{lines, make, task, told, work};

every_database!(individual_report_is_exact, invalid_report_parameter_is_rejected_with_400);

const FIGURES: [&str; 6] = ["assigned", "completed", "on_time", "late", "overdue", "mean_completion_seconds"];

const TIME: [&str; 4] =
    ["tracked_seconds", "estimated_minutes", "estimated_tracked_seconds", "estimate_ratio"];

async fn individual_report_is_exact(app: &App) {
    let mut t = app.tenant().await;
    let project = make(app, &t.manager, "/projects", json!({ "name": "Brand" })).await;
    let hours = |hours: u64| app.clock.now().plus(Duration::from_hours(hours));
    let soon = json!({ "due_at": hours(1), "estimate_minutes": 60 });
    let late = task(app, &t.member, &project, &t.member, soon.clone()).await;
    let overdue = task(app, &t.member, &project, &t.member, soon).await;
    let good = json!({ "due_at": hours(100), "estimate_minutes": 30 });
    let good = task(app, &t.member, &project, &t.member, good).await;
    let plain = task(app, &t.member, &project, &t.member, json!({})).await;
    let given_up = task(app, &t.member, &project, &t.member, json!({ "status": "cancelled" })).await;
    let _ = task(app, &t.member, &project, &t.other, json!({})).await;
    t.later(app, Duration::from_hours(2));
    for path in [&late, &good, &plain] {
        let _ = app.post(&format!("{path}/complete")).by(&t.member).gives(200).await;
    }
    work(app, &t.member, &late, 90).await;
    work(app, &t.member, &good, 45).await;
    work(app, &t.member, &overdue, 15).await;
    work(app, &t.member, &given_up, 5).await;
    work(app, &t.other, &late, 500).await;
    app.clock.advance(Duration::from_secs(1));
    let own = lines(app, &t.member, "individual").await;
    assert_eq!(own.len(), 1);
    assert_eq!(told(&own[0], ["user_id", "username"]), json!([t.member.id, "member"]));
    assert_eq!(told(&own[0], FIGURES), json!([4, 3, 1, 1, 1, 7200]));
    assert_eq!(told(&own[0], TIME), json!([155 * 60, 90, 135 * 60, 1.5]));
    let of = format!("individual?user={}", t.member.id);
    for user in [&t.manager, &t.admin] {
        assert_eq!(lines(app, user, &of).await, own);
    }
    // A period before any work.
    let earlier = app.clock.now().minus(Duration::from_hours(24 * 30));
    let before = format!("{of}&to={earlier}");
    let before = &lines(app, &t.admin, &before).await[0];
    assert_eq!(told(before, FIGURES), json!([0, 0, 0, 0, 0, null]));
    assert_eq!(told(before, TIME), json!([0, 0, 0, null]));
}

async fn invalid_report_parameter_is_rejected_with_400(app: &App) {
    let t = app.tenant().await;
    for (query, pointer) in [
        ("individual?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("individual?from=2025-01-01T00:00:00Z&to=2026-01-03T00:00:00Z", "to"),
        ("individual?from=2026-01-01", "from"),
        ("individual?to=1970-01-02T00:00:00Z", "from"),
        ("individual?user=me", "user"),
        ("team", "team"),
        ("completion?every=month", "every"),
        ("workload?format=pdf", "format"),
        ("workload?page=1", "page"),
    ] {
        let answer = app.get(&format!("/reports/{query}")).by(&t.admin).send().await.expect(400);
        assert_eq!((answer.code(), answer.pointer()), ("invalid_parameter", pointer), "{query}");
    }
    let narrow = t.service(app, &["tasks:read", "time-entries:read"]);
    let _ = app.get("/reports/workload").token(&narrow).gives(403).await;
    let wide = t.service(app, &["reports:read"]);
    let _ = app.get("/reports/workload").token(&wide).gives(200).await;
    assert_eq!(app.get("/reports/individual").token(&wide).gives(200).await["results"], json!([]));
}
