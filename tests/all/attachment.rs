//! Scenario tests of attachments: bytes come back unchanged, only to callers with access, and are
//! deleted permanently.

mod sending;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use futures::stream;
use serde_json::{Value, json};
use taskhub_domain::{
    context::Request,
    tenant::{self, Quota},
};
use taskhub_tests::{Answer, App, Backend, Tenant, User, every_database};
use tempfile::TempDir;
use uuid::Uuid;

every_database!(
    attachment_is_uploaded_listed_downloaded_and_deleted,
    range_requests_return_parts_of_a_file,
    attachment_permissions_follow_the_task,
    attachment_is_isolated_from_other_tenants,
    invalid_name_media_type_or_size_is_rejected,
    digest_mismatch_is_rejected_with_422,
    concurrent_uploads_do_not_exceed_the_quota,
    idempotency_key_attaches_a_file_once,
    large_file_is_streamed_both_ways,
    corrupt_file_is_never_sent_as_complete,
    objects_left_over_by_a_crash_are_swept,
    attachments_are_deleted_permanently_with_their_task,
);

const OCTETS: &str = "application/octet-stream";

async fn task(app: &App, by: &User, project: Option<&str>) -> String {
    let body = json!({ "title": "Draw it", "project_id": project });
    text(&app.post("/tasks").by(by).json(&body).gives(201).await["id"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn attach(app: &App, by: &User, task: &str, name: &str, octets: impl Into<reqwest::Body>) -> Answer {
    app.post(&format!("/tasks/{task}/attachments?name={name}")).by(by).body(OCTETS, octets).send().await
}

fn digest(octets: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(taskhub_auth::secret::sha256(octets)))
}

async fn sweep(app: &App) {
    let repository = &app.state.repository;
    repository
        .sweep_files(&repository.system("a test", Request::default()), &app.state.blob_store)
        .await
        .unwrap();
}

async fn is_kept(app: &App, t: &Tenant, id: &str) -> bool {
    app.state.blob_store.has(t.id, id.parse().unwrap()).await.unwrap()
}

async fn set_quota(app: &App, t: &Tenant, bytes: i64, files: i64) {
    let repository = &app.state.repository;
    let ctx = repository.system("a test", Request::default()).within(t.id);
    let write =
        repository.write(&ctx, Quota { bytes, files }, |tx, quota| Box::pin(tenant::set_quota(tx, quota)));
    let _ = write.await.unwrap();
}

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

async fn range_requests_return_parts_of_a_file(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, None).await;
    let octets: Vec<u8> = (0..100_000_u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
    let made = attach(app, &t.member, &task, "a.bin", octets.clone()).await.expect(201);
    let path = format!("/tasks/{task}/attachments/{}/content", made.body["id"].as_str().unwrap());
    let tag = format!("\"{}\"", made.body["sha256"].as_str().unwrap());
    let get = async |range: &str, of: Option<&str>| {
        let call = app.get(&path).by(&t.member).header("range", range);
        match of {
            Some(tag) => call.header("if-range", tag).send().await,
            None => call.send().await,
        }
    };
    // An invalid range is ignored, unless the header is too long.
    assert_eq!(get(&"x".repeat(4096), None).await.expect(200).octets, octets);
    assert_eq!(get(&"x".repeat(4097), None).await.expect(400).code(), "invalid_header");
    for (range, first, end) in [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=99990-", 99_990, 100_000),
        ("bytes=99990-1000000", 99_990, 100_000),
        ("bytes=-5", 99_995, 100_000),
        ("bytes=-1000000", 0, 100_000),
    ] {
        let part = get(range, Some(&tag)).await.expect(206);
        assert_eq!(part.octets, octets[first..end], "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {first}-{}/100000", end - 1));
        assert_eq!(part.header("content-length"), (end - first).to_string());
        assert_eq!(
            (part.header("etag"), part.header("repr-digest")),
            (tag.as_str(), digest(&octets).as_str())
        );
    }
    for range in ["bytes=100000-", "bytes=-0", "bytes=200000-300000"] {
        let none = get(range, None).await.expect(416);
        assert_eq!((none.code(), none.header("content-range")), ("range_not_satisfiable", "bytes */100000"));
    }
    // Several ranges, or an If-Range of another file, return the whole file.
    for (range, of) in [
        ("bytes=0-1,5-6", None),
        ("bytes=9-1", None),
        ("lines=0-1", None),
        ("bytes=0-1", Some("\"another\"")),
        ("bytes=0-1", Some("W/\"weak\"")),
    ] {
        assert_eq!(get(range, of).await.expect(200).octets, octets, "{range}");
    }
}

async fn attachment_permissions_follow_the_task(app: &App) {
    let t = app.tenant().await;
    // All users see a manager's project without a team, and managers manage it.
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let open = task(app, &t.manager, project["id"].as_str()).await;
    let personal = task(app, &t.member, None).await;
    let put = async |task: &str, by: &User| attach(app, by, task, "a.txt", "hello").await;
    for user in [&t.admin, &t.manager, &t.member, &t.other] {
        let made = put(&open, user).await.expect(201);
        let path = format!("/tasks/{open}/attachments/{}", made.body["id"].as_str().unwrap());
        for reader in [&t.admin, &t.manager, &t.member, &t.other] {
            let got = app.get(&format!("{path}/content")).by(reader).send().await.expect(200);
            assert_eq!(got.text, "hello");
        }
        // A user who only sees the task cannot delete the attachment; its uploader can.
        let stranger = if user.id == t.other.id { &t.member } else { &t.other };
        let _ = app.delete(&path).by(stranger).gives(403).await;
        let _ = app.delete(&path).by(user).gives(204).await;
    }
    for remover in [&t.admin, &t.manager] {
        let made = put(&open, &t.member).await.expect(201);
        let path = format!("/tasks/{open}/attachments/{}", made.body["id"].as_str().unwrap());
        let _ = app.delete(&path).by(remover).gives(204).await;
    }
    // Attachments of an invisible task are invisible.
    let made = put(&personal, &t.member).await.expect(201);
    let path = format!("/tasks/{personal}/attachments/{}", made.body["id"].as_str().unwrap());
    for path in [path.clone(), format!("{path}/content"), format!("/tasks/{personal}/attachments")] {
        let _ = app.get(&path).by(&t.other).gives(404).await;
    }
    assert_eq!(put(&personal, &t.other).await.expect(404).code(), "not_found");
    let _ = app.delete(&path).by(&t.other).gives(404).await;
    // The attachment is not found below another task.
    let _ = app.get(&path.replace(&personal, &open)).by(&t.member).gives(404).await;
    // A service account has the permissions that its scopes name.
    let service = |scopes: &[&str]| t.service(app, scopes);
    let content = format!("{path}/content");
    let _ = app.get(&content).token(&service(&["attachments:read", "tasks:read"])).gives(200).await;
    let _ = app.get(&content).token(&service(&["tasks:read", "tasks:write"])).gives(403).await;
    let sent = app.post(&format!("/tasks/{open}/attachments?name=x")).body(OCTETS, "x");
    let made = sent.token(&service(&["attachments:write", "tasks:read"])).gives(201).await;
    assert_eq!(made["uploaded_by"], Value::Null);
    // The reported permissions agree with what the caller can do.
    let asked = format!("/auth/permissions?noun=attachment&id={}", made["id"].as_str().unwrap());
    let told = app.get(&asked).by(&t.other).gives(200).await;
    let delete = told["actions"].as_array().unwrap().iter().find(|it| it["action"] == "delete").unwrap();
    assert_eq!(delete["allowed"], false);
}

async fn attachment_is_isolated_from_other_tenants(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let (ours, theirs) = (task(app, &t.member, None).await, task(app, &u.member, None).await);
    let made = attach(app, &t.member, &ours, "a.txt", "secret").await.expect(201);
    let id = text(&made.body["id"]);
    for task in [&ours, &theirs] {
        for path in
            [format!("/tasks/{task}/attachments/{id}"), format!("/tasks/{task}/attachments/{id}/content")]
        {
            let _ = app.get(&path).by(&u.admin).header("if-none-match", "*").gives(404).await;
            let _ = app.get(&path).gives(401).await;
        }
    }
    assert_eq!(attach(app, &u.admin, &ours, "a.txt", "mine").await.expect(404).code(), "not_found");
    let _ = app.delete(&format!("/tasks/{theirs}/attachments/{id}")).by(&u.admin).gives(404).await;
    assert!(is_kept(app, &t, &id).await);
}

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

async fn large_file_is_streamed_both_ways(app: &App) {
    let t = app.tenant().await;
    let app = app.second(&["--file-limit", "60000000"]).await;
    let task = task(&app, &t.member, None).await;
    let piece: Vec<u8> = (0..65_537_u32).map(|i| u8::try_from(i * 7 % 253).unwrap()).collect();
    let pieces = 800;
    let sent = stream::iter((0..pieces).map({
        let piece = piece.clone();
        move |_| Ok::<_, std::io::Error>(piece.clone())
    }));
    let made = attach(&app, &t.member, &task, "x", reqwest::Body::wrap_stream(sent)).await.expect(201);
    let whole = piece.repeat(pieces);
    assert_eq!(made.body["size"], whole.len());
    let path = format!("/tasks/{task}/attachments/{}/content", made.body["id"].as_str().unwrap());
    let got = app.get(&path).by(&t.member).send().await.expect(200);
    assert!(got.octets == whole);
    assert_eq!(got.header("repr-digest"), digest(&whole));
    let part =
        app.get(&path).by(&t.member).header("range", "bytes=30000000-30000099").send().await.expect(206);
    assert_eq!(part.octets, whole[30_000_000..30_000_100]);
    app.finish().await;
}

async fn corrupt_file_is_never_sent_as_complete(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, None).await;
    let octets = vec![7; 200_000];
    let id = text(&attach(app, &t.member, &task, "a.bin", octets.clone()).await.expect(201).body["id"]);
    let path = format!("/tasks/{task}/attachments/{id}/content");
    let file = app.state.settings.data_dir.join("files").join(t.id.to_string()).join(&id);
    let get = || app.get(&path).by(&t.member);
    // One byte is wrong: the response is cut off before its end.
    let mut rotten = octets.clone();
    rotten[3] = 8;
    std::fs::write(&file, &rotten).unwrap();
    let got = get().open().await;
    assert_eq!((got.status().as_u16(), got.content_length()), (200, Some(200_000)));
    let _ = got.bytes().await.unwrap_err();
    // A wrong length is noticed at once, whichever range is requested.
    for octets in [&octets[..199_999], &[octets.as_slice(), b"x"].concat()] {
        std::fs::write(&file, octets).unwrap();
        app.expect_faults(2);
        let _ = get().send().await.expect(500);
        let _ = get().header("range", "bytes=0-9").send().await.expect(500);
    }
    std::fs::write(&file, &octets).unwrap();
    assert_eq!(get().send().await.expect(200).octets, octets);
}

