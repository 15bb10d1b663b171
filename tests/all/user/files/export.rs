//! Exporting users: an export is complete, and can be imported.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::import;

every_database!(export_contains_all_users, export_can_be_imported);

async fn export_contains_all_users(app: &App) {
    let t = app.tenant().await;
    let rows = (0..430)
        .map(|row| format!("u{row}@{}.example,u{row:03},\"Ann, \"\"the\"\" {row}\",member\n", t.slug));
    let file = format!("email,username,first_name,role\n{}", rows.collect::<String>());
    assert_eq!(import(app, &t, "", file).await.expect(200).body["created"], 430);
    let formulas = json!({ "first_name": "=HYPERLINK(1)", "last_name": "@sum" });
    let _ = app.patch("/auth/profile").by(&t.other).json(&formulas).gives(200).await;
    let export = async |query: &str| {
        let answer = app.get(&format!("/users/export{query}")).by(&t.admin).send().await.expect(200);
        assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(answer.header("content-disposition"), "attachment; filename=\"users.csv\"");
        let mut reader = csv::Reader::from_reader(answer.text.as_bytes());
        let columns: Vec<_> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        assert_eq!(columns[..5], ["id", "email", "username", "first_name", "last_name"]);
        assert_eq!(columns[5..], ["role", "is_active", "created_at", "last_login_at"]);
        reader.records().map(|record| record.unwrap()).collect::<Vec<_>>()
    };
    let all = export("?sort=username").await;
    assert_eq!(all.len(), 434);
    let names: Vec<_> = all.iter().map(|row| row[2].to_owned()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted);
    assert_eq!((&all[4][1], &all[4][3]), (&*format!("u0@{}.example", t.slug), "Ann, \"the\" 0"));
    let other = &export("?username=other").await[0];
    assert_eq!((&other[3], &other[4], &other[6], &other[8]), ("'=HYPERLINK(1)", "'@sum", "true", ""));
    assert_eq!(export("?q=u42&role=member").await.len(), 11);
    assert_eq!(export("?is_active=false").await.len(), 0);
    for user in [&t.manager, &t.member] {
        assert_eq!(app.get("/users/export").by(user).send().await.expect(403).code(), "forbidden");
    }
    for wrong in ["page=1", "page_size=5", "cursor=", "fields=id", "role=owner", "sort=email"] {
        let _ = app.get(&format!("/users/export?{wrong}")).by(&t.admin).gives(400).await;
    }
}

async fn export_can_be_imported(app: &App) {
    let (from, to) = (app.tenant().await, app.tenant().await);
    let file = format!("email,username,first_name,role\ngrace@{}.example,grace,-Grace,manager\n", from.slug);
    let _ = import(app, &from, "", file).await.expect(200);
    let exported = app.get("/users/export?username=grace").by(&from.admin).send().await.expect(200).text;
    let report = import(app, &to, "", exported).await.expect(200).body;
    assert_eq!((&report["imported"], &report["created"]), (&json!(true), &json!(1)), "{report}");
    assert_eq!(report["ignored_columns"], json!(["id", "is_active", "created_at", "last_login_at"]));
    let path = format!("/users/{}", report["results"][0]["id"].as_str().unwrap());
    let user = app.get(&path).by(&to.admin).gives(200).await;
    assert_eq!((&user["first_name"], &user["role"]), (&json!("-Grace"), &json!("manager")));
}
