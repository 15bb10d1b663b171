//! Counts the tasks one by one, and compares the statistics with that.

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant};

use super::{PRIORITIES, STATUSES};
use crate::concurrency::rows;

pub(super) fn micros(at: &Value) -> Option<i64> {
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
pub(super) async fn assert_exact(app: &App, t: &Tenant, projects: &[String]) {
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
