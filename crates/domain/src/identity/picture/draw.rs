//! Creates a new picture from an uploaded one: small, upright, and with nothing but the pixels.
//!
//! Invariant: the header of a picture is checked before its pixels take memory. The output is
//! encoded here, so it holds neither metadata nor hidden bytes of the input.

use std::io::Cursor;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgba,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
    imageops::FilterType,
    metadata::Orientation,
};
use taskhub_auth::secret::sha256;

use super::whole::is_whole;
use crate::{Error, Result};

/// The longer side of the output, in pixels.
const SIDE: u32 = 512;
/// The longest side of the input, in pixels.
const LONGEST: u32 = 10_000;
/// The largest number of pixels of the input.
const MOST_PIXELS: u64 = 50_000_000;
/// The largest size of the decoded input, in bytes: four for each pixel.
const MOST_MEMORY: u64 = 4 * MOST_PIXELS;
/// The quality of a JPEG, of 100.
const QUALITY: u8 = 85;

/// A picture that was created here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// `image/jpeg`, or `image/png` if it has transparent parts.
    pub content_type: &'static str,
    /// The SHA-256 of the bytes, in base64url.
    pub digest: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Creates a new picture from the bytes of one with this content type.
///
/// # Errors
/// `Invalid` if the bytes are no such picture, or it is too large.
pub(super) fn draw(content_type: &str, octets: &[u8]) -> Result<Drawn> {
    let format = ImageFormat::from_mime_type(content_type)
        .ok_or_else(|| refused("Must be a picture: JPEG, PNG or WebP."))?;
    if !is_whole(format, octets) {
        return Err(refused("Must be a complete picture of the content type that was sent."));
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST);
    limits.max_image_height = Some(LONGEST);
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(octets), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| unread(&error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS || decoder.total_bytes() > MOST_MEMORY {
        return Err(too_large());
    }
    // A picture with an invalid orientation is shown as it is.
    let held = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| unread(&error))?;
    if width.max(height) > SIDE {
        picture = picture.resize(SIDE, SIDE, FilterType::Lanczos3);
    }
    picture.apply_orientation(held);
    write(picture).map_err(Error::internal)
}

fn write(picture: DynamicImage) -> std::result::Result<Drawn, ImageError> {
    let picture = picture.into_rgba8();
    let mut bytes = Vec::new();
    let content_type = if picture.pixels().all(|Rgba([.., alpha])| *alpha == u8::MAX) {
        let opaque = DynamicImage::from(picture).into_rgb8();
        opaque.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))?;
        "image/jpeg"
    } else {
        picture.write_with_encoder(PngEncoder::new(&mut bytes))?;
        "image/png"
    };
    Ok(Drawn { content_type, digest: URL_SAFE_NO_PAD.encode(sha256(&bytes)), bytes })
}

fn unread(error: &ImageError) -> Error {
    match error {
        ImageError::Limits(_) => too_large(),
        _ => refused("Must be a picture of the content type that was sent."),
    }
}

fn too_large() -> Error {
    refused(
        "The picture is too large: it must have at most 10,000 pixels on each side and 50 million in all.",
    )
}

fn refused(message: &str) -> Error {
    Error::field("", "invalid_value", message)
}
