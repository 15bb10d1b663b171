//! Every change of a document saves one version, also under concurrent writes.

use serde_json::{Value, json};
use taskhub_tests::{App, User, every_database};

use super::{TEXT, document, path, put, versions};

every_database!(every_change_of_a_document_saves_a_version, concurrent_writes_save_one_version_each);

async fn every_change_of_a_document_saves_a_version(app: &App) {
    let t = app.tenant().await;
    let document = document(app, &t, "one\n").await;
    let change = async |by: &User, body: Value| app.patch(&document).by(by).json(&body).gives(200).await;
    let _ = change(&t.manager, json!({ "content": "two\n" })).await;
    let _ = change(&t.member, json!({ "title": "Notes" })).await;
    // A no-op update and a move to another project save no version.
    let _ = change(&t.member, json!({ "title": "Notes" })).await;
    let elsewhere = app.post("/projects").by(&t.manager).json(&json!({ "name": "Other" })).gives(201).await;
    let moved = change(&t.member, json!({ "project_id": elsewhere["id"] })).await;
    assert_eq!(moved["version"], 4);
    // Only admins see the versions from before the move, which another test covers.
    let all = versions(app, &t.admin, &document).await;
    let told: Vec<_> = all.iter().map(|it| (&it["number"], &it["title"], &it["saved_by"])).collect();
    assert_eq!(
        told,
        [
            (&json!(1), &json!("Minutes"), &json!(t.member.id)),
            (&json!(2), &json!("Minutes"), &json!(t.manager.id)),
            (&json!(3), &json!("Notes"), &json!(t.member.id)),
        ]
    );
    assert!(all.iter().all(|version| version.get("content").is_none()), "a list is without the texts");
    let first = app.get(&path(&document, &all[0])).by(&t.admin).gives(200).await;
    assert_eq!((&first["content"], &first["file"]), (&json!("one\n"), &Value::Null));
    let text =
        app.get(&format!("{}/content", path(&document, &all[0]))).by(&t.admin).send().await.expect(200);
    assert_eq!((text.text.as_str(), text.header("content-type")), ("one\n", "text/markdown; charset=utf-8"));
    assert_eq!(
        text.header("content-disposition"),
        "attachment; filename=\"Minutes.md\"; filename*=UTF-8''Minutes.md"
    );
    // Restoring saves a new version that equals the old one.
    let restore = format!("{}/restore", path(&document, &all[0]));
    let _ = app.post(&restore).by(&t.admin).header("if-match", "\"3\"").gives(412).await;
    let restored = app.post(&restore).by(&t.admin).header("if-match", "\"4\"").send().await.expect(200);
    assert_eq!(restored.header("etag"), "\"5\"");
    assert_eq!((&restored.body["title"], &restored.body["content"]), (&json!("Minutes"), &json!("one\n")));
    assert_eq!(restored.body["project_id"], elsewhere["id"], "it stays where it is");
    let all = versions(app, &t.admin, &document).await;
    assert_eq!(all.iter().map(|it| it["number"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 5]);
    // Restoring the current version is a no-op.
    let _ = app.post(&format!("{}/restore", path(&document, &all[3]))).by(&t.admin).gives(200).await;
    assert_eq!(versions(app, &t.admin, &document).await.len(), 4);
    let row = document.rsplit('/').next().unwrap();
    let audit = app.get(&format!("/audit?row={row}&action=restore")).by(&t.admin).gives(200).await;
    assert_eq!(audit["count"], 1);
}

async fn concurrent_writes_save_one_version_each(app: &App) {
    let t = app.tenant().await;
    let document = document(app, &t, "").await;
    let texts: Vec<_> = (0..6).map(|number| format!("text {number}")).collect();
    let all = texts.iter().map(|text| put(app, &t.member, &document, TEXT, text));
    let saved = futures::future::join_all(all).await;
    let versions = versions(app, &t.member, &document).await;
    assert_eq!(versions.len(), 7);
    for answer in saved {
        let answer = answer.expect(200);
        let version = versions.iter().find(|it| it["number"] == answer.body["version"]).unwrap();
        let kept = app.get(&path(&document, version)).by(&t.member).gives(200).await;
        assert_eq!(kept["content"], answer.body["content"]);
    }
}
