//! Scenario tests of reports and of the dashboard.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User, every_database};

every_database!(
    individual_report_is_exact,
    team_report_is_for_managers_of_the_team,
    workload_report_counts_open_tasks,
    completion_report_counts_per_day,
    time_report_sums_up_per_project,
    report_excludes_projects_that_the_manager_does_not_manage,
    reports_are_exported_as_csv_and_svg,
    invalid_report_parameter_is_rejected_with_400,
    dashboard_shows_the_caller_s_own_work,
);

/// Creates a row. Returns its id.
async fn make(app: &App, by: &User, path: &str, body: Value) -> Value {
    app.post(path).by(by).json(&body).gives(201).await["id"].clone()
}

/// Creates a task of the project for the assignee. Returns its path.
async fn task(app: &App, by: &User, project: &Value, assignee: &User, more: Value) -> String {
    let mut body = json!({ "title": "Draw it", "project_id": project, "assignee_id": assignee.id });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let id = make(app, by, "/tasks", body).await;
    format!("/tasks/{}", id.as_str().unwrap())
}

/// The rows of a report.
async fn lines(app: &App, by: &User, report: &str) -> Vec<Value> {
    let report = app.get(&format!("/reports/{report}")).by(by).gives(200).await;
    assert_eq!(report["truncated"], false);
    report["results"].as_array().unwrap().clone()
}

/// Some fields of a row.
fn told<const N: usize>(line: &Value, names: [&str; N]) -> Value {
    Value::Array(names.map(|name| line[name].clone()).to_vec())
}

async fn work(app: &App, by: &User, task: &str, minutes: u64) {
    let start = app.clock.now().minus(Duration::from_mins(minutes));
    let body = json!({ "started_at": start, "minutes": minutes });
    let _ = app.post(&format!("{task}/time-entries")).by(by).json(&body).gives(201).await;
}

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

/// A team with a project, managed by the manager, with both members.
async fn team(app: &App, t: &Tenant) -> (Value, Value) {
    let team = make(app, &t.manager, "/teams", json!({ "name": "Design" })).await;
    for user in [&t.member, &t.other] {
        let place = format!("/teams/{}/members", team.as_str().unwrap());
        let _ = make(app, &t.manager, &place, json!({ "user_id": user.id })).await;
    }
    let project = make(
        app,
        &t.admin,
        "/projects",
        json!({ "name": "Brand", "team_id": team, "manager_id": t.admin.id }),
    )
    .await;
    (team, project)
}

async fn team_report_is_for_managers_of_the_team(app: &App) {
    let t = app.tenant().await;
    let (team, project) = team(app, &t).await;
    let elsewhere =
        make(app, &t.admin, "/projects", json!({ "name": "Else", "manager_id": t.admin.id })).await;
    for (place, user) in
        [(&project, &t.member), (&project, &t.member), (&project, &t.other), (&elsewhere, &t.member)]
    {
        let path = task(app, &t.admin, place, user, json!({})).await;
        work(app, user, &path, 10).await;
        let _ = app.post(&format!("{path}/complete")).by(user).gives(200).await;
    }
    app.clock.advance(Duration::from_secs(1));
    let report = format!("team?team={}", team.as_str().unwrap());
    let figures = async |user: &User| -> Vec<Value> {
        let all = lines(app, user, &report).await;
        all.iter().map(|line| told(line, ["username", "completed", "tracked_seconds"])).collect()
    };
    let (member, other) = (json!(["member", 2, 1200]), json!(["other", 1, 600]));
    let manager = json!(["manager", 0, 0]);
    assert_eq!(figures(&t.manager).await, [member.clone(), other.clone(), manager.clone()]);
    assert_eq!(figures(&t.member).await, std::slice::from_ref(&member));
    // An assignee counts, even without being a member of the team.
    let path = task(app, &t.admin, &project, &t.admin, json!({})).await;
    let _ = app.post(&format!("{path}/complete")).by(&t.admin).gives(200).await;
    app.clock.advance(Duration::from_secs(1));
    let all = [member.clone(), other, manager, json!(["admin", 1, 0])];
    assert_eq!(figures(&t.manager).await, all);
    assert_eq!(figures(&t.admin).await, all);
    let whole = app.get(&format!("/reports/{report}")).by(&t.manager).gives(200).await;
    let total = ["people", "assigned", "completed", "tracked_seconds", "mean_completion_seconds"];
    assert_eq!(told(&whole["total"], total), json!([4, 4, 4, 1800, 0]));
    let own = app.get(&format!("/reports/{report}")).by(&t.member).gives(200).await;
    assert_eq!(told(&own["total"], ["people", "completed"]), json!([1, 2]));
    let file = app.get(&format!("/reports/{report}&format=csv")).by(&t.manager).send().await.expect(200);
    assert_eq!(file.header("x-truncated"), "false");
    let last = csv::Reader::from_reader(file.text.as_bytes()).records().last().unwrap().unwrap();
    assert_eq!((&last[0], &last[1], &last[3]), ("", "(total)", "4"));
    // Users outside the team and callers of other tenants get no report.
    let stranger = make(app, &t.admin, "/teams", json!({ "name": "Else" })).await;
    let absent = format!("/reports/team?team={}", uuid::Uuid::from_u128(7));
    let unseen = format!("/reports/team?team={}", stranger.as_str().unwrap());
    let foreign = app.tenant().await.admin;
    let report = format!("/reports/{report}");
    for (path, user) in [(&unseen, &t.manager), (&report, &foreign), (&absent, &t.admin)] {
        assert_eq!(app.get(path).by(user).send().await.expect(404).code(), "not_found", "{path}");
    }
    // Nor is there a report of an absent or invisible project or user.
    let project = format!("/reports/completion?project={}", project.as_str().unwrap());
    let _ = app.get(&project).by(&foreign).gives(404).await;
    let _ = app.get(&format!("/reports/individual?user={}", t.member.id)).by(&foreign).gives(404).await;
}

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

