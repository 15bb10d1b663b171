//! Invalid recurrence rules are rejected.

use serde_json::json;
use taskhub_tests::{App, every_database};

use crate::task::{make, path};

every_database!(
    invalid_recurrence_rule_is_rejected_with_422,
    rule_without_any_date_is_rejected_with_422,
    rule_error_names_the_expected_value,
    recurrence_settings_require_a_rule,
);

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
