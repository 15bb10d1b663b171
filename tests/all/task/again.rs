//! Scenario tests of recurring tasks.

use serde_json::{Value, json};
use taskhub_domain::Timestamp;
use taskhub_tests::{App, Tenant, every_database};

use super::{make, path};

every_database!(
    completing_a_weekly_task_creates_the_next,
    next_task_keeps_subtasks_watchers_and_reminders,
    invalid_recurrence_rule_is_rejected_with_422,
    rule_without_any_date_is_rejected_with_422,
    rule_error_names_the_expected_value,
    daylight_saving_gap_moves_only_one_date,
    start_date_moves_in_local_time,
    next_future_mode_skips_missed_dates,
    from_completion_mode_counts_from_the_completion,
    month_end_clamp_uses_the_last_day_of_short_months,
    recurrence_settings_require_a_rule,
);

async fn completing_a_weekly_task_creates_the_next(app: &App) {
    let t = app.tenant().await;
    let label = app.post("/labels").by(&t.admin).json(&json!({ "name": "House" })).gives(201).await;
    let body = json!({
        "title": "Water the plants", "start_at": "2026-11-01T09:00:00Z", "due_at": "2026-11-02T09:00:00Z",
        "recurrence": "FREQ=WEEKLY;COUNT=3", "label_ids": [label["id"]], "assignee_id": t.other.id,
    });
    let task = make(app, &t.member, body).await;
    let done = app.post(&format!("{}/complete", path(&task))).by(&t.other).gives(200).await;
    // The rule moves to the next task, so completing this one again creates no other.
    assert_eq!((&done["status"], &done["recurrence"]), (&json!("done"), &json!(null)));
    let _ = app.post(&format!("{}/reopen", path(&task))).by(&t.other).gives(200).await;
    let _ = app.patch(&path(&task)).by(&t.other).json(&json!({ "status": "done" })).gives(200).await;
    let open = app.get("/tasks?status=todo").by(&t.member).gives(200).await;
    let [next] = open["results"].as_array().unwrap().as_slice() else { panic!("{open}") };
    for (field, value) in [
        ("title", json!("Water the plants")),
        ("start_at", json!("2026-11-08T09:00:00.000000Z")),
        ("due_at", json!("2026-11-09T09:00:00.000000Z")),
        ("recurrence", json!("FREQ=WEEKLY;COUNT=2")),
        ("label_ids", json!([label["id"]])),
        ("owner_id", json!(t.member.id)),
        ("assignee_id", json!(t.other.id)),
        ("version", json!(1)),
    ] {
        assert_eq!(next[field], value, "{field}");
    }
    let _ = app.patch(&path(next)).by(&t.other).json(&json!({ "status": "done" })).gives(200).await;
    let open = app.get("/tasks?status=todo").by(&t.member).gives(200).await;
    let last = &open["results"][0];
    assert_eq!((&open["count"], &last["due_at"]), (&json!(1), &json!("2026-11-16T09:00:00.000000Z")));
    let _ = app.post(&format!("{}/complete", path(last))).by(&t.other).gives(200).await;
    assert_eq!(app.get("/tasks?status=todo").by(&t.member).gives(200).await["count"], 0);
}

async fn invalid_recurrence_rule_is_rejected_with_422(app: &App) {
    let t = app.tenant().await;
    let due = "2026-11-02T09:00:00Z";
    let never = json!({ "title": "Water", "recurrence": "FREQ=DAILY" });
    let answer = app.post("/tasks").by(&t.member).json(&never).send().await.expect(422);
    assert_eq!((answer.pointer(), &answer.body["errors"][0]["code"]), ("/due_at", &json!("required")));
    for body in [
        json!({ "title": "Water", "due_at": due, "recurrence": "often" }),
        json!({ "title": "Water", "due_at": due, "recurrence": "FREQ=HOURLY" }),
        json!({ "title": "Water", "due_at": due, "recurrence": "FREQ=DAILY\nFREQ=DAILY" }),
        json!({ "title": "Water", "due_at": due, "recurrence": "" }),
    ] {
        let answer = app.post("/tasks").by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(answer.pointer(), "/recurrence", "{body}");
    }
}