async fn objects_left_over_by_a_crash_are_swept(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, None).await;
    let kept = text(&attach(app, &t.member, &task, "x", "kept").await.expect(201).body["id"]);
    let blob_store = &app.state.blob_store;
    // One object was received completely, but its row was never written; the other was received in
    // part.
    let whole = app.clock.now().new_id(t.id);
    let mut receiving = blob_store.receive(t.id, whole);
    receiving.take("orphan".into()).await.unwrap();
    let _ = receiving.finish().await.unwrap();
    let half = app.clock.now().new_id(t.id);
    let mut receiving = blob_store.receive(t.id, half);
    for _ in 0..7 {
        receiving.take(vec![0; 1 << 20].into()).await.unwrap();
    }
    std::mem::forget(receiving);
    let folder = app.state.settings.data_dir.join("files").join(t.id.to_string());
    let files = || -> Vec<_> {
        let mut names: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(files().len(), 3, "{:?}", files());
    // A file that TaskHub did not write is left alone.
    std::fs::write(folder.join("notes.txt"), "x").unwrap();
    for (hours, left) in [(0, 4), (23, 4), (2, 2)] {
        app.clock.advance(Duration::from_hours(hours));
        sweep(app).await;
        assert_eq!(files().len(), left, "{:?}", files());
    }
    assert_eq!(files(), [kept.as_str(), "notes.txt"]);
    // An aborted upload is removed at once.
    let given_up = blob_store.receive(t.id, Uuid::from_u128(7));
    drop(given_up);
    assert!(!blob_store.has(t.id, Uuid::from_u128(7)).await.unwrap());
}

