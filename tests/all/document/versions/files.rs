//! The content of a document as a stored file, and text in its place.

use serde_json::{Value, json};
use taskhub_domain::{
    context::Request,
    tenant::{self, Quota},
};
use taskhub_tests::{App, every_database};

use super::{FILE, document, path, put, versions};

every_database!(
    stored_file_is_the_content_of_a_document,
    text_replaces_a_stored_file,
    deleting_a_document_deletes_its_files,
);

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