/// The reports of a manager count what they manage, not what they merely see.
async fn report_excludes_projects_that_the_manager_does_not_manage(app: &App) {
    let t = app.tenant().await;
    let team = make(app, &t.admin, "/teams", json!({ "name": "Design" })).await;
    let place = format!("/teams/{}/members", team.as_str().unwrap());
    for user in [&t.manager, &t.member] {
        let _ = make(app, &t.admin, &place, json!({ "user_id": user.id })).await;
    }
    let body = json!({ "name": "Brand", "team_id": team, "manager_id": t.admin.id });
    let project = make(app, &t.admin, "/projects", body).await;
    let path = task(app, &t.admin, &project, &t.member, json!({})).await;
    let done = task(app, &t.admin, &project, &t.member, json!({})).await;
    let _ = app.post(&format!("{done}/complete")).by(&t.member).gives(200).await;
    work(app, &t.member, &path, 30).await;
    app.clock.advance(Duration::from_secs(1));
    let _ = app.get(&path).by(&t.manager).gives(200).await;
    let of = format!("individual?user={}", t.member.id);
    let counted = async |user: &User| {
        let own = lines(app, user, &of).await;
        let completed = lines(app, user, "completion").await;
        let completed: i64 = completed.iter().map(|line| line["completed"].as_i64().unwrap()).sum();
        let workload = lines(app, user, "workload").await.len();
        let time = lines(app, user, "time-by-project").await.len();
        json!([own[0]["completed"], own[0]["tracked_seconds"], completed, workload, time])
    };
    assert_eq!(counted(&t.manager).await, json!([0, 0, 0, 0, 0]));
    assert_eq!(counted(&t.other).await, json!([0, 0, 0, 0, 0]));
    for user in [&t.admin, &t.member] {
        assert_eq!(counted(user).await, json!([1, 1800, 1, 1, 1]));
    }
    let theirs = app.tenant().await;
    let _ = app.get(&format!("/reports/{of}")).by(&theirs.admin).gives(404).await;
}

