//! The reports of open tasks, of completed tasks per day, and of time per project.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, User, every_database};

use super::{lines, make, task, told, work};

every_database!(
    workload_report_counts_open_tasks,
    completion_report_counts_per_day,
    time_report_sums_up_per_project,
);

async fn workload_report_counts_open_tasks(app: &App) {
    let mut t = app.tenant().await;
    let project = make(app, &t.manager, "/projects", json!({ "name": "Brand" })).await;
    let at = |hours: u64| app.clock.now().plus(Duration::from_hours(hours));
    let (soon, later) = (at(1), at(48));
    for more in [
        json!({ "due_at": soon, "estimate_minutes": 30 }),
        json!({ "due_at": later, "estimate_minutes": 45, "status": "in_progress" }),
        json!({}),
        json!({ "status": "done" }),
        json!({ "status": "cancelled" }),
    ] {
        let _ = task(app, &t.manager, &project, &t.member, more).await;
    }
    let _ = task(app, &t.manager, &project, &t.other, json!({ "assignee_id": null })).await;
    t.later(app, Duration::from_hours(2));
    let report = format!("workload?from={}", app.clock.now());
    let member = json!([t.member.id, "member", 3, 1, 1, 1, 1, 75]);
    let nobody = json!([null, null, 1, 0, 0, 0, 1, 0]);
    let names =
        ["user_id", "username", "open", "in_progress", "overdue", "due", "unestimated", "estimated_minutes"];
    let all = async |user: &User| -> Vec<Value> {
        lines(app, user, &report).await.iter().map(|line| told(line, names)).collect()
    };
    assert_eq!(all(&t.manager).await, [member.clone(), nobody.clone()]);
    assert_eq!(all(&t.admin).await, [member.clone(), nobody]);
    assert_eq!(all(&t.member).await, [member]);
    assert!(all(&t.other).await.is_empty());
}

async fn completion_report_counts_per_day(app: &App) {
    let mut t = app.tenant().await;
    let project = make(app, &t.manager, "/projects", json!({ "name": "Brand" })).await;
    let start = app.clock.now();
    let due = json!({ "due_at": start.plus(Duration::from_hours(30)) });
    let (early, late) = (
        task(app, &t.manager, &project, &t.member, due.clone()).await,
        task(app, &t.manager, &project, &t.member, due).await,
    );
    t.later(app, Duration::from_hours(24));
    let _ = app.post(&format!("{early}/complete")).by(&t.member).gives(200).await;
    t.later(app, Duration::from_hours(24));
    let _ = app.post(&format!("{late}/complete")).by(&t.member).gives(200).await;
    app.clock.advance(Duration::from_secs(1));
    let days = format!("completion?from={start}&to={}", app.clock.now());
    let names = ["day", "created", "completed", "on_time", "late", "on_time_rate", "mean_completion_seconds"];
    let day = |after: u64| start.plus(Duration::from_hours(after)).to_string()[..10].to_owned();
    let expected = [
        json!([day(0), 2, 0, 0, 0, null, null]),
        json!([day(24), 0, 1, 1, 0, 1.0, 86_400]),
        json!([day(48), 0, 1, 0, 1, 0.0, 2 * 86_400]),
    ];
    let of = async |user: &User, report: &str| -> Vec<Value> {
        lines(app, user, report).await.iter().map(|line| told(line, names)).collect()
    };
    assert_eq!(of(&t.manager, &days).await, expected);
    assert_eq!(of(&t.member, &days).await, expected);
    let id = project.as_str().unwrap();
    assert_eq!(of(&t.admin, &format!("{days}&project={id}")).await, expected);
    let sum = |lines: &[Value]| lines.iter().map(|line| line[2].as_i64().unwrap()).sum::<i64>();
    let weeks = of(&t.manager, &format!("{days}&every=week")).await;
    assert_eq!(sum(&weeks), 2);
    assert!((1..=2).contains(&weeks.len()), "{weeks:?}");
    // A user without assignments who manages nothing gets zeros for each day. A user who does not
    // see the project gets 404.
    assert_eq!(sum(&of(&t.other, &days).await), 0);
    let theirs = app.tenant().await;
    let _ = app.get(&format!("/reports/{days}&project={id}")).by(&theirs.admin).gives(404).await;
}

async fn time_report_sums_up_per_project(app: &App) {
    let t = app.tenant().await;
    let project = make(app, &t.manager, "/projects", json!({ "name": "Brand" })).await;
    let (one, two) = (
        task(app, &t.manager, &project, &t.member, json!({})).await,
        task(app, &t.manager, &project, &t.other, json!({})).await,
    );
    let own = task(app, &t.member, &Value::Null, &t.member, json!({})).await;
    for (user, path, minutes) in
        [(&t.member, &one, 30), (&t.member, &two, 20), (&t.other, &two, 10), (&t.member, &own, 5)]
    {
        work(app, user, path, minutes).await;
    }
    let _ = app.post(&format!("{one}/timer")).by(&t.member).gives(201).await;
    let of = async |user: &User| -> Vec<Value> {
        let names = ["project_id", "name", "people", "tasks", "entries", "seconds"];
        lines(app, user, "time-by-project").await.iter().map(|line| told(line, names)).collect()
    };
    let brand = json!([project, "Brand", 2, 2, 3, 3600]);
    let personal = json!([null, null, 1, 1, 1, 300]);
    assert_eq!(of(&t.admin).await, [brand.clone(), personal.clone()]);
    assert_eq!(of(&t.manager).await, [brand]);
    assert_eq!(of(&t.member).await, [json!([project, "Brand", 1, 2, 2, 3000]), personal]);
}
