//! Scenario tests of time entries and timers.

mod removed;

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_domain::Timestamp;
use taskhub_tests::{App, User, every_database};

every_database!(
    time_counts_in_the_current_project_of_the_task,
    time_entry_is_created_changed_and_deleted,
    time_entry_permissions_depend_on_the_relation,
    invalid_time_entry_is_rejected_with_422,
    user_has_one_running_timer,
    forgotten_timer_counts_at_most_24_hours,
    concurrently_started_timers_leave_one_running,
    time_totals_are_exact,
    export_contains_all_entries,
    time_on_a_deleted_task_still_counts,
    deleting_a_task_stops_its_timers,
    entry_can_be_corrected_after_leaving_the_team,
);

/// Creates a row. Returns its id and path.
async fn make(app: &App, by: &User, path: &str, body: Value) -> (Value, String) {
    let made = app.post(path).by(by).json(&body).send().await.expect(201);
    (made.body["id"].clone(), made.header("location").to_owned())
}

/// Creates a task, in a project if one is given. Returns its id and path.
async fn task(app: &App, by: &User, project: Option<&Value>) -> (Value, String) {
    make(app, by, "/tasks", json!({ "title": "Draw it", "project_id": project })).await
}

fn ago(app: &App, minutes: u64) -> Timestamp {
    app.clock.now().minus(Duration::from_mins(minutes))
}

/// Creates a time entry on the task that began `since` minutes ago. Returns its path.
async fn work(app: &App, by: &User, task: &str, since: u64, minutes: u64) -> String {
    let body = json!({ "started_at": ago(app, since), "minutes": minutes });
    make(app, by, &format!("{task}/time-entries"), body).await.1
}

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

async fn time_entry_permissions_depend_on_the_relation(app: &App) {
    let t = app.tenant().await;
    // The other member manages the project. The user with the role manager does not, because the
    // project belongs to a team.
    let (team, team_path) = make(app, &t.admin, "/teams", json!({ "name": "Design" })).await;
    let join = json!({ "user_id": t.member.id });
    let _ = make(app, &t.admin, &format!("{team_path}/members"), join).await;
    let body = json!({ "name": "Brand", "team_id": team, "manager_id": t.other.id });
    let (project, _) = make(app, &t.admin, "/projects", body).await;
    let (_, path) = task(app, &t.member, Some(&project)).await;
    let entry = work(app, &t.member, &path, 60, 30).await;
    let count = async |by: &User, query: &str| {
        app.get(&format!("/time-entries{query}")).by(by).gives(200).await["count"].clone()
    };
    let change = json!({ "minutes": 20 });
    for (user, sees, corrects) in
        [(&t.member, 200, 200), (&t.other, 200, 403), (&t.admin, 200, 200), (&t.manager, 404, 404)]
    {
        let _ = app.get(&entry).by(user).gives(sees).await;
        let _ = app.patch(&entry).by(user).json(&change).gives(corrects).await;
        assert_eq!(count(user, "").await, u8::from(sees == 200));
        let totals = app.get("/time-entries/totals?by=user").by(user).gives(200).await;
        assert_eq!(totals["entries"], u8::from(sees == 200));
    }
    let _ = app.delete(&entry).by(&t.other).gives(403).await;
    // A user who sees the task does not necessarily see the entry.
    let _ = make(app, &t.admin, &format!("{team_path}/members"), json!({ "user_id": t.manager.id })).await;
    let _ = app.get(&path).by(&t.manager).gives(200).await;
    let _ = app.get(&entry).by(&t.manager).gives(404).await;
    assert_eq!(app.get(&format!("{path}/time-entries")).by(&t.manager).gives(200).await["count"], 0);
    // The filter by project uses the current project of the task.
    assert_eq!(count(&t.member, &format!("?project={}", project.as_str().unwrap())).await, 1);
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "project_id": null })).gives(200).await;
    assert_eq!(count(&t.member, &format!("?project={}", project.as_str().unwrap())).await, 0);
    assert_eq!(count(&t.member, "?project=none&user=me&running=false").await, 1);
    assert_eq!(count(&t.member, "?running=true").await, 0);
    let _ = app.get(&entry).by(&t.other).gives(404).await;
    // A user who does not see the task cannot create an entry on it, nor can a service account.
    let body = json!({ "started_at": ago(app, 10), "minutes": 5 });
    let _ = app.post(&format!("{path}/time-entries")).by(&t.other).json(&body).gives(404).await;
    let _ = app.post(&format!("{path}/timer")).by(&t.other).gives(404).await;
    let service = t.service(app, &["tasks:read", "time-entries:write", "time-entries:read"]);
    let _ = app.post(&format!("{path}/time-entries")).token(&service).json(&body).gives(403).await;
    let _ = app.post(&format!("{path}/timer")).token(&service).gives(403).await;
    assert_eq!(app.get("/timer").token(&service).gives(200).await, json!({ "entry": null, "seconds": null }));
    let theirs = app.tenant().await;
    let _ = app.get(&entry).by(&theirs.admin).gives(404).await;
    assert_eq!(count(&theirs.admin, "").await, 0);
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

