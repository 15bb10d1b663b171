//! Rejected uploads: a wrong name, media type, size or digest, and a full quota.

use futures::stream;
use taskhub_tests::{App, every_database};

use super::{OCTETS, attach, digest, set_quota, task};

every_database!(
    invalid_name_media_type_or_size_is_rejected,
    digest_mismatch_is_rejected_with_422,
    concurrent_uploads_do_not_exceed_the_quota,
);

async fn invalid_name_media_type_or_size_is_rejected(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, None).await;
    for name in ["", "%20", "a%2Fb", "..", "a%5Cb", "a%0Ab", "%E2%80%AEgpj.exe", &"x".repeat(256)] {
        let refused = attach(app, &t.member, &task, name, "x").await.expect(400);
        assert_eq!((refused.code(), refused.pointer()), ("invalid_parameter", "name"), "{name}");
    }
    let path = format!("/tasks/{task}/attachments");
    let _ = app.post(&path).by(&t.member).body(OCTETS, "x").gives(400).await;
    for kind in ["", "multipart/mixed; boundary=x", "application/x-www-form-urlencoded", "*/*"] {
        let refused =
            app.post(&format!("{path}?name=x")).by(&t.member).body(kind, "x").send().await.expect(415);
        assert!(refused.body["detail"].as_str().unwrap().contains("multipart/form-data"), "{}", refused.text);
    }
    let packed = app.post(&format!("{path}?name=x")).by(&t.member).header("content-encoding", "gzip");
    let _ = packed.body(OCTETS, "x").gives(415).await;
    // A file over the limit is refused, with and without a Content-Length.
    let limit = usize::try_from(app.state.settings.file_limit).unwrap();
    let large = vec![0; limit + 1];
    assert_eq!(
        attach(app, &t.member, &task, "x", large.clone()).await.expect(413).code(),
        "payload_too_large"
    );
    let pieces: Vec<_> = large.chunks(1 << 16).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
    let body = reqwest::Body::wrap_stream(stream::iter(pieces));
    assert_eq!(attach(app, &t.member, &task, "x", body).await.expect(413).code(), "payload_too_large");
    let _ = attach(app, &t.member, &task, "x", vec![0; limit]).await.expect(201);
    let list = app.get(&path).by(&t.member).gives(200).await;
    assert_eq!(list["count"], 1, "what was refused is not there");
}

async fn digest_mismatch_is_rejected_with_422(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, None).await;
    let path = format!("/tasks/{task}/attachments?name=x");
    let send = async |digest: &str| {
        app.post(&path).by(&t.member).header("repr-digest", digest).body(OCTETS, "hello").send().await
    };
    let refused = send(&digest(b"hallo")).await.expect(422);
    assert_eq!((refused.code(), refused.pointer()), ("invalid", ""));
    assert_eq!(refused.body["errors"][0]["code"], "digest_mismatch");
    for wrong in ["sha-256", "sha-256=hello", "sha-256=:!:", "sha-256=:aGVsbG8=:", ""] {
        assert_eq!(send(wrong).await.expect(400).code(), "invalid_header", "{wrong}");
    }
    let _ = send(&digest(b"hello")).await.expect(201);
    let _ = send(&format!("md5=:XUFAKrxLKna5cZ2REBfFkg==:, {}", digest(b"hello"))).await.expect(201);
    let list = app.get(&format!("/tasks/{task}/attachments")).by(&t.member).gives(200).await;
    assert_eq!(list["count"], 2);
}

async fn concurrent_uploads_do_not_exceed_the_quota(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, None).await;
    assert_eq!(app.get("/tenant").by(&t.member).gives(200).await["file_count_quota"], 100_000);
    set_quota(app, &t, 25, 100).await;
    let all = (0..8).map(|_| attach(app, &t.member, &task, "x", "ten octets"));
    let answers = futures::future::join_all(all).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 2, "{answers:?}");
    let refused = answers.iter().find(|answer| answer.status != 201).unwrap().clone().expect(413);
    assert_eq!(refused.code(), "quota_exceeded");
    // Five bytes are left. A deleted attachment frees its bytes immediately, and only once.
    let _ = attach(app, &t.member, &task, "x", "12345").await.expect(201);
    let _ = attach(app, &t.member, &task, "x", "1").await.expect(413);
    let path = format!("/tasks/{task}/attachments/{}", made[0].body["id"].as_str().unwrap());
    let twice =
        futures::join!(app.delete(&path).by(&t.member).send(), app.delete(&path).by(&t.member).send());
    let mut told = [twice.0.status, twice.1.status];
    told.sort_unstable();
    assert_eq!(told, [204, 404]);
    let _ = attach(app, &t.member, &task, "x", "ten octets").await.expect(201);
    let _ = attach(app, &t.member, &task, "x", "1").await.expect(413);
    // The number of files is limited, too.
    set_quota(app, &t, 1000, 4).await;
    let _ = attach(app, &t.member, &task, "x", "").await.expect(201);
    assert_eq!(attach(app, &t.member, &task, "x", "").await.expect(413).code(), "quota_exceeded");
    // Each organisation has its own quota.
    let u = app.tenant().await;
    let theirs = self::task(app, &u.member, None).await;
    let _ = attach(app, &u.member, &theirs, "x", "ten octets").await.expect(201);
}
