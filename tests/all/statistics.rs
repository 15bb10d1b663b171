//! Scenario tests of statistics: the aggregates equal a recount, whatever was written, even
//! concurrently.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_domain::context::Request;
use taskhub_tests::{App, Backend, Tenant, User, every_database};

use crate::concurrency::rows;

every_database!(
    statistics_equal_a_recount_after_random_writes,
    overdue_count_follows_the_clock,
    median_completion_time_is_exact,
    overdue_count_is_exact_to_the_microsecond,
    statistics_count_only_visible_tasks,
    several_nodes_compact_aggregates_concurrently,
);

#[test]
fn existing_tasks_are_counted() {
    // This test has its own database, because it runs migrations.
    taskhub_tests::run(Backend::Sqlite, |app| Box::pin(aggregates_built_by_migrations_are_exact(app)));
}

const STATUSES: [&str; 4] = ["todo", "in_progress", "done", "cancelled"];
const PRIORITIES: [&str; 4] = ["low", "medium", "high", "urgent"];

async fn project(app: &App, by: &User) -> String {
    let made = app.post("/projects").by(by).json(&json!({ "name": "Website" })).gives(201).await;
    made["id"].as_str().unwrap().to_owned()
}

async fn task(app: &App, by: &User, body: Value) -> String {
    let mut new = json!({ "title": "Counted" });
    new.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    app.post("/tasks").by(by).json(&new).send().await.expect(201).header("location").to_owned()
}

async fn fold(app: &App) {
    let system = app.state.repository.system("a test", Request::default());
    app.state.repository.compact_deltas(&system).await.unwrap();
}

fn micros(at: &Value) -> Option<i64> {
    at.as_str().map(|at| at.parse::<taskhub_domain::Timestamp>().unwrap().micros())
}

/// The statistics of the tasks, counted one by one.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "there are few tasks, and their minutes are whole"
)]
fn recount(tasks: &[Value], projects: usize, spent: i64, now: i64) -> Value {
    let count = |which: &dyn Fn(&&Value) -> bool| tasks.iter().filter(which).count();
    let by = |name: &str, words: [&str; 4]| {
        let counts = words.map(|word| (word.to_owned(), json!(count(&|task| task[name] == word))));
        Value::Object(counts.into_iter().collect())
    };
    let counted: Vec<&Value> = tasks.iter().filter(|task| task["status"] != "cancelled").collect();
    let (done, open): (Vec<&Value>, Vec<&Value>) =
        counted.iter().copied().partition(|task| task["status"] == "done");
    let estimates: Vec<_> = counted.iter().filter_map(|task| task["estimate_minutes"].as_f64()).collect();
    let minutes: f64 = estimates.iter().sum();
    let average = Some(minutes / estimates.len() as f64).filter(|it| *it > 0.0).unwrap_or(1.0);
    let flat = minutes == 0.0;
    let weight = |tasks: &[&Value]| -> f64 {
        let weigh = |task: &&Value| task["estimate_minutes"].as_f64().filter(|_| !flat).unwrap_or(average);
        tasks.iter().map(weigh).sum()
    };
    let mut took: Vec<_> = done
        .iter()
        .map(|task| {
            (micros(&task["completed_at"]).unwrap() - micros(&task["created_at"]).unwrap()) / 1_000_000
        })
        .collect();
    took.sort_unstable();
    let middle = took.len() / 2;
    let median = took.get(middle).map(|high| (took[(took.len() - 1) / 2] + high) as f64 / 2.0);
    let rate = (!counted.is_empty()).then(|| done.len() as f64 / counted.len() as f64);
    let progress = (!counted.is_empty()).then(|| {
        let (done, open) = (weight(&done), weight(&open));
        done / (done + open)
    });
    json!({
        "projects": projects, "tasks": tasks.len(), "by_status": by("status", STATUSES), "by_priority": by("priority", PRIORITIES),
        "overdue": open.iter().filter(|task| micros(&task["due_at"]).is_some_and(|due| due < now)).count(),
        "completion_rate": rate, "progress": progress, "median_completion_seconds": median,
        "estimated_minutes": minutes as i64, "spent_minutes": spent / 60,
    })
}