async fn user_has_one_running_timer(app: &App) {
    let t = app.tenant().await;
    let ((one, first), (two, second)) = (task(app, &t.member, None).await, task(app, &t.member, None).await);
    let timer = async |user: &User| app.get("/timer").by(user).gives(200).await;
    assert_eq!(timer(&t.member).await, json!({ "entry": null, "seconds": null }));
    let started = app.post(&format!("{first}/timer")).by(&t.member).send().await.expect(201);
    assert_eq!((&started.body["ended_at"], &started.body["seconds"]), (&Value::Null, &Value::Null));
    assert!(started.header("location").starts_with(&format!("{first}/time-entries/")));
    // The timer of another user is independent.
    let _ = app.post(&format!("{first}/timer")).by(&t.admin).gives(201).await;
    app.clock.advance(Duration::from_mins(10));
    assert_eq!(timer(&t.member).await, json!({ "entry": started.body, "seconds": 600 }));
    assert_eq!(
        app.post(&format!("{second}/timer/stop")).by(&t.member).send().await.expect(409).code(),
        "conflict"
    );
    let switched = app.post(&format!("{second}/timer")).by(&t.member).gives(201).await;
    assert_eq!(switched["task_id"], two);
    let ended = app.get(started.header("location")).by(&t.member).gives(200).await;
    assert_eq!((&ended["task_id"], &ended["seconds"], &ended["version"]), (&one, &json!(600), &json!(2)));
    app.clock.advance(Duration::from_mins(5));
    let running = app.get("/time-entries?running=true").by(&t.admin).gives(200).await;
    assert_eq!(running["count"], 2);
    // The note can be changed while the timer runs on.
    let place = format!("{second}/time-entries/{}", switched["id"].as_str().unwrap());
    let noted = app.patch(&place).by(&t.member).json(&json!({ "note": "Colours" })).gives(200).await;
    assert_eq!((&noted["note"], &noted["ended_at"]), (&json!("Colours"), &Value::Null));
    let halt = async |tag: &str| {
        app.post(&format!("{second}/timer/stop")).by(&t.member).header("if-match", tag).send().await
    };
    assert_eq!(halt("\"1\"").await.expect(412).code(), "stale");
    let last = halt("\"2\"").await.expect(200);
    assert_eq!((&last.body["seconds"], last.header("etag")), (&json!(300), "\"3\""));
    assert_eq!(timer(&t.member).await["entry"], Value::Null);
    assert_eq!(timer(&t.admin).await["seconds"], 900);
    let _ = halt("*").await.expect(409);
    // A repeated request with the same idempotency key starts no second timer.
    let start = async || {
        app.post(&format!("{first}/timer")).by(&t.member).header("idempotency-key", "once").send().await
    };
    let (begun, again) = (start().await.expect(201), start().await.expect(201));
    assert_eq!((&begun.body, again.header("idempotency-replayed")), (&again.body, "true"));
    // Setting the end stops the timer, too, and another can start.
    let end = json!({ "ended_at": app.clock.now() });
    let _ = app.patch(begun.header("location")).by(&t.member).json(&end).gives(200).await;
    let _ = app.post(&format!("{second}/timer")).by(&t.member).gives(201).await;
}

