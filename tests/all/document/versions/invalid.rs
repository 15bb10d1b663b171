//! Invalid content is rejected.

use taskhub_tests::{App, every_database};

use super::{TEXT, document};

every_database!(invalid_content_is_rejected);

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