/// Fails unless the statistics equal a recount, apart from the rounding of fractions.
async fn assert_exact(app: &App, t: &Tenant, projects: &[String]) {
    let now = app.clock.now().micros();
    let all = rows(app, &t.admin.token, "/tasks").await;
    let deleted = rows(app, &t.admin.token, "/tasks/deleted").await;
    let entries = rows(app, &t.admin.token, "/time-entries").await;
    let mut places = vec![("/projects/statistics".to_owned(), projects.len(), None)];
    places.extend(projects.iter().map(|id| (format!("/projects/{id}/statistics"), 1, Some(id))));
    for (path, number, project) in places {
        let inside: Vec<_> = all
            .iter()
            .filter(|task| task["project_id"].as_str().is_some_and(|id| project.is_none_or(|own| own == id)))
            .cloned()
            .collect();
        // Time on a deleted task counts until the task is deleted permanently.
        let lies_in =
            |task: &&Value| task["project_id"].as_str().is_some_and(|id| project.is_none_or(|own| own == id));
        let ids: Vec<_> = all.iter().chain(&deleted).filter(lies_in).map(|task| &task["id"]).collect();
        let worked = entries.iter().filter(|entry| ids.contains(&&entry["task_id"]));
        let spent = worked.map(|entry| entry["seconds"].as_i64().unwrap()).sum();
        let mut expected = recount(&inside, number, spent, now);
        let mut told = app.get(&path).by(&t.admin).gives(200).await;
        // A caller who does not see everything gets statistics from other sums. Here they are the
        // same.
        assert_eq!(app.get(&path).by(&t.member).gives(200).await, told, "{path}");
        for name in ["completion_rate", "progress"] {
            let (a, b) = (told[name].take(), expected[name].take());
            let close = || (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-9;
            assert!((a.is_null() && b.is_null()) || close(), "{path}: {name} {a} is not {b}");
        }
        assert_eq!(told, expected, "{path}");
    }
}

/// A deterministic random number generator.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    /// Random fields of a task.
    fn fields(&mut self, app: &App, projects: &[String]) -> Value {
        let days = 86_400 * (self.roll(5) as u64);
        let later = Duration::from_micros(1_000_000 * days + self.roll(1 << 36) as u64 % 10_000_000_000);
        let due = match self.roll(4) {
            0 => Value::Null,
            1 => json!(app.clock.now().plus(later).to_string()),
            2 => json!(app.clock.now().minus(later).to_string()),
            _ => json!("1961-04-12T06:07:00Z"),
        };
        let estimate = [Some(0), Some(30), Some(125), None][self.roll(4)];
        let mut all = json!({
            "status": STATUSES[self.roll(4)], "priority": PRIORITIES[self.roll(4)], "due_at": due, "estimate_minutes": estimate,
            "project_id": projects.get(self.roll(projects.len() + 1)), "title": format!("Number {}", self.roll(1000)),
        });
        all.as_object_mut().unwrap().retain(|_, _| self.roll(3) > 0);
        all
    }
}