async fn next_task_keeps_subtasks_watchers_and_reminders(app: &App) {
    let t = app.tenant().await;
    let body = json!({
        "title": "Water the plants", "due_at": "2100-11-02T09:00:00Z", "recurrence": "FREQ=WEEKLY",
        "assignee_id": t.other.id, "estimate_minutes": 20,
    });
    let task = make(app, &t.member, body).await;
    let of = |task: &Value, what: &str| format!("{}/{what}", path(task));
    let watch = json!({ "user_id": t.manager.id });
    let _ = app.post(&of(&task, "watchers")).by(&t.admin).json(&watch).gives(201).await;
    for reminder in [json!({ "before_due_minutes": 30 }), json!({ "remind_at": "2100-11-01T09:00:00Z" })] {
        let _ = app.post(&of(&task, "reminders")).by(&t.other).json(&reminder).gives(201).await;
    }
    let _ = make(app, &t.member, json!({ "title": "Fill the can", "parent_id": task["id"] })).await;
    let _ = app.post(&of(&task, "complete")).by(&t.other).gives(200).await;
    let open = app.get("/tasks?status=todo&parent=none").by(&t.member).gives(200).await;
    let [next] = open["results"].as_array().unwrap().as_slice() else { panic!("{open}") };
    assert_eq!(
        (&next["due_at"], &next["estimate_minutes"]),
        (&json!("2100-11-09T09:00:00.000000Z"), &json!(20))
    );
    let watchers = app.get(&of(next, "watchers")).by(&t.member).gives(200).await;
    assert_eq!((&watchers["count"], &watchers["results"][0]["user_id"]), (&json!(1), &json!(t.manager.id)));
    // A reminder at a fixed time is not copied to the next task.
    let reminders = app.get(&of(next, "reminders")).by(&t.other).gives(200).await;
    assert_eq!(
        (&reminders["count"], &reminders["results"][0]["before_due_minutes"]),
        (&json!(1), &json!(30))
    );
    let parts = format!("/tasks?parent={}", next["id"].as_str().unwrap());
    assert_eq!(app.get(&parts).by(&t.member).gives(200).await["count"], 0);
    // A reopened task is open beside the next one, without a rule.
    let again = app.post(&of(&task, "reopen")).by(&t.other).gives(200).await;
    assert_eq!((&again["status"], &again["recurrence"]), (&json!("todo"), &Value::Null));
}

async fn rule_without_any_date_is_rejected_with_422(app: &App) {
    let t = app.tenant().await;
    let days = (60..160).map(|day| day.to_string()).collect::<Vec<_>>().join(",");
    for rule in [
        "FREQ=YEARLY;BYMONTHDAY=30;BYMONTH=2".to_owned(),
        format!("FREQ=YEARLY;BYYEARDAY={days};BYMONTH=1"),
        "RRULE:COUNT=3;FREQ=DAILY".to_owned(),
    ] {
        let body = json!({ "title": "Water", "due_at": "2026-11-02T09:00:00Z", "recurrence": rule });
        let answer = app.post("/tasks").by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(answer.pointer(), "/recurrence", "{rule}");
    }
}

async fn rule_error_names_the_expected_value(app: &App) {
    let t = app.tenant().await;
    for (rule, message) in [
        (
            "FREQ=MONTHLY;BYMONTHDAY=0,15",
            "BYMONTHDAY must be a list of numbers from 1 to 31 or from -31 to -1",
        ),
        ("FREQ=WEEKLY;BYDAY=MO TU", "BYDAY must be a list of MO, TU, WE, TH, FR, SA and SU"),
        ("FREQ=WEEKLY;BYDAY=+-1MO", "BYDAY must be a list of MO, TU, WE, TH, FR, SA and SU"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL must be a date like 20270131"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270131", "COUNT and UNTIL must not occur together."),
    ] {
        let body = json!({ "title": "Water", "due_at": "2026-11-02T09:00:00Z", "recurrence": rule });
        let answer = app.post("/tasks").by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(answer.pointer(), "/recurrence", "{rule}");
        let told = answer.body["errors"][0]["message"].as_str().unwrap();
        assert!(told.starts_with(message), "{told}");
    }
    for rule in ["FREQ=YEARLY;BYDAY=-53SU", "FREQ=DAILY;UNTIL=20270131"] {
        let body = json!({ "title": "Water", "due_at": "2026-11-02T09:00:00Z", "recurrence": rule });
        let _ = make(app, &t.member, body).await;
    }
}

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

async fn recurrence_settings_require_a_rule(app: &App) {
    let t = app.tenant().await;
    for setting in [json!({ "recurrence_mode": "next_future" }), json!({ "month_end_clamp": true })] {
        let mut body = json!({ "title": "Water", "due_at": "2027-01-31T09:00:00Z" });
        body.as_object_mut().unwrap().extend(setting.as_object().unwrap().clone());
        let answer = app.post("/tasks").by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(
            (answer.pointer(), &answer.body["errors"][0]["code"]),
            ("/recurrence", &json!("required"))
        );
        body["recurrence"] = json!("FREQ=DAILY");
        let task = make(app, &t.member, body).await;
        let bare =
            app.patch(&path(&task)).by(&t.member).json(&json!({ "recurrence": null })).gives(200).await;
        assert_eq!((&bare["recurrence_mode"], &bare["month_end_clamp"]), (&json!("from_due"), &json!(false)));
    }
    let wrong = json!({ "title": "Water", "due_at": "2027-01-31T09:00:00Z", "recurrence": "FREQ=DAILY", "recurrence_mode": "sometimes" });
    let answer = app.post("/tasks").by(&t.member).json(&wrong).send().await.expect(422);
    assert_eq!(answer.pointer(), "/recurrence_mode");
}
