//! Time entries: creating, changing and deleting them.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{ago, make, task, work};

every_database!(time_entry_is_created_changed_and_deleted, invalid_time_entry_is_rejected_with_422);

async fn time_entry_is_created_changed_and_deleted(app: &App) {
    let t = app.tenant().await;
    let (id, path) = task(app, &t.member, None).await;
    let (start, end) = (ago(app, 90), ago(app, 30));
    let body = json!({ "started_at": start, "ended_at": end, "note": "First draft" });
    let made = app.post(&format!("{path}/time-entries")).by(&t.member).json(&body).send().await.expect(201);
    let entry = made.header("location").to_owned();
    assert!(entry.starts_with(&format!("{path}/time-entries/")), "{entry}");
    let told = ["task_id", "user_id", "started_at", "ended_at", "seconds", "note"];
    let expected = json!([id, t.member.id, start, end, 3600, "First draft"]);
    assert_eq!(json!(told.map(|name| made.body[name].clone())), expected);
    assert!(made.body.get("running_key").is_none());
    assert_eq!(app.get(&entry).by(&t.member).gives(200).await, made.body);
    // A new duration replaces the old end.
    let longer = app.patch(&entry).by(&t.member).json(&json!({ "minutes": 75 })).gives(200).await;
    assert_eq!((&longer["seconds"], &longer["ended_at"]), (&json!(4500), &json!(ago(app, 15))));
    let later = json!({ "started_at": ago(app, 60), "note": null });
    let later = app.patch(&entry).by(&t.member).json(&later).gives(200).await;
    assert_eq!(
        (&later["seconds"], &later["note"], &later["version"]),
        (&json!(2700), &Value::Null, &json!(3))
    );
    for list in [format!("{path}/time-entries"), "/time-entries".to_owned()] {
        assert_eq!(app.get(&list).by(&t.member).gives(200).await["results"], json!([later]), "{list}");
    }
    let audit =
        app.get(&format!("/audit?row={}", later["id"].as_str().unwrap())).by(&t.admin).gives(200).await;
    assert_eq!(audit["count"], 3);
    assert!(!audit.to_string().contains("running_key"), "{audit}");
    let _ = app.delete(&entry).by(&t.member).gives(204).await;
    let _ = app.get(&entry).by(&t.member).gives(404).await;
    // The entry is not found below a deleted task, and counts all the same.
    let entry = work(app, &t.member, &path, 10, 5).await;
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
    let _ = app.get(&entry).by(&t.admin).gives(404).await;
    assert_eq!(app.get("/time-entries").by(&t.admin).gives(200).await["count"], 1);
}

async fn invalid_time_entry_is_rejected_with_422(app: &App) {
    let t = app.tenant().await;
    let (_, path) = task(app, &t.member, None).await;
    let place = format!("{path}/time-entries");
    let day = 24 * 60;
    for (body, pointer) in [
        (json!({ "minutes": 5 }), "/started_at"),
        (json!({ "started_at": ago(app, 10) }), "/ended_at"),
        (json!({ "started_at": ago(app, 10), "minutes": 5, "ended_at": ago(app, 5) }), "/minutes"),
        (json!({ "started_at": app.clock.now().plus(Duration::from_secs(1)), "minutes": 0 }), "/started_at"),
        (json!({ "started_at": ago(app, 10), "minutes": 11 }), "/minutes"),
        (
            json!({ "started_at": ago(app, 10), "ended_at": app.clock.now().plus(Duration::from_secs(1)) }),
            "/ended_at",
        ),
        (json!({ "started_at": ago(app, 10), "ended_at": ago(app, 11) }), "/ended_at"),
        (json!({ "started_at": ago(app, 2 * day), "ended_at": ago(app, day - 1) }), "/ended_at"),
        (json!({ "started_at": "1969-12-31T23:00:00Z", "minutes": 5 }), "/started_at"),
        (json!({ "started_at": ago(app, 10), "minutes": 5, "user_id": t.other.id }), "/user_id"),
        (json!({ "started_at": ago(app, 10), "minutes": 5, "seconds": 5 }), "/seconds"),
    ] {
        let told = app.post(&place).by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(told.pointer(), pointer, "{body}");
    }
    assert_eq!(app.get(&place).by(&t.admin).gives(200).await["count"], 0);
    // 24 hours are the longest entry, and entries may overlap.
    let whole = json!({ "started_at": ago(app, 2 * day), "ended_at": ago(app, day) });
    let (_, entry) = make(app, &t.member, &place, whole).await;
    let _ = work(app, &t.member, &path, 2 * day, 60).await;
    // An ended entry cannot run again.
    let open = app.patch(&entry).by(&t.member).json(&json!({ "ended_at": null })).send().await.expect(422);
    assert_eq!((open.pointer(), open.body["errors"][0]["code"].as_str()), ("/ended_at", Some("required")));
    for wrong in ["by=week", "", "by=task&by=user", "by=task&running=maybe", "by=task&sort=created_at"] {
        let _ = app.get(&format!("/time-entries/totals?{wrong}")).by(&t.member).gives(400).await;
    }
}