async fn statistics_equal_a_recount_after_random_writes(app: &App) {
    let mut t = app.tenant().await;
    let projects = [project(app, &t.manager).await, project(app, &t.manager).await];
    let mut dice = Dice(7);
    let mut tasks = Vec::new();
    assert_exact(app, &t, &projects).await;
    for round in 0..6 {
        // Concurrent writes, often several to the same task.
        let mut writes = Vec::new();
        for _ in 0..16 {
            let fields = dice.fields(app, &projects);
            let what = dice.roll(8);
            let path = tasks.get(dice.roll(Ord::max(tasks.len(), 1))).cloned();
            writes.push((what, path, fields));
        }
        let made =
            join_all(writes.into_iter().map(async |(what, path, fields): (usize, Option<String>, Value)| {
                match (what, path) {
                    (0, Some(path)) => {
                        let _ = app.delete(&path).by(&t.admin).send().await;
                        None
                    }
                    (1, Some(path)) => {
                        let _ = app.post(&format!("{path}/complete")).by(&t.admin).send().await;
                        None
                    }
                    (2, Some(path)) => {
                        let _ = app.post(&format!("{path}/restore")).by(&t.admin).send().await;
                        None
                    }
                    (3..=5, Some(path)) => {
                        let _ = app.patch(&path).by(&t.admin).json(&fields).send().await;
                        None
                    }
                    _ => Some(task(app, &t.member, fields).await),
                }
            }))
            .await;
        tasks.extend(made.into_iter().flatten());
        assert_exact(app, &t, &projects).await;
        if round % 2 == 1 {
            fold(app).await;
            assert_exact(app, &t, &projects).await;
        }
        app.clock.advance(Duration::from_secs(1 + 7_919 * round * round));
        t = t.renewed(app);
    }
    for path in &tasks {
        let _ = app.delete(path).by(&t.admin).send().await;
    }
    fold(app).await;
    assert_exact(app, &t, &projects).await;
    // When deleted tasks can no longer be restored, nothing prevents the deletion of their project.
    for path in &tasks {
        let _ = app.delete(&path.replace("/tasks/", "/tasks/deleted/")).by(&t.admin).send().await;
    }
    fold(app).await;
    assert_exact(app, &t, &projects).await;
    for id in &projects {
        let _ = app.delete(&format!("/projects/{id}")).by(&t.manager).gives(204).await;
    }
    nothing_is_left(app, &t).await;
}

/// Aggregates that add up to zero are removed.
async fn nothing_is_left(app: &App, t: &Tenant) {
    fold(app).await;
    let database = crate::contract::database::Database::of(app).await;
    for table in ["tally", "tally_sum"] {
        assert_eq!(database.number_of(table, t.id).await, 0, "{table}");
    }
}

async fn overdue_count_follows_the_clock(app: &App) {
    let t = app.tenant().await;
    let id = project(app, &t.manager).await;
    let overdue = async || {
        let by = t.renewed(app).member;
        let one = app.get(&format!("/projects/{id}/statistics")).by(&by).gives(200).await;
        let all = app.get("/projects/statistics").by(&by).gives(200).await;
        assert_eq!(one["overdue"], all["overdue"]);
        one["overdue"].as_i64().unwrap()
    };
    let now = app.clock.now();
    let day = (86_400_000_000 - now.micros().rem_euclid(86_400_000_000)).unsigned_abs();
    let midnight = now.plus(Duration::from_micros(day));
    for due in [midnight.minus(Duration::from_micros(1)), midnight, midnight.plus(Duration::from_hours(1))] {
        let _ = task(app, &t.member, json!({ "project_id": id, "due_at": due.to_string() })).await;
        let done = json!({ "project_id": id, "due_at": due.to_string(), "status": "done" });
        let _ = task(app, &t.member, done).await;
    }
    assert_eq!(overdue().await, 0);
    for (micros, expected) in
        [(day - 1, 0), (1, 1), (1, 2), (3_600_000_000 - 1, 2), (1, 3), (86_400_000_000, 3)]
    {
        app.clock.advance(Duration::from_micros(micros));
        assert_eq!(overdue().await, expected, "{}", app.clock.now());
    }
}

