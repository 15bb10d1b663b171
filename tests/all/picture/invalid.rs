//! Invalid pictures and decompression bombs are rejected.

use image::ImageFormat;
use serde_json::Value;
use taskhub_tests::{App, every_database};

use super::{plain, seen, set, written};

every_database!(invalid_picture_is_rejected, decompression_bomb_is_refused_by_its_header);

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
