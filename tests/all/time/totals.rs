//! The totals of time entries, and their export.

use serde_json::{Value, json};
use taskhub_tests::{App, User, every_database};

use super::{ago, make, task};

every_database!(time_totals_are_exact, export_contains_all_entries);

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
