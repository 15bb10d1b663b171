//! Time entries of a task that moves to another project or is deleted.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{make, task, work};

every_database!(
    time_counts_in_the_current_project_of_the_task,
    time_on_a_deleted_task_still_counts,
    deleting_a_task_stops_its_timers,
);

async fn time_counts_in_the_current_project_of_the_task(app: &App) {
    let t = app.tenant().await;
    let make = async || {
        app.post("/projects").by(&t.manager).json(&json!({ "name": "Site" })).gives(201).await["id"].clone()
    };
    let (here, there) = (make().await, make().await);
    let spent = async |project: &Value| {
        let path = format!("/projects/{}/statistics", project.as_str().unwrap());
        app.get(&path).by(&t.member).gives(200).await["spent_minutes"].clone()
    };
    let body = json!({ "title": "Write it", "project_id": here });
    let task =
        app.post("/tasks").by(&t.member).json(&body).send().await.expect(201).header("location").to_owned();
    let entries = format!("{task}/time-entries");
    let worked = json!({ "started_at": "2026-01-30T09:00:00Z", "minutes": 90 });
    let entry = app.post(&entries).by(&t.member).json(&worked).send().await.expect(201);
    let entry = entry.header("location").to_owned();
    assert_eq!((spent(&here).await, spent(&there).await), (json!(90), json!(0)));
    let _ =
        app.patch(&entry).by(&t.member).json(&json!({ "minutes": 30, "ended_at": null })).gives(200).await;
    assert_eq!(spent(&here).await, 30);
    let _ = app.patch(&task).by(&t.member).json(&json!({ "project_id": there })).gives(200).await;
    assert_eq!((spent(&here).await, spent(&there).await), (json!(0), json!(30)));
    let _ = app.delete(&task).by(&t.member).gives(204).await;
    assert_eq!(spent(&there).await, 30);
    let _ = app.post(&format!("{task}/restore")).by(&t.member).gives(200).await;
    assert_eq!(spent(&there).await, 30);
    let _ = app.delete(&entry).by(&t.member).gives(204).await;
    assert_eq!(spent(&there).await, 0);
}

async fn time_on_a_deleted_task_still_counts(app: &App) {
    let t = app.tenant().await;
    let (id, path) = task(
        app,
        &t.manager,
        Some(&make(app, &t.manager, "/projects", json!({ "name": "Website" })).await.0),
    )
    .await;
    let _ = work(app, &t.member, &path, 60, 30).await;
    let figures = async || {
        let totals = app.get("/time-entries/totals?by=user").by(&t.member).gives(200).await;
        let mine = app.get("/reports/individual").by(&t.member).gives(200).await;
        let listed = app.get("/time-entries").by(&t.member).gives(200).await;
        (totals["seconds"].clone(), mine, listed["results"].clone())
    };
    let before = figures().await;
    assert_eq!((&before.0, before.2.as_array().unwrap().len()), (&json!(1800), 1));
    let _ = app.delete(&path).by(&t.manager).gives(204).await;
    let after = figures().await;
    assert_eq!((&after.0, &after.2), (&before.0, &before.2));
    let tracked = |report: &Value| report["results"][0]["tracked_seconds"].clone();
    assert_eq!((tracked(&after.1), tracked(&before.1)), (json!(1800), json!(1800)));
    let export = app.get("/time-entries/export").by(&t.member).send().await.expect(200);
    assert!(export.text.contains(id.as_str().unwrap()));
    assert_eq!(app.get("/time-entries").by(&t.manager).gives(200).await["count"], 1);
    // The totals by project equal the statistics of the project, until the task is deleted
    // permanently.
    let all = async || {
        let totals = app.get("/time-entries/totals?by=project").by(&t.manager).gives(200).await;
        let report = app.get("/reports/time-by-project").by(&t.manager).gives(200).await;
        let person =
            app.get(&format!("/reports/individual?user={}", t.member.id)).by(&t.manager).gives(200).await;
        let figures = app.get("/projects/statistics").by(&t.manager).gives(200).await;
        let seconds =
            report["results"].as_array().unwrap().first().map_or(json!(0), |line| line["seconds"].clone());
        let spent = figures["spent_minutes"].as_i64().unwrap() * 60;
        [totals["seconds"].clone(), seconds, tracked(&person), json!(spent)]
    };
    assert_eq!(all().await, [1800; 4].map(Value::from));
    let _ = app.delete(&path.replace("/tasks/", "/tasks/deleted/")).by(&t.manager).gives(204).await;
    assert_eq!(all().await, [0; 4].map(Value::from));
}

async fn deleting_a_task_stops_its_timers(app: &App) {
    let t = app.tenant().await;
    let (_, project) = make(app, &t.manager, "/projects", json!({ "name": "Website" })).await;
    let project = json!(project.rsplit('/').next().unwrap());
    let (_, path) = task(app, &t.manager, Some(&project)).await;
    let started = app.post(&format!("{path}/timer")).by(&t.member).gives(201).await;
    let _ = app.delete(&path).by(&t.manager).gives(204).await;
    assert_eq!(app.get("/timer").by(&t.member).gives(200).await["entry"], Value::Null);
    let entry = format!("/time-entries/{}", started["id"].as_str().unwrap());
    assert!(app.get(&entry).by(&t.member).gives(200).await["ended_at"].is_string());
    let (_, other) = task(app, &t.member, None).await;
    let _ = app.post(&format!("{other}/timer")).by(&t.member).gives(201).await;
}
