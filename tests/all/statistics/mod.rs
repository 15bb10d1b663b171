//! Scenario tests of statistics: the aggregates equal a recount, whatever was written, even
//! concurrently.

mod median;
mod migration;
mod overdue;
mod random;
mod recount;

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_domain::context::Request;
use taskhub_tests::{App, Tenant, User};

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

/// Aggregates that add up to zero are removed.
async fn nothing_is_left(app: &App, t: &Tenant) {
    fold(app).await;
    let database = crate::contract::database::Database::of(app).await;
    for table in ["tally", "tally_sum"] {
        assert_eq!(database.number_of(table, t.id).await, 0, "{table}");
    }
}