async fn forgotten_timer_counts_at_most_24_hours(app: &App) {
    let mut t = app.tenant().await;
    let ((_, first), (_, second)) = (task(app, &t.member, None).await, task(app, &t.member, None).await);
    for stop in [format!("{first}/timer/stop"), format!("{second}/timer")] {
        let started = app.post(&format!("{first}/timer")).by(&t.member).send().await.expect(201);
        t.later(app, Duration::from_hours(30));
        assert_eq!(app.get("/timer").by(&t.member).gives(200).await["seconds"], 86_400);
        let _ = app.post(&stop).by(&t.member).send().await;
        let ended = app.get(started.header("location")).by(&t.member).gives(200).await;
        assert_eq!(ended["seconds"], 86_400);
    }
}

/// Of concurrent starts on two nodes exactly one timer keeps running.
async fn concurrently_started_timers_leave_one_running(app: &App) {
    let t = app.tenant().await;
    let second = app.second(&[]).await;
    let (mut starts, member) = (Vec::new(), &t.member);
    for number in 0..8 {
        let (_, path) = task(app, &t.member, None).await;
        let node = if number % 2 == 0 { app } else { &second };
        starts.push(async move { node.post(&format!("{path}/timer")).by(member).gives(201).await });
    }
    let started = futures::future::join_all(starts).await;
    assert_eq!(started.len(), 8);
    let running = app.get("/time-entries?running=true").by(&t.member).gives(200).await;
    assert_eq!(running["count"], 1, "{running}");
    assert_eq!(app.get("/time-entries?running=false").by(&t.member).gives(200).await["count"], 7);
    second.finish().await;
}

async fn time_totals_are_exact(app: &App) {
    let t = app.tenant().await;
    let (project, _) = make(app, &t.manager, "/projects", json!({ "name": "Brand" })).await;
    let (inside, inside_path) = task(app, &t.member, Some(&project)).await;
    let (outside, outside_path) = task(app, &t.member, None).await;
    let at = |day: u8| json!({ "started_at": format!("2026-01-{day:02}T23:30:00Z"), "minutes": 60 });
    for (user, path, day) in [
        (&t.member, &inside_path, 30),
        (&t.member, &inside_path, 29),
        (&t.admin, &inside_path, 30),
        (&t.member, &outside_path, 28),
    ] {
        let _ = make(app, user, &format!("{path}/time-entries"), at(day)).await;
    }
    let _ = app.post(&format!("{inside_path}/timer")).by(&t.member).gives(201).await;
    let totals = async |by: &str, user: &User| {
        app.get(&format!("/time-entries/totals?by={by}")).by(user).gives(200).await
    };
    let line = |id: &Value, name: Value, entries: u8, seconds: u32| json!({ "id": id, "name": name, "removed": false, "day": null, "entries": entries, "seconds": seconds });
    let by_task = totals("task", &t.admin).await;
    assert_eq!((&by_task["entries"], &by_task["seconds"]), (&json!(4), &json!(14_400)));
    let drawn = json!("Draw it");
    assert_eq!(
        by_task["results"],
        json!([line(&inside, drawn.clone(), 3, 10_800), line(&outside, drawn, 1, 3600)])
    );
    let by_project = totals("project", &t.admin).await;
    let brand = line(&project, json!("Brand"), 3, 10_800);
    assert_eq!(by_project["results"], json!([brand, line(&Value::Null, Value::Null, 1, 3600)]));
    let by_user = totals("user", &t.admin).await;
    let (member, admin) = (json!(t.member.id), json!(t.admin.id));
    assert_eq!(
        by_user["results"],
        json!([line(&member, json!("member"), 3, 10_800), line(&admin, json!("admin"), 1, 3600)])
    );
    let by_day = totals("day", &t.admin).await;
    let days: Vec<_> =
        by_day["results"].as_array().unwrap().iter().map(|it| (&it["day"], &it["seconds"])).collect();
    let day = |text: &str| json!(text);
    assert_eq!(
        days,
        [
            (&day("2026-01-30"), &json!(7200)),
            (&day("2026-01-29"), &json!(3600)),
            (&day("2026-01-28"), &json!(3600))
        ]
    );
    // The manager of the project sees all its time, a member only their own.
    assert_eq!(totals("user", &t.manager).await["seconds"], 10_800);
    assert_eq!(totals("project", &t.member).await["seconds"], 10_800);
    assert_eq!(totals("day", &t.other).await["results"], json!([]));
    let some = app.get("/time-entries/totals?by=user&user=me&started_at[gte]=2026-01-30T00:00:00Z");
    assert_eq!(some.by(&t.member).gives(200).await["entries"], 1);
    // A token without the scope for tasks gets no titles.
    let narrow = t.service(app, &["time-entries:read"]);
    let told = app.get("/time-entries/totals?by=task").token(&narrow).gives(200).await;
    assert_eq!(told["results"][0]["name"], Value::Null);
}

