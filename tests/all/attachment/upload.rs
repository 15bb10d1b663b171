//! Uploading, listing, downloading and deleting an attachment.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, Backend, every_database};

use super::{OCTETS, attach, digest, is_kept, sweep, task, text};

every_database!(attachment_is_uploaded_listed_downloaded_and_deleted, idempotency_key_attaches_a_file_once);

async fn attachment_is_uploaded_listed_downloaded_and_deleted(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, None).await;
    let octets = b"<!doctype html><script>alert(1)</script>";
    let made = attach(app, &t.member, &task, "%C3%9Cber%20%22uns%22.html", octets.to_vec()).await.expect(201);
    let id = text(&made.body["id"]);
    let path = format!("/tasks/{task}/attachments/{id}");
    assert_eq!(made.header("location"), format!("/api/v1{path}"));
    assert_eq!(made.header("etag"), "\"1\"");
    assert_eq!(made.body["name"], "Über \"uns\".html");
    assert_eq!(made.body["size"], octets.len());
    assert_eq!(made.body["media_type"], "text/html");
    assert_eq!(made.body["uploaded_by"], t.member.id.to_string());
    assert_eq!(made.body["task_id"], task);
    assert_eq!(app.get(&path).by(&t.member).gives(200).await, made.body);
    let list = app.get(&format!("/tasks/{task}/attachments")).by(&t.member).gives(200).await;
    assert_eq!((&list["count"], &list["results"][0]), (&json!(1), &made.body));
    let content = format!("{path}/content");
    let got = app.get(&content).by(&t.member).header("accept-encoding", "gzip").send().await.expect(200);
    assert_eq!(got.octets, octets);
    let tag = format!("\"{}\"", made.body["sha256"].as_str().unwrap());
    for (name, value) in [
        ("content-type", OCTETS),
        (
            "content-disposition",
            "attachment; filename=\"_ber _uns_.html\"; filename*=UTF-8''%C3%9Cber%20%22uns%22.html",
        ),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("accept-ranges", "bytes"),
        ("content-encoding", ""),
        ("content-length", "40"),
        ("repr-digest", &digest(octets)),
        ("etag", &tag),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    let known = app.get(&content).by(&t.member).header("if-none-match", &tag).send().await.expect(304);
    assert_eq!((known.text.as_str(), known.header("etag")), ("", tag.as_str()));
    let _ = app.delete(&path).by(&t.member).header("if-match", "\"2\"").gives(412).await;
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    for gone in [&path, &content] {
        let _ = app.get(gone).by(&t.member).gives(404).await;
    }
    let audit = app.get(&format!("/audit?row={id}&sort=at")).by(&t.admin).gives(200).await;
    let actions: Vec<_> = audit["results"].as_array().unwrap().iter().map(|line| &line["action"]).collect();
    assert_eq!(actions, ["create", "delete"]);
    sweep(app).await;
    // On a shared database the server of another test may have swept the row. The object is deleted
    // when it is a day old.
    if app.backend != Backend::Sqlite {
        app.clock.advance(Duration::from_hours(25));
        sweep(app).await;
    }
    assert!(!is_kept(app, &t, &id).await);
    // An empty file is a file.
    let empty = attach(app, &t.member, &task, "empty", Vec::new()).await;
    if app.backend == Backend::Sqlite {
        let empty = empty.expect(201);
        let path = format!("/tasks/{task}/attachments/{}/content", empty.body["id"].as_str().unwrap());
        let got = app.get(&path).by(&t.member).send().await.expect(200);
        assert_eq!((got.octets.len(), got.header("content-length")), (0, "0"));
        let _ = app.get(&path).by(&t.member).header("range", "bytes=0-0").send().await.expect(416);
    }
}

async fn idempotency_key_attaches_a_file_once(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, None).await;
    let send = async |name: &str, octets: &'static str| {
        let call = app.post(&format!("/tasks/{task}/attachments?name={name}")).by(&t.member);
        call.header("idempotency-key", "once").body(OCTETS, octets).send().await
    };
    let first = send("a", "hello").await.expect(201);
    let again = send("a", "hello").await.expect(201);
    assert_eq!((&again.body, again.header("idempotency-replayed")), (&first.body, "true"));
    for (name, octets) in [("b", "hello"), ("a", "hallo")] {
        assert_eq!(send(name, octets).await.expect(422).code(), "idempotency_mismatch");
    }
    let list = app.get(&format!("/tasks/{task}/attachments")).by(&t.member).gives(200).await;
    assert_eq!(list["count"], 1);
    let path = format!("/tasks/{task}/attachments/{}/content", first.body["id"].as_str().unwrap());
    assert_eq!(app.get(&path).by(&t.member).send().await.expect(200).text, "hello");
}
