//! Pictures of users: `/api/v1/auth/profile/picture` and `/api/v1/users/{id}/picture`.

use actix_web::{HttpResponse, delete, get, http::header, put};
use taskhub_domain::{picture, user::User};
use utoipa::ToSchema;

use super::{App, resource};
use crate::http::{
    answer::Answered,
    extract::{Caller, Id, IfMatch, IfNoneMatch, RawBody, Takes},
};

/// The bytes of a picture.
#[derive(ToSchema)]
#[schema(as = Picture, value_type = String, format = Binary)]
pub(crate) struct Image(#[expect(dead_code, reason = "only described")] Vec<u8>);

impl Takes for Image {
    const TYPES: &'static [&'static str] = &["image/jpeg", "image/png", "image/webp"];
    const MOST: usize = 5 * 1024 * 1024;
}

/// Replace the caller's picture
///
/// Takes a JPEG, PNG or WebP picture of at most 5 MiB, 10,000 pixels on each side and 50 million
/// pixels in all. The server creates a new picture from it: upright, without metadata, and at most
/// 512 pixels on the longer side. It is a PNG if it has transparent parts, otherwise a JPEG.
/// Service accounts get 403 `forbidden`.
#[utoipa::path(
    tag = "auth",
    security(("token" = ["users:write"])),
    request_body(description = "The picture.", content((Image = "image/jpeg"), (Image = "image/png"), (Image = "image/webp"))),
    responses((status = 200, description = "The caller as a user, with the path of the picture.", body = User)),
)]
#[put("/profile/picture")]
pub(crate) async fn replace_picture(
    caller: Caller,
    app: App,
    pre: IfMatch,
    body: RawBody<Image>,
) -> Answered {
    picture::permit(&caller)?;
    let turn = app.turns.of(caller.tenant()).enter().await?;
    let drawn = app.image_processor.draw(turn, body.content_type, body.bytes.clone()).await?;
    let input = (drawn, pre.0);
    resource::change(&caller, &app, &body.bytes, input, |tx, (drawn, pre)| {
        Box::pin(picture::set(tx, drawn, pre))
    })
    .await
}

/// Delete the caller's picture
///
/// Deletes the picture of the user who calls. Service accounts get 403 `forbidden`.
#[utoipa::path(
    tag = "auth",
    security(("token" = ["users:write"])),
    responses((status = 204, description = "No content: the picture was deleted."), (status = 404, description = "The caller has no picture.", body = crate::http::problem::ProblemBody, content_type = "application/problem+json")),
)]
#[delete("/profile/picture")]
pub(crate) async fn delete_picture(caller: Caller, app: App, pre: IfMatch) -> Answered {
    resource::finish(&caller, &app, b"", pre.0, |tx, pre| Box::pin(picture::remove(tx, pre))).await
}

/// Get a user's picture
///
/// Returns the picture of a user. Everybody in the organisation can call this. A client can cache
/// the picture for five minutes. A user without a picture gets 404 `not_found`.
#[utoipa::path(
    tag = "users",
    security(("token" = ["users:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the user."),
        IfNoneMatch,
    ),
    responses((status = 200, description = "The picture.", content((Image = "image/jpeg"), (Image = "image/png")))),
)]
#[get("/{id}/picture")]
pub(crate) async fn get_user_picture(caller: Caller, app: App, id: Id, known: IfNoneMatch) -> Answered {
    let picture = picture::get(&app.repository, &caller, id.0).await?;
    let tag = format!("\"{}\"", picture.digest);
    let mut response = if known.has(&tag) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, tag.clone()))
        .insert_header((header::CACHE_CONTROL, "private, max-age=300"))
        // A shared browser cache must not serve the picture to another caller.
        .append_header((header::VARY, "Authorization"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"));
    if known.has(&tag) {
        return Ok(response.finish());
    }
    let name = if picture.content_type == "image/png" { "picture.png" } else { "picture.jpg" };
    Ok(response
        .content_type(picture.content_type)
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}\"")))
        .body(picture.bytes))
}
