//! Scenario tests of profile pictures: accepted formats, the processed result, and visibility.

mod basics;
mod invalid;
mod processed;

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use taskhub_tests::{Answer, App, User};

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
