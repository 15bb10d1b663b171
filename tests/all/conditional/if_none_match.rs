//! `If-None-Match`, and which entity tag a response has.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::task;

every_database!(
    matching_if_none_match_gets_304,
    if_none_match_rejects_an_update_of_an_existing_row,
    no_op_update_keeps_the_version,
    every_content_coding_has_its_own_etag,
);

async fn matching_if_none_match_gets_304(app: &App) {
    let t = app.tenant().await;
    let path = task(app, &t).await;
    for path in
        [path.clone(), "/tenant".to_owned(), "/auth/profile".to_owned(), format!("/users/{}", t.other.id)]
    {
        let fresh = app.get(&path).by(&t.member).send().await.expect(200);
        let tag = fresh.header("etag").to_owned();
        assert_eq!(tag, format!("\"{}\"", fresh.body["version"]), "{path}");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let same = app.get(&path).by(&t.member).header("if-none-match", &known).send().await.expect(304);
            assert_eq!((same.text.as_str(), same.header("etag")), ("", tag.as_str()), "{known}");
        }
        for known in ["\"0\"", "\"x\"", "W/\"99\""] {
            let _ = app.get(&path).by(&t.member).header("if-none-match", known).gives(200).await;
        }
    }
    let _ = app.patch(&path).by(&t.member).json(&json!({ "title": "After" })).gives(200).await;
    let changed = app.get(&path).by(&t.member).header("if-none-match", "\"1\"").send().await.expect(200);
    assert_eq!(changed.header("etag"), "\"2\"");
    // A caller of another tenant gets 404, whatever tag is sent.
    let u = app.tenant().await;
    let _ = app.get(&path).by(&u.admin).header("if-none-match", "*").gives(404).await;
}

async fn no_op_update_keeps_the_version(app: &App) {
    let t = app.tenant().await;
    let path = task(app, &t).await;
    let before = app.get(&path).by(&t.member).gives(200).await;
    for body in [json!({}), json!({ "title": " Before " }), json!({ "description": null })] {
        let same = app.patch(&path).by(&t.member).json(&body).send().await.expect(200);
        assert_eq!((same.header("etag"), &same.body), ("\"1\"", &before), "{body}");
    }
    let audit = format!("/audit?row={}", before["id"].as_str().unwrap());
    assert_eq!(app.get(&audit).by(&t.admin).gives(200).await["count"], 1);
}

async fn every_content_coding_has_its_own_etag(app: &App) {
    let t = app.tenant().await;
    let path = task(app, &t).await;
    let get = async |coding: &str, known: &str| {
        let call = app.get(&path).by(&t.member).header("accept-encoding", coding);
        let call = if known.is_empty() { call } else { call.header("if-none-match", known) };
        call.send().await
    };
    let tags =
        [("identity", "\"1\""), ("gzip", "\"1-gzip\""), ("zstd", "\"1-zstd\""), ("deflate", "\"1-deflate\"")];
    for (coding, tag) in tags {
        let fresh = get(coding, "").await.expect(200);
        assert_eq!(fresh.header("etag"), tag);
        let told = if coding == "identity" { "" } else { coding };
        assert_eq!(fresh.header("content-encoding"), told);
        // A tag matches only for the coding that it names.
        for known in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}"), format!("\"0\",{tag}")] {
            let same = get(coding, &known).await.expect(304);
            assert_eq!((same.text.as_str(), same.header("etag")), ("", tag), "{known}");
        }
        let other = get(coding, &tag.replace('1', "7")).await.expect(200);
        assert_eq!(other.header("etag"), tag);
    }
    // If-Match accepts the tag of any coding.
    let mut version = 1;
    for coding in ["gzip", "zstd", "deflate", "identity"] {
        let tag = get(coding, "").await.expect(200).header("etag").to_owned();
        let change = async |title: &str| {
            let call =
                app.patch(&path).by(&t.member).header("if-match", &tag).header("accept-encoding", coding);
            call.json(&json!({ "title": format!("{title} {coding}") })).send().await
        };
        let changed = change("After").await.expect(200);
        version += 1;
        let next = tag.replacen(&(version - 1).to_string(), &version.to_string(), 1);
        assert_eq!(changed.header("etag"), next);
        assert_eq!(change("Late").await.expect(412).header("etag"), "");
    }
    // A tag with an unknown coding does not match, nor does a weak tag.
    for tag in ["\"5-br\"", "\"5-\"", "\"-gzip\"", "W/\"5-gzip\"", "\"5-gzip-gzip-x\""] {
        let call = app.patch(&path).by(&t.member).header("if-match", tag).json(&json!({ "title": "Never" }));
        assert_eq!(call.send().await.expect(412).code(), "stale", "{tag}");
    }
}

async fn if_none_match_rejects_an_update_of_an_existing_row(app: &App) {
    let t = app.tenant().await;
    let path = task(app, &t).await;
    let change = json!({ "title": "After" });
    for tag in ["*", "\"1\"", "W/\"1\"", "\"7\", \"1\""] {
        let refused = app.patch(&path).by(&t.member).header("if-none-match", tag).json(&change).send().await;
        assert_eq!(refused.expect(412).code(), "stale", "{tag}");
        let refused = app.delete(&path).by(&t.member).header("if-none-match", tag).send().await;
        assert_eq!(refused.expect(412).code(), "stale", "{tag}");
    }
    let other = app.patch(&path).by(&t.member).header("if-none-match", "\"2\"").json(&change).send().await;
    assert_eq!(other.expect(200).header("etag"), "\"2\"");
}
