//! Scenario tests of the content of a document and its versions.

use serde_json::{Value, json};
use taskhub_domain::{
    context::Request,
    tenant::{self, Quota},
};
use taskhub_tests::{Answer, App, Tenant, User, every_database};

every_database!(
    every_change_of_a_document_saves_a_version,
    stored_file_is_the_content_of_a_document,
    text_replaces_a_stored_file,
    versions_are_compared_as_a_unified_diff,
    version_permissions_follow_the_document,
    invalid_content_is_rejected,
    deleting_a_document_deletes_its_files,
    concurrent_writes_save_one_version_each,
);

const FILE: &str = "application/octet-stream";
const TEXT: &str = "text/markdown";

/// A document of the member in a project of the manager.
async fn document(app: &App, t: &Tenant, content: &str) -> String {
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let body = json!({ "title": "Minutes", "project_id": project["id"], "content": content });
    let made = app.post("/documents").by(&t.member).json(&body).gives(201).await;
    format!("/documents/{}", made["id"].as_str().unwrap())
}

/// The versions, oldest first.
async fn versions(app: &App, by: &User, document: &str) -> Vec<Value> {
    let list = app.get(&format!("{document}/versions?sort=number")).by(by).gives(200).await;
    list["results"].as_array().unwrap().clone()
}

fn path(document: &str, version: &Value) -> String {
    format!("{document}/versions/{}", version["id"].as_str().unwrap())
}

async fn put(app: &App, by: &User, document: &str, kind: &str, octets: &str) -> Answer {
    app.put(&format!("{document}/content")).by(by).body(kind, octets.to_owned()).send().await
}

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

async fn stored_file_is_the_content_of_a_document(app: &App) {
    let t = app.tenant().await;
    let document = document(app, &t, "the text").await;
    let content = format!("{document}/content");
    let text = app.get(&content).by(&t.other).send().await.expect(200);
    assert_eq!((text.text.as_str(), text.header("etag")), ("the text", "\"1\""));
    let known = app.get(&content).by(&t.other).header("if-none-match", "\"1\"").send().await.expect(304);
    assert_eq!(known.text, "");
    let part = app.get(&content).by(&t.other).header("range", "bytes=4-").send().await.expect(206);
    assert_eq!((part.text.as_str(), part.header("content-range")), ("text", "bytes 4-7/8"));
    let send = app.put(&format!("{content}?name=plan.pdf")).by(&t.member).header("if-match", "\"1\"");
    let saved = send.body(FILE, "%PDF-1.7 and so on").send().await.expect(200);
    assert_eq!((saved.header("etag"), &saved.body["content"]), ("\"2\"", &json!("the text")));
    let file = &saved.body["file"];
    assert_eq!((&file["name"], &file["size"]), (&json!("plan.pdf"), &json!(18)));
    assert_eq!(file["media_type"], "application/pdf");
    let got = app.get(&content).by(&t.other).send().await.expect(200);
    assert_eq!((got.text.as_str(), got.header("etag")), ("%PDF-1.7 and so on", "\"2\""));
    assert_eq!(got.header("content-type"), FILE);
    assert_eq!(
        got.header("content-disposition"),
        "attachment; filename=\"plan.pdf\"; filename*=UTF-8''plan.pdf"
    );
    assert_eq!(got.header("content-security-policy"), "sandbox; default-src 'none'");
    // A second file replaces the first; each stays in its version.
    let stale = app.put(&content).by(&t.member).header("if-match", "\"1\"").body(FILE, "x").send().await;
    assert_eq!(stale.expect(412).code(), "stale");
    let _ = put(app, &t.member, &document, FILE, "another").await.expect(200);
    let all = versions(app, &t.member, &document).await;
    assert_eq!(all.len(), 3);
    assert_eq!(all[2]["file"]["name"], "Minutes", "a file without a name has the title");
    for (version, octets) in all.iter().zip(["the text", "%PDF-1.7 and so on", "another"]) {
        let path = format!("{}/content", path(&document, version));
        let got = app.get(&path).by(&t.other).send().await.expect(200);
        assert_eq!(got.text, octets);
        let known = app.get(&path).by(&t.other).header("if-none-match", got.header("etag")).send().await;
        let _ = known.expect(304);
    }
    // A restored version uses the same file, which counts once.
    let _ = app.post(&format!("{}/restore", path(&document, &all[1]))).by(&t.member).gives(200).await;
    assert_eq!(app.get(&content).by(&t.other).send().await.expect(200).text, "%PDF-1.7 and so on");
}