async fn export_contains_all_entries(app: &App) {
    let t = app.tenant().await;
    let (_, path) = task(app, &t.member, None).await;
    let place = format!("{path}/time-entries");
    for number in 0..3 {
        let body = json!({ "started_at": ago(app, 60 - number), "minutes": 10, "note": "=SUM(A1)" });
        let _ = make(app, &t.member, &place, body).await;
    }
    let _ = app.post(&format!("{path}/timer")).by(&t.admin).gives(201).await;
    let export = async |by: &User, query: &str| {
        let answer = app.get(&format!("/time-entries/export{query}")).by(by).send().await.expect(200);
        assert_eq!(answer.header("content-disposition"), "attachment; filename=\"time-entries.csv\"");
        let mut reader = csv::Reader::from_reader(answer.text.as_bytes());
        reader.records().map(|record| record.unwrap()).collect::<Vec<_>>()
    };
    let own = export(&t.member, "?sort=started_at").await;
    assert_eq!(own.len(), 3);
    assert_eq!((&own[0][5], &own[0][6]), ("600", "'=SUM(A1)"));
    assert!(own.is_sorted_by_key(|row| row[3].to_owned()));
    assert_eq!(export(&t.admin, "").await.len(), 4);
    let running = &export(&t.admin, "?running=true").await[0];
    assert_eq!((&running[4], &running[5]), ("", ""));
    assert_eq!(export(&t.other, "").await.len(), 0);
}

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

async fn entry_can_be_corrected_after_leaving_the_team(app: &App) {
    let t = app.tenant().await;
    let (team, team_path) =
        make(app, &t.admin, "/teams", json!({ "name": "Web", "manager_id": t.other.id })).await;
    let join = json!({ "user_id": t.member.id });
    let (_, membership) = make(app, &t.admin, &format!("{team_path}/members"), join).await;
    let (project, _) = make(app, &t.admin, "/projects", json!({ "name": "Website", "team_id": team })).await;
    let (_, path) = task(app, &t.other, Some(&project)).await;
    let within = work(app, &t.member, &path, 60, 30).await;
    let _ = app.delete(&membership).by(&t.admin).gives(204).await;
    let correction = json!({ "minutes": 20 });
    let _ = app.patch(&within).by(&t.member).json(&correction).gives(404).await;
    let entry = format!("/time-entries/{}", within.rsplit('/').next().unwrap());
    let present = app.get(&entry).by(&t.member).send().await.expect(200);
    let put = json!({ "started_at": present.body["started_at"], "minutes": 25, "note": "Less" });
    let _ = app.put(&entry).by(&t.member).header("if-match", "\"7\"").json(&put).gives(412).await;
    let put = app.put(&entry).by(&t.member).json(&put).gives(200).await;
    assert_eq!((&put["seconds"], &put["note"]), (&json!(1500), &json!("Less")));
    assert_eq!(app.patch(&entry).by(&t.member).json(&correction).gives(200).await["seconds"], 1200);
    // The manager of the project sees the entry; users without a relation do not.
    let _ = app.get(&entry).by(&t.other).gives(200).await;
    let _ = app.patch(&entry).by(&t.other).json(&correction).gives(403).await;
    let _ = app.get(&entry).by(&t.manager).gives(404).await;
    let _ = app.delete(&entry).by(&t.member).gives(204).await;
    let _ = app.get(&entry).by(&t.member).gives(404).await;
}
