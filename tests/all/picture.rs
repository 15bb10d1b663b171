//! Scenario tests of profile pictures: accepted formats, the processed result, and visibility.

use std::io::Cursor;

use image::{DynamicImage, GenericImageView, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::Value;
use taskhub_tests::{Answer, App, Tenant, User, every_database};

every_database!(
    picture_is_set_read_replaced_and_deleted,
    transparency_is_preserved,
    photograph_is_rotated_and_stripped_of_metadata,
    every_format_is_scaled_down_in_proportion,
    invalid_picture_is_rejected,
    decompression_bomb_is_refused_by_its_header,
    picture_is_visible_to_users_of_the_tenant_only,
    concurrent_uploads_keep_one_picture,
);

const PATH: &str = "/auth/profile/picture";

fn written(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut octets = Cursor::new(Vec::new());
    picture.write_to(&mut octets, format).unwrap();
    octets.into_inner()
}

fn plain(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_pixel(width, height, Rgb([200, 30, 30])).into()
}

async fn set(app: &App, user: &User, kind: &str, octets: Vec<u8>) -> Answer {
    app.put(PATH).by(user).body(kind, octets).send().await
}

/// The picture as other users get it.
async fn seen(app: &App, of: &User) -> (Answer, DynamicImage) {
    let answer = app.get(&format!("/users/{}/picture", of.id)).by(of).send().await.expect(200);
    let format = ImageFormat::from_mime_type(answer.header("content-type")).unwrap();
    let picture = image::load_from_memory_with_format(&answer.octets, format).unwrap();
    (answer, picture)
}

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

async fn transparency_is_preserved(app: &App) {
    let t = app.tenant().await;
    let mut glass = RgbaImage::from_pixel(600, 300, Rgba([0, 0, 255, 255]));
    for x in 0..300 {
        for y in 0..300 {
            glass.put_pixel(x, y, Rgba([0, 0, 255, 0]));
        }
    }
    for (kind, format) in [("image/png", ImageFormat::Png), ("image/webp", ImageFormat::WebP)] {
        let _ = set(app, &t.member, kind, written(&glass.clone().into(), format)).await.expect(200);
        let (answer, picture) = seen(app, &t.member).await;
        assert_eq!(answer.header("content-type"), "image/png");
        assert_eq!(answer.header("content-disposition"), "inline; filename=\"picture.png\"");
        assert_eq!(picture.dimensions(), (512, 256));
        assert_eq!((picture.get_pixel(20, 100)[3], picture.get_pixel(490, 100)[3]), (0, 255));
    }
    // A fully opaque alpha channel is dropped.
    let opaque = RgbaImage::from_pixel(9, 9, Rgba([1, 2, 3, 255]));
    let _ = set(app, &t.member, "image/png", written(&opaque.into(), ImageFormat::Png)).await.expect(200);
    assert_eq!(seen(app, &t.member).await.0.header("content-type"), "image/jpeg");
}

/// A JPEG whose Exif data has a rotation by 90° and a location.
fn photograph() -> Vec<u8> {
    // The left half is red and the right half blue. Upright, the top is red.
    let picture = RgbImage::from_fn(80, 40, |x, _| if x < 40 { Rgb([250, 0, 0]) } else { Rgb([0, 0, 250]) });
    let jpeg = written(&picture.into(), ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08".to_vec();
    // Two entries: Orientation (short, 6) and the offset of the GPS entries.
    exif.extend(b"\0\x02\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\x88\x25\0\x04\0\0\0\x01\0\0\0\x26\0\0\0\0");
    // One entry: GPSMapDatum, a text.
    exif.extend(b"\0\x01\0\x12\0\x02\0\0\0\x10\0\0\0\x38\0\0\0\0HERE-I-WAS-BORN\0");
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &[0xff, 0xfe, 0, 13], b"A COMMENT..", &jpeg[2..]].concat()
}

async fn photograph_is_rotated_and_stripped_of_metadata(app: &App) {
    let t = app.tenant().await;
    let octets = photograph();
    let holds = |octets: &[u8], word: &[u8]| octets.windows(word.len()).any(|it| it == word);
    let words: [&[u8]; 3] = [b"Exif", b"HERE-I-WAS-BORN", b"A COMMENT"];
    assert!(words.iter().all(|word| holds(&octets, word)));
    let _ = set(app, &t.member, "image/jpeg", octets).await.expect(200);
    let (answer, picture) = seen(app, &t.member).await;
    assert!(!words.iter().any(|word| holds(&answer.octets, word)));
    assert_eq!(picture.dimensions(), (40, 80));
    let (top, bottom) = (picture.get_pixel(20, 10), picture.get_pixel(20, 70));
    assert!(top[0] > 200 && top[2] < 60 && bottom[2] > 200 && bottom[0] < 60, "{top:?} {bottom:?}");
}

async fn every_format_is_scaled_down_in_proportion(app: &App) {
    let t = app.tenant().await;
    for (kind, format) in [
        ("image/png", ImageFormat::Png),
        ("image/jpeg", ImageFormat::Jpeg),
        ("image/webp", ImageFormat::WebP),
    ] {
        for (given, drawn) in [
            ((512, 512), (512, 512)),
            ((1024, 512), (512, 256)),
            ((300, 1500), (102, 512)),
            ((3000, 1), (512, 1)),
            ((7, 5), (7, 5)),
        ] {
            let _ = set(app, &t.member, kind, written(&plain(given.0, given.1), format)).await.expect(200);
            assert_eq!(seen(app, &t.member).await.1.dimensions(), drawn, "{kind} {given:?}");
        }
    }
    // Parameters of the content type are ignored.
    let _ = set(app, &t.member, "Image/PNG; x=y", written(&plain(1, 1), ImageFormat::Png)).await.expect(200);
}

async fn invalid_picture_is_rejected(app: &App) {
    let t = app.tenant().await;
    let png = written(&plain(8, 8), ImageFormat::Png);
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".to_vec();
    let page = b"<!doctype html><script>alert(1)</script>".to_vec();
    let cut = png[..png.len() / 2].to_vec();
    let gif = b"GIF89a\x01\0\x01\0\0\0\0;".to_vec();
    for (kind, octets) in [
        ("image/png", svg.clone()),
        ("image/png", page),
        ("image/png", cut),
        ("image/png", gif),
        ("image/jpeg", png.clone()),
        ("image/webp", png.clone()),
        ("image/png", written(&plain(8, 8), ImageFormat::Jpeg)),
        ("image/webp", b"RIFF\x0c\0\0\0WEBPVP8L".to_vec()),
    ] {
        let refused = set(app, &t.member, kind, octets).await.expect(422);
        assert_eq!((refused.code(), refused.pointer()), ("invalid", ""), "{}", refused.text);
        assert_eq!(refused.body["errors"][0]["code"], "invalid_value");
    }
    for kind in ["image/svg+xml", "image/gif", "text/html", ""] {
        let _ = set(app, &t.member, kind, svg.clone()).await.expect(415);
    }
    assert_eq!(app.get("/auth/profile").by(&t.member).gives(200).await["picture"], Value::Null);
    // Bytes after the end of the picture are discarded.
    let tail = [png, b"<script>alert(1)</script>".to_vec()].concat();
    let _ = set(app, &t.member, "image/png", tail).await.expect(200);
    let (answer, _) = seen(app, &t.member).await;
    assert!(!answer.text.contains("script"));
}

/// A small PNG whose header claims these dimensions.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut png = written(&plain(1, 1), ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = !png[12..29].iter().fold(u32::MAX, |crc, octet| {
        (0..8).fold(crc ^ u32::from(*octet), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    png
}

async fn decompression_bomb_is_refused_by_its_header(app: &App) {
    let t = app.tenant().await;
    // With the true dimensions the same file is accepted.
    let _ = set(app, &t.member, "image/png", bomb(1, 1)).await.expect(200);
    for (width, height) in [(20_000, 20_000), (10_001, 1), (1, 10_001), (10_000, 10_000), (u32::MAX / 2, 1)] {
        let refused = set(app, &t.member, "image/png", bomb(width, height)).await.expect(422);
        let told = refused.body["errors"][0]["message"].as_str().unwrap();
        assert!(told.starts_with("The picture is too large"), "{width}×{height}: {told}");
    }
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