async fn text_replaces_a_stored_file(app: &App) {
    let t = app.tenant().await;
    let document = document(app, &t, "").await;
    let _ = put(app, &t.member, &document, FILE, "octets").await.expect(200);
    let saved = put(app, &t.member, &document, "text/markdown; charset=utf-8", "# Über\n").await.expect(200);
    assert_eq!((&saved.body["content"], &saved.body["file"]), (&json!("# Über\n"), &Value::Null));
    let got = app.get(&format!("{document}/content")).by(&t.other).send().await.expect(200);
    assert_eq!(got.text, "# Über\n");
    let all = versions(app, &t.member, &document).await;
    assert_eq!(all.len(), 3);
    assert_eq!(all[1]["file"]["size"], 6);
}

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

async fn invalid_content_is_rejected(app: &App) {
    let t = app.tenant().await;
    let document = document(app, &t, "one").await;
    let content = format!("{document}/content");
    for wrong in [&b"gr\xfc\xdfe"[..], b"a\0b", "a\u{1b}b".as_bytes(), "ä".repeat(200_001).as_bytes()] {
        let refused = app.put(&content).by(&t.member).body(TEXT, wrong.to_vec()).send().await.expect(422);
        assert_eq!((refused.code(), refused.pointer()), ("invalid", ""));
    }
    let _ = app.put(&format!("{content}?name=x")).by(&t.member).body(TEXT, "x").gives(400).await;
    for kind in ["text/*", "application/x-www-form-urlencoded", "text/markdown; charset=windows-1252"] {
        let _ = app.put(&content).by(&t.member).body(kind, "x").gives(415).await;
    }
    let _ = app
        .put(&content)
        .by(&t.member)
        .header("repr-digest", "sha-256=:AAAA:")
        .body(TEXT, "x")
        .gives(400)
        .await;
    assert_eq!(app.get(&document).by(&t.member).gives(200).await["version"], 1);
    // The longest allowed text.
    let _ = app.put(&content).by(&t.member).body(TEXT, "ä".repeat(200_000)).gives(200).await;
}

async fn deleting_a_document_deletes_its_files(app: &App) {
    let t = app.tenant().await;
    let repository = &app.state.repository;
    let system = repository.system("a test", Request::default());
    let quota = Quota { bytes: 20, files: 2 };
    let ctx = system.within(t.id);
    let write = repository.write(&ctx, quota, |tx, quota| Box::pin(tenant::set_quota(tx, quota)));
    let _ = write.await.unwrap();
    let document = document(app, &t, "one").await;
    for octets in ["ten octets", "ten octetS"] {
        let _ = put(app, &t.member, &document, FILE, octets).await.expect(200);
    }
    // A file that a version uses still counts.
    let full = put(app, &t.member, &document, FILE, "x").await.expect(413);
    assert_eq!(full.code(), "quota_exceeded");
    assert_eq!(versions(app, &t.member, &document).await.len(), 3);
    let all = versions(app, &t.member, &document).await;
    let _ = app.delete(&document).by(&t.member).gives(204).await;
    for version in &all {
        let _ = app.get(&path(&document, version)).by(&t.member).gives(404).await;
    }
    let next = self::document(app, &t, "").await;
    for octets in ["ten octets", "ten octetS"] {
        let _ = put(app, &t.member, &next, FILE, octets).await.expect(200);
    }
    repository.sweep_files(&system, &app.state.blob_store).await.unwrap();
    assert_eq!(app.get(&format!("{next}/content")).by(&t.member).send().await.expect(200).text, "ten octetS");
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