/// Due dates on both sides of the boundaries of the tree's nodes, and fractions of the current
/// second.
async fn overdue_count_is_exact_to_the_microsecond(app: &App) {
    let t = app.tenant().await;
    let id = project(app, &t.manager).await;
    let now = app.clock.now();
    let mut expected = 0;
    for level in 0..6 {
        for micros in [(1_u64 << (6 * level)) * 1_000_000, (1 << (6 * level)) * 1_000_000 - 1, 1] {
            let later = Duration::from_micros(micros);
            for due in [now.plus(later), now, now.minus(later)] {
                let _ = task(app, &t.member, json!({ "project_id": id, "due_at": due.to_string() })).await;
            }
            expected += 1;
        }
    }
    let path = format!("/projects/{id}/statistics");
    for folded in [false, true] {
        if folded {
            fold(app).await;
        }
        for path in [path.as_str(), "/projects/statistics"] {
            for user in [&t.admin, &t.member] {
                assert_eq!(
                    app.get(path).by(user).gives(200).await["overdue"],
                    expected,
                    "{path}, folded: {folded}"
                );
            }
        }
    }
    // A microsecond later the tasks due at this instant are overdue, too.
    app.clock.advance(Duration::from_micros(1));
    assert_eq!(app.get(&path).by(&t.admin).gives(200).await["overdue"], 2 * expected);
}

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

/// The migration must use the same keys for the aggregates as the server: when all tasks are gone,
/// nothing is left.
async fn aggregates_built_by_migrations_are_exact(app: &App) {
    let mut t = app.tenant().await;
    let projects = [project(app, &t.manager).await, project(app, &t.manager).await];
    let mut dice = Dice(11);
    let mut tasks = Vec::new();
    for round in 0..40_u32 {
        let mut fields = dice.fields(app, &projects);
        fields["project_id"] = json!(projects[round as usize % 2]);
        tasks.push(task(app, &t.member, fields).await);
        // Durations from a second to more than a century, in every power of two.
        app.clock.advance(Duration::from_secs((1_u64 << (round % 32)) + u64::from(round)));
        t = t.renewed(app);
        let some = &tasks[dice.roll(tasks.len())];
        let _ = app.post(&format!("{some}/complete")).by(&t.admin).send().await;
    }
    let database = app.state.settings.database();
    let migrations = database.migrations().await.unwrap();
    // The first version of the aggregates, and the current one, which includes the time spent.
    for (name, worked) in [("m0005_projects", false), ("m0012_sums", true)] {
        if worked {
            let body = json!({ "started_at": app.clock.now().minus(Duration::from_hours(1)).to_string(), "minutes": 35 });
            let _ = app.post(&format!("{}/time-entries", tasks[3])).by(&t.admin).json(&body).gives(201).await;
            let _ = app.delete(&tasks[7]).by(&t.admin).gives(204).await;
        }
        let ours = migrations.iter().position(|migration| migration.name == name).unwrap();
        database.migrate_down(Some(u32::try_from(migrations.len() - ours).unwrap())).await.unwrap();
        database.migrate().await.unwrap();
        assert_exact(app, &t, &projects).await;
        fold(app).await;
        assert_exact(app, &t, &projects).await;
    }
    let _ = app.post(&format!("{}/restore", tasks[7])).by(&t.admin).gives(200).await;
    for path in &tasks {
        let _ = app.delete(path).by(&t.admin).gives(204).await;
        let _ = app.delete(&path.replace("/tasks/", "/tasks/deleted/")).by(&t.admin).gives(204).await;
    }
    nothing_is_left(app, &t).await;
}

async fn several_nodes_compact_aggregates_concurrently(app: &App) {
    let t = app.tenant().await;
    let projects = [project(app, &t.manager).await];
    let there = app.second(&[]).await;
    for round in 0..4 {
        let write = async |number: usize| {
            let body = json!({ "project_id": projects[0], "status": STATUSES[(number + round) % 4] });
            let path = task(app, &t.member, body).await;
            let _ = app.patch(&path).by(&t.member).json(&json!({ "priority": "low" })).gives(200).await;
        };
        let writes = join_all((0..6).map(write));
        futures::join!(writes, fold(app), fold(&there), fold(app), fold(&there));
        assert_exact(app, &t, &projects).await;
    }
    fold(app).await;
    assert_exact(app, &t, &projects).await;
    there.finish().await;
}
