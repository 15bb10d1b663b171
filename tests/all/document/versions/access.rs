//! Comparing versions, and permissions for them.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{FILE, TEXT, document, path, put, versions};

every_database!(versions_are_compared_as_a_unified_diff, version_permissions_follow_the_document);

async fn versions_are_compared_as_a_unified_diff(app: &App) {
    let t = app.tenant().await;
    let lines = |changed: &str| {
        (0..20).map(|i| if i == 10 { changed.to_owned() } else { format!("line {i}\n") }).collect::<String>()
    };
    let document = document(app, &t, &lines("ten\n")).await;
    let _ = app.patch(&document).by(&t.member).json(&json!({ "content": lines("TEN\n") })).gives(200).await;
    let _ = app.patch(&document).by(&t.member).json(&json!({ "title": "Notes" })).gives(200).await;
    let all = versions(app, &t.member, &document).await;
    let diff = async |version: &Value, against: &str| {
        app.get(&format!("{}/diff{against}", path(&document, version))).by(&t.other).send().await.expect(200)
    };
    let told = diff(&all[1], "").await;
    assert_eq!(told.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(
        told.text,
        "--- Minutes (version 1)\n+++ Minutes (version 2)\n@@ -8,7 +8,7 @@\n line 7\n line 8\n line 9\n-ten\n+TEN\n line 11\n line 12\n line 13\n"
    );
    assert_eq!(diff(&all[2], "").await.text, "", "the text is the same");
    let against = format!("?against={}", all[0]["id"].as_str().unwrap());
    assert!(diff(&all[2], &against).await.text.contains("-ten\n+TEN\n"));
    // The first version is compared with an empty text.
    let first = diff(&all[0], "").await.text;
    assert!(
        first.starts_with("--- nothing\n+++ Minutes (version 1)\n@@ -0,0 +1,20 @@\n+line 0\n"),
        "{first}"
    );
    let tag = told.header("etag");
    let known =
        app.get(&format!("{}/diff", path(&document, &all[1]))).by(&t.other).header("if-none-match", tag);
    let _ = known.send().await.expect(304);
    // A version of another document is not found.
    let other = self::document(app, &t, "").await;
    let foreign = versions(app, &t.member, &other).await[0]["id"].as_str().unwrap().to_owned();
    let wrong = app.get(&format!("{}/diff?against={foreign}", path(&document, &all[0]))).by(&t.member);
    assert_eq!(wrong.send().await.expect(400).pointer(), "against");
}

async fn version_permissions_follow_the_document(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let document = document(app, &t, "one").await;
    let _ = app.patch(&document).by(&t.member).json(&json!({ "content": "two" })).gives(200).await;
    let first = path(&document, &versions(app, &t.other, &document).await[0]);
    for path in
        [format!("{document}/versions"), first.clone(), format!("{first}/content"), format!("{first}/diff")]
    {
        let _ = app.get(&path).by(&t.other).gives(200).await;
        let _ = app.get(&path).by(&u.admin).gives(404).await;
        let _ = app.get(&path).gives(401).await;
        let _ = app.get(&path).token(&t.service(app, &["tasks:read"])).gives(403).await;
    }
    let restore = format!("{first}/restore");
    let _ = app.post(&restore).by(&t.other).gives(403).await;
    let _ = app.post(&restore).by(&u.admin).gives(404).await;
    assert_eq!(put(app, &t.other, &document, TEXT, "three").await.expect(403).code(), "forbidden");
    assert_eq!(put(app, &t.other, &document, FILE, "three").await.expect(403).code(), "forbidden");
    assert_eq!(put(app, &u.admin, &document, FILE, "three").await.expect(404).code(), "not_found");
    for user in [&t.member, &t.manager, &t.admin] {
        let _ = app.post(&restore).by(user).gives(200).await;
        let _ = put(app, user, &document, TEXT, "three").await.expect(200);
    }
    // Only the team sees the documents of its project, and only admins see their versions from
    // another project.
    let team = app.post("/teams").by(&t.manager).json(&json!({ "name": "Design" })).gives(201).await;
    let project = json!({ "name": "Brand", "team_id": team["id"], "manager_id": t.manager.id });
    let project = app.post("/projects").by(&t.manager).json(&project).gives(201).await;
    let _ =
        app.patch(&document).by(&t.manager).json(&json!({ "project_id": project["id"] })).gives(200).await;
    for (path, manager) in [
        (format!("{document}/versions"), 200),
        (format!("{document}/content"), 200),
        (first.clone(), 404),
        (format!("{first}/content"), 404),
    ] {
        let _ = app.get(&path).by(&t.other).gives(404).await;
        let _ = app.get(&path).by(&t.manager).gives(manager).await;
        let _ = app.get(&path).by(&t.admin).gives(200).await;
    }
    assert_eq!(put(app, &t.other, &document, FILE, "x").await.expect(404).code(), "not_found");
}