async fn reports_are_exported_as_csv_and_svg(app: &App) {
    let t = app.tenant().await;
    let name = "=<script>alert(1)</script>";
    let project = make(app, &t.manager, "/projects", json!({ "name": name })).await;
    let path = task(app, &t.manager, &project, &t.member, json!({})).await;
    work(app, &t.member, &path, 30).await;
    for report in ["individual", "workload", "completion", "time-by-project"] {
        let at = format!("/reports/{report}");
        let by_parameter = app.get(&format!("{at}?format=csv")).by(&t.manager).send().await.expect(200);
        assert_eq!(by_parameter.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(
            by_parameter.header("content-disposition"),
            format!("attachment; filename=\"{report}.csv\"")
        );
        let by_header = app.get(&at).by(&t.manager).header("accept", "text/csv, */*;q=0.1").send().await;
        assert_eq!(by_header.expect(200).text, by_parameter.text);
        let lines = csv::Reader::from_reader(by_parameter.text.as_bytes()).records().count();
        let told = app.get(&at).by(&t.manager).gives(200).await;
        assert_eq!(lines, told["results"].as_array().unwrap().len(), "{report}");
        let drawn = app.get(&format!("{at}?format=svg")).by(&t.manager).send().await;
        if report == "individual" {
            assert_eq!(drawn.expect(400).pointer(), "format");
            continue;
        }
        let drawn = drawn.expect(200);
        assert_eq!(drawn.header("content-type"), "image/svg+xml");
        assert_eq!(drawn.header("x-content-type-options"), "nosniff");
        assert!(drawn.header("content-security-policy").ends_with("; sandbox"));
        assert!(drawn.text.starts_with("<svg") && !drawn.text.contains("<script"), "{}", drawn.text);
        let by_header = app.get(&at).by(&t.manager).header("accept", "image/svg+xml").send().await;
        assert_eq!(by_header.expect(200).text, drawn.text);
    }
    let file = app.get("/reports/time-by-project?format=csv").by(&t.admin).send().await.expect(200);
    let mut reader = csv::Reader::from_reader(file.text.as_bytes());
    assert_eq!(&reader.records().next().unwrap().unwrap()[1], format!("'{name}"));
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

async fn dashboard_shows_the_caller_s_own_work(app: &App) {
    let mut t = app.tenant().await;
    let project = make(app, &t.manager, "/projects", json!({ "name": "Brand" })).await;
    let due = |hours: u64| json!({ "due_at": app.clock.now().plus(Duration::from_hours(hours)) });
    let late = task(app, &t.member, &project, &t.member, due(1)).await;
    let far = task(app, &t.member, &project, &t.member, due(24 * 30)).await;
    let soon = task(app, &t.member, &project, &t.member, due(24 * 6)).await;
    let _ = task(app, &t.member, &project, &t.member, json!({ "status": "done" })).await;
    let hidden = make(app, &t.other, "/tasks", json!({ "title": "My own", "project_id": null })).await;
    for _ in 0..10 {
        let _ = task(app, &t.member, &project, &t.member, json!({ "status": "in_progress" })).await;
    }
    t.later(app, Duration::from_hours(2));
    let _ = app.patch(&far).by(&t.member).json(&json!({ "title": "Far away" })).gives(200).await;
    let timer = app.post(&format!("{soon}/timer")).by(&t.member).gives(201).await;
    let own = app.get("/dashboard").by(&t.member).gives(200).await;
    assert_eq!(told(&own, ["open", "in_progress", "due_soon", "overdue"]), json!([13, 10, 1, 1]));
    let ids = |list: &Value| -> Vec<String> {
        list.as_array()
            .unwrap()
            .iter()
            .map(|task| format!("/tasks/{}", task["id"].as_str().unwrap()))
            .collect()
    };
    let next = ids(&own["next"]);
    assert_eq!((next.len(), &next[..3]), (10, &[late, soon.clone(), far.clone()][..]));
    assert_eq!(own["timer"], timer);
    assert_eq!(ids(&own["recent"])[0], far);
    let seen = |dashboard: &Value| {
        ids(&dashboard["recent"]).contains(&format!("/tasks/{}", hidden.as_str().unwrap()))
    };
    assert!(!seen(&own));
    // The recent activity: the action, its actor and its row.
    let path = format!("{soon}/comments");
    let _ = make(app, &t.manager, &path, json!({ "body": "Soon, then" })).await;
    let activity = app.get("/dashboard").by(&t.member).gives(200).await["activity"].clone();
    let line = |at: usize| told(&activity[at], ["action", "noun", "title", "actor_name"]);
    assert_eq!(line(0), json!(["create", "comment", null, "manager"]), "{activity}");
    assert_eq!(line(1), json!(["update", "task", "Far away", "member"]), "{activity}");
    let all = activity.as_array().unwrap();
    assert!(all.iter().all(|line| line["row_id"] != hidden && line["noun"] != "time_entry"), "{activity}");
    assert!(all.iter().any(|line| line["noun"] == "project" && line["row_id"] == project), "{activity}");
    let other = app.get("/dashboard").by(&t.other).gives(200).await;
    assert!(seen(&other));
    // An unassigned task counts for its owner.
    assert_eq!((&other["open"], &other["timer"]), (&json!(1), &Value::Null));
    // A token without the scope for time entries sees no timer.
    let service = app.get("/dashboard").token(&t.service(app, &["tasks:read"])).gives(200).await;
    assert_eq!((&service["open"], &service["timer"]), (&json!(0), &Value::Null));
}
