//! The median completion time, and which tasks count for a caller.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, User, every_database};

use super::{PRIORITIES, fold, project, task};

every_database!(median_completion_time_is_exact, statistics_count_only_visible_tasks);

#[expect(clippy::cast_precision_loss, reason = "the seconds are few")]
async fn median_completion_time_is_exact(app: &App) {
    let t = app.tenant().await;
    let (id, other) = (project(app, &t.manager).await, project(app, &t.manager).await);
    let path = format!("/projects/{id}/statistics");
    let median = async |path: &str| {
        app.get(path).by(&t.renewed(app).member).gives(200).await["median_completion_seconds"].clone()
    };
    assert_eq!(median(&path).await, Value::Null);
    let mut took = Vec::new();
    // Some times are in one bucket, some far apart, and some equal.
    for (number, seconds) in
        [0_u64, 40, 41, 1_000_003, 1_000_001, 1_000_002, 7, 1_000_001].into_iter().enumerate()
    {
        let body = json!({ "project_id": id, "priority": PRIORITIES[number % 4] });
        let open = task(app, &t.renewed(app).member, body).await;
        app.clock.advance(Duration::from_secs(seconds));
        let _ = app.post(&format!("{open}/complete")).by(&t.renewed(app).member).gives(200).await;
        took.push(seconds);
        took.sort_unstable();
        let middle = (took[(took.len() - 1) / 2] + took[took.len() / 2]) as f64 / 2.0;
        assert_eq!(median(&path).await, json!(middle), "{took:?}");
        assert_eq!(median("/projects/statistics").await, json!(middle), "{took:?}");
        if number % 3 == 2 {
            fold(app).await;
            assert_eq!(median(&path).await, json!(middle), "{took:?}");
        }
    }
    let _ = task(app, &t.renewed(app).member, json!({ "project_id": other, "status": "done" })).await;
    assert_eq!(median(&format!("/projects/{other}/statistics")).await, json!(0.0));
    assert_eq!(median("/projects/statistics").await, json!(41.0));
}

async fn statistics_count_only_visible_tasks(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let team = app.post("/teams").by(&t.admin).json(&json!({ "name": "Design" })).gives(201).await;
    let join = json!({ "user_id": t.member.id });
    let members = format!("/teams/{}/members", team["id"].as_str().unwrap());
    let _ = app.post(&members).by(&t.admin).json(&join).gives(201).await;
    let brand = json!({ "name": "Brand", "team_id": team["id"] });
    let brand = app.post("/projects").by(&t.admin).json(&brand).gives(201).await;
    let shared = project(app, &t.manager).await;
    let theirs = project(app, &u.manager).await;
    let done = json!({ "project_id": brand["id"], "status": "done", "assignee_id": t.member.id, "estimate_minutes": 60 });
    let _ = task(app, &t.admin, done).await;
    let _ = task(app, &t.admin, json!({ "project_id": shared, "due_at": "2020-01-01T00:00:00Z" })).await;
    let _ = task(app, &u.member, json!({ "project_id": theirs })).await;
    let figures = async |user: &User| app.get("/projects/statistics").by(user).gives(200).await;
    for (user, projects, tasks, median) in
        [(&t.admin, 2, 2, json!(0.0)), (&t.member, 2, 2, json!(0.0)), (&t.other, 1, 1, Value::Null)]
    {
        let told = figures(user).await;
        assert_eq!((&told["projects"], &told["tasks"]), (&json!(projects), &json!(tasks)));
        assert_eq!((&told["overdue"], &told["median_completion_seconds"]), (&json!(1), &median));
    }
    // There are no statistics of an invisible project.
    let path = format!("/projects/{}/statistics", brand["id"].as_str().unwrap());
    let _ = app.get(&path).by(&t.other).gives(404).await;
    // Both scopes are required.
    let narrow = t.service(app, &["projects:read"]);
    let refused = app.get("/projects/statistics").token(&narrow).send().await.expect(403);
    assert_eq!(refused.code(), "insufficient_scope");
}
