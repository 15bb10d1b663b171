//! Setting, reading, replacing and deleting a picture, and who sees it.

use image::{GenericImageView, ImageFormat};
use serde_json::Value;
use taskhub_tests::{App, Tenant, every_database};

use super::{PATH, plain, seen, set, written};

every_database!(
    picture_is_set_read_replaced_and_deleted,
    picture_is_visible_to_users_of_the_tenant_only,
    concurrent_uploads_keep_one_picture,
);

async fn picture_is_set_read_replaced_and_deleted(app: &App) {
    let t = app.tenant().await;
    let path = format!("/users/{}/picture", t.member.id);
    let _ = app.get(&path).by(&t.member).gives(404).await;
    let before = app.get("/auth/profile").by(&t.member).gives(200).await;
    assert_eq!(before["picture"], Value::Null);
    let user = set(app, &t.member, "image/png", written(&plain(1, 1), ImageFormat::Png)).await.expect(200);
    assert_eq!(user.body["picture"], format!("/api/v1{path}"));
    assert_eq!(user.header("etag"), format!("\"{}\"", user.body["version"]));
    let (first, picture) = seen(app, &t.member).await;
    assert_eq!(picture.dimensions(), (1, 1));
    for (name, value) in [
        ("content-type", "image/jpeg"),
        ("content-disposition", "inline; filename=\"picture.jpg\""),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, max-age=300"),
    ] {
        assert_eq!(first.header(name), value, "{name}");
    }
    let tag = first.header("etag");
    let known = app.get(&path).by(&t.other).header("if-none-match", tag).send().await.expect(304);
    assert_eq!((known.text.as_str(), known.header("etag")), ("", tag));
    // A picture is not compressed again.
    let packed = app.get(&path).by(&t.other).header("accept-encoding", "gzip").send().await.expect(200);
    assert_eq!((packed.header("content-encoding"), packed.header("etag")), ("", tag));
    // A new picture has a new entity tag, and a stale If-Match is refused.
    let stale = app.put(PATH).by(&t.member).header("if-match", "\"1\"");
    let stale = stale.body("image/png", written(&plain(2, 1), ImageFormat::Png)).send().await.expect(412);
    assert_eq!(stale.code(), "stale");
    let again = set(app, &t.member, "image/png", written(&plain(2, 1), ImageFormat::Png)).await.expect(200);
    assert_eq!(again.body["picture"], user.body["picture"]);
    let (second, picture) = seen(app, &t.member).await;
    assert_eq!(picture.dimensions(), (2, 1));
    assert_ne!(second.header("etag"), tag);
    let _ = app.get(&path).by(&t.other).header("if-none-match", tag).send().await.expect(200);
    let _ = app.delete(PATH).by(&t.member).gives(204).await;
    let _ = app.get(&path).by(&t.member).gives(404).await;
    let _ = app.delete(PATH).by(&t.member).gives(404).await;
    assert_eq!(app.get("/auth/profile").by(&t.member).gives(200).await["picture"], Value::Null);
    let audit = app.get(&format!("/audit?row={}", t.member.id)).by(&t.admin).gives(200).await;
    let actions: Vec<_> =
        audit["results"].as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["remove_picture", "set_picture", "set_picture", "create"]);
}

async fn picture_is_visible_to_users_of_the_tenant_only(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let _ = set(app, &t.member, "image/png", written(&plain(4, 4), ImageFormat::Png)).await.expect(200);
    let path = format!("/users/{}/picture", t.member.id);
    let get = async |t: &Tenant, scopes: &[&str]| app.get(&path).token(&t.service(app, scopes)).send().await;
    for user in [&t.admin, &t.manager, &t.other] {
        let _ = app.get(&path).by(user).send().await.expect(200);
        // The directory of users has the path of the picture.
        let entry = app.get(&format!("/users/{}", t.member.id)).by(user).gives(200).await;
        assert_eq!(entry["picture"], format!("/api/v1{path}"));
    }
    let _ = get(&t, &["users:read"]).await.expect(200);
    let _ = get(&t, &["tasks:read"]).await.expect(403);
    for user in [&u.admin, &u.member] {
        let _ = app.get(&path).by(user).header("if-none-match", "*").gives(404).await;
    }
    let _ = app.get(&path).gives(401).await;
    // A service account has no picture, whatever it sends.
    let service = t.service(app, &["users:read", "users:write"]);
    let _ = app.put(PATH).token(&service).body("image/png", "rubbish").gives(403).await;
    let _ = app.delete(PATH).token(&service).gives(403).await;
    // The picture is deleted with its user.
    let _ = app.delete(&format!("/users/{}", t.member.id)).by(&t.admin).gives(204).await;
    let _ = app.get(&path).by(&t.admin).gives(404).await;
}

async fn concurrent_uploads_keep_one_picture(app: &App) {
    let t = app.tenant().await;
    let pictures =
        (1..=6).map(|side| set(app, &t.member, "image/png", written(&plain(side, 1), ImageFormat::Png)));
    for answer in futures::future::join_all(pictures).await {
        let _ = answer.expect(200);
    }
    let (_, picture) = seen(app, &t.member).await;
    assert!((1..=6).contains(&picture.width()));
}
