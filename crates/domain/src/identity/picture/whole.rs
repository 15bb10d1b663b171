//! Checks that a picture is complete. Decoders are lenient and fill missing parts with grey.

use image::ImageFormat;

/// Whether the end of the picture is present, as far as its format shows. Bytes after the end are
/// allowed.
pub(super) fn is_whole(format: ImageFormat, bytes: &[u8]) -> bool {
    match format {
        ImageFormat::Jpeg => ends(bytes),
        ImageFormat::WebP => is_as_long_as_announced(bytes).unwrap_or_default(),
        // The PNG decoder is strict.
        _ => true,
    }
}

/// Whether a JPEG has its end marker (EOI, ITU-T T.81 annex B), outside the small pictures within
/// its segments.
fn ends(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some((marker, after)) = next_marker(rest) {
        rest = match marker {
            0xd9 => return true,
            // Markers without a segment.
            0x01 | 0xd0..=0xd8 => after,
            _ => {
                let length = after.first_chunk().map_or(0, |length| usize::from(u16::from_be_bytes(*length)));
                after.get(length.max(2)..).unwrap_or_default()
            }
        };
    }
    false
}

/// The next marker and the bytes after it. In compressed data, 0xFF without a marker is followed by
/// zero.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let is_marker = |pair: &[u8]| matches!(pair, [0xff, 0x01..=0xfe]);
    let at = bytes.windows(2).position(is_marker)?;
    Some((*bytes.get(at + 1)?, bytes.get(at + 2..)?))
}

/// Whether a RIFF file (WebP) has all the bytes that its header announces.
fn is_as_long_as_announced(bytes: &[u8]) -> Option<bool> {
    let length = u32::from_le_bytes(*bytes.get(4..)?.first_chunk()?);
    Some(bytes.len() as u64 >= u64::from(length) + 8)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, Rgb, RgbImage};

    use super::*;
    use crate::identity::picture::draw::draw;

    fn picture(format: ImageFormat) -> Vec<u8> {
        let noise = |x: u32, y: u32| Rgb([x * 37, y * 91, x * y].map(|value| value.to_le_bytes()[0]));
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(RgbImage::from_fn(64, 64, noise)).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_picture_that_was_cut_off_is_refused() {
        for (format, kind) in [
            (ImageFormat::Jpeg, "image/jpeg"),
            (ImageFormat::Png, "image/png"),
            (ImageFormat::WebP, "image/webp"),
        ] {
            let bytes = picture(format);
            assert!(draw(kind, &bytes).is_ok(), "{kind}");
            assert!(draw(kind, &[bytes.as_slice(), b"after the end"].concat()).is_ok(), "{kind} and more");
            for tenths in 1..10 {
                let cut = &bytes[..bytes.len() * tenths / 10];
                assert!(draw(kind, cut).is_err(), "{kind} cut off after {tenths} tenths");
            }
        }
    }

    #[test]
    fn the_end_of_a_small_picture_inside_is_not_the_end() {
        let mut bytes = picture(ImageFormat::Jpeg);
        bytes.truncate(bytes.len() / 2);
        let small = [0xff, 0xe1, 0x00, 0x08, 0xff, 0xd8, 0xff, 0xd9, 0xff, 0xd9];
        bytes.splice(2..2, small);
        assert!(!is_whole(ImageFormat::Jpeg, &bytes));
    }
}