async fn attachments_are_deleted_permanently_with_their_task(app: &App) {
    let t = app.tenant().await;
    set_quota(app, &t, 10, 10).await;
    let gone = task(app, &t.member, None).await;
    let id = text(&attach(app, &t.member, &gone, "x", "ten octets").await.expect(201).body["id"]);
    let _ = app.delete(&format!("/tasks/{gone}")).by(&t.member).gives(204).await;
    let _ = app.get(&format!("/tasks/{gone}/attachments/{id}")).by(&t.admin).gives(404).await;
    sweep(app).await;
    let next = task(app, &t.member, None).await;
    // The task can be restored, so its files still count against the quota.
    let _ = attach(app, &t.member, &next, "x", "ten octets").await.expect(413);
    assert!(is_kept(app, &t, &id).await);
    let _ = app.delete(&format!("/tasks/deleted/{gone}")).by(&t.member).gives(204).await;
    let next = task(app, &t.member, None).await;
    let _ = attach(app, &t.member, &next, "x", "ten octets").await.expect(201);
    app.clock.advance(Duration::from_hours(25));
    sweep(app).await;
    assert!(!is_kept(app, &t, &id).await);
}

#[test]
fn files_setting_accepts_a_folder_or_a_bucket() {
    use taskhub::config::Settings;
    let folder = TempDir::new().unwrap();
    let set = |place: &str| {
        Settings::from_flags(&["--data-dir", &folder.path().display().to_string(), "--files", place])
    };
    for right in ["file:///var/files", "s3://bucket", "s3://bucket/a/prefix/"] {
        assert!(set(right).is_ok(), "{right}");
    }
    for wrong in ["", "files", "ftp://x", "file://host/x", "s3://", "s3://bucket?x=y", "https://bucket"] {
        assert!(set(wrong).is_err(), "{wrong}");
    }
}
