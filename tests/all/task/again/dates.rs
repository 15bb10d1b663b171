//! The date of the next task: local time, missed dates, completion and short months.

use serde_json::{Value, json};
use taskhub_domain::Timestamp;
use taskhub_tests::{App, Tenant, every_database};

use crate::task::{make, path};

every_database!(
    daylight_saving_gap_moves_only_one_date,
    start_date_moves_in_local_time,
    next_future_mode_skips_missed_dates,
    from_completion_mode_counts_from_the_completion,
    month_end_clamp_uses_the_last_day_of_short_months,
);

/// Sets the time zone of the tenant.
async fn live_in(app: &App, t: &Tenant, zone: &str) {
    let _ = app.patch("/tenant").by(&t.admin).json(&json!({ "time_zone": zone })).gives(200).await;
}

/// Completes the task. Returns the next one.
async fn complete(app: &App, t: &Tenant, task: &Value) -> Value {
    let _ = app.post(&format!("{}/complete", path(task))).by(&t.member).gives(200).await;
    let open = app.get("/tasks?status=todo").by(&t.member).gives(200).await;
    let [next] = open["results"].as_array().unwrap().as_slice() else { panic!("{open}") };
    next.clone()
}

async fn daylight_saving_gap_moves_only_one_date(app: &App) {
    let t = app.tenant().await;
    live_in(app, &t, "Europe/Berlin").await;
    let body = json!({
        "title": "Water", "start_at": "2027-03-27T01:15:00Z", "due_at": "2027-03-27T01:30:00Z", "recurrence": "FREQ=DAILY",
    });
    let mut task = make(app, &t.member, body).await;
    // On 28 March the clocks go from 02:00 to 03:00.
    for (start, due) in [
        ("2027-03-28T01:15:00.000000Z", "2027-03-28T01:30:00.000000Z"),
        ("2027-03-29T00:15:00.000000Z", "2027-03-29T00:30:00.000000Z"),
        ("2027-03-30T00:15:00.000000Z", "2027-03-30T00:30:00.000000Z"),
    ] {
        task = complete(app, &t, &task).await;
        assert_eq!((&task["start_at"], &task["due_at"]), (&json!(start), &json!(due)));
    }
}

async fn start_date_moves_in_local_time(app: &App) {
    let t = app.tenant().await;
    live_in(app, &t, "Europe/Berlin").await;
    let body = json!({
        "title": "Water", "start_at": "2027-03-20T08:00:00Z", "due_at": "2027-03-22T08:00:00Z", "recurrence": "FREQ=WEEKLY",
    });
    let next = complete(app, &t, &make(app, &t.member, body).await).await;
    let expected = (&json!("2027-03-27T08:00:00.000000Z"), &json!("2027-03-29T07:00:00.000000Z"));
    assert_eq!((&next["start_at"], &next["due_at"]), expected);
}

fn instant(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

const DAY: i64 = 86_400_000_000;

async fn next_future_mode_skips_missed_dates(app: &App) {
    let t = app.tenant().await;
    let due = Timestamp::from_micros(app.clock.now().micros() - 10 * DAY - DAY / 2);
    let body = json!({ "title": "Water", "due_at": due.to_string(), "recurrence": "FREQ=DAILY;COUNT=3", "recurrence_mode": "next_future" });
    let next = complete(app, &t, &make(app, &t.member, body).await).await;
    assert_eq!(instant(&next["due_at"]).micros(), due.micros() + 11 * DAY);
    assert_eq!(
        (&next["recurrence"], &next["recurrence_mode"]),
        (&json!("FREQ=DAILY;COUNT=2"), &json!("next_future"))
    );
}

async fn from_completion_mode_counts_from_the_completion(app: &App) {
    let t = app.tenant().await;
    let now = app.clock.now().micros();
    for days in [-10, 10] {
        let due = Timestamp::from_micros(now + days * DAY);
        let body = json!({ "title": "Water", "due_at": due.to_string(), "recurrence": "FREQ=DAILY;INTERVAL=3", "recurrence_mode": "from_completion" });
        let task = make(app, &t.member, body).await;
        let next = complete(app, &t, &task).await;
        assert_eq!(instant(&next["due_at"]).micros(), now + 3 * DAY, "{days}");
        let _ = app.delete(&path(&next)).by(&t.member).gives(204).await;
    }
}

async fn month_end_clamp_uses_the_last_day_of_short_months(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "title": "Pay", "due_at": "2027-01-31T09:00:00Z", "recurrence": "FREQ=MONTHLY", "month_end_clamp": true });
    let mut task = make(app, &t.member, body).await;
    for day in ["02-28", "03-31", "04-30"] {
        task = complete(app, &t, &task).await;
        assert_eq!(task["due_at"], json!(format!("2027-{day}T09:00:00.000000Z")));
        assert_eq!((&task["recurrence"], &task["month_end_clamp"]), (&json!("FREQ=MONTHLY"), &json!(true)));
    }
    // The rule continues from a changed due date.
    let moved = json!({ "due_at": "2027-05-15T09:00:00Z" });
    task = app.patch(&path(&task)).by(&t.member).json(&moved).gives(200).await;
    assert_eq!(complete(app, &t, &task).await["due_at"], json!("2027-06-15T09:00:00.000000Z"));
}
