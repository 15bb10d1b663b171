//! The processed picture: its transparency, rotation, metadata and size.

use image::{GenericImageView, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use taskhub_tests::{App, every_database};

use super::{plain, seen, set, written};

every_database!(
    transparency_is_preserved,
    photograph_is_rotated_and_stripped_of_metadata,
    every_format_is_scaled_down_in_proportion,
);

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
