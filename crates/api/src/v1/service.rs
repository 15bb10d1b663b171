//! Endpoints of the server itself: its health and its public keys.
//!
//! They need no credential and do not know any organisation.

use actix_web::{HttpResponse, get, http::header};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use crate::http::{
    answer::Answered,
    problem::{Code, Problem},
};

/// The health of the server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: a server that is not healthy responds with an error.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Check that the server is running
///
/// Returns 200 as long as the process serves requests. It does not check the database: see
/// `GET /health/ready`.
#[utoipa::path(
    tag = "service",
    security(()),
    responses((status = 200, description = "The server is running.", body = Health)),
)]
#[get("/health/live")]
pub(crate) async fn get_liveness() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// Check that the server can serve requests
///
/// Returns 200 when the database has the schema of this version, and the server can write to it and
/// read the result. Returns 503 otherwise, and as soon as the server begins to stop. `detail` has
/// the reason. The response takes at most one second.
#[utoipa::path(
    tag = "service",
    security(()),
    responses(
        (status = 200, description = "The server can serve requests.", body = Health),
        (
            status = 503,
            description = "The server cannot serve requests, or it is stopping. `detail` has the reason.",
            body = crate::http::problem::ProblemBody,
            content_type = "application/problem+json",
        ),
    ),
    extensions(("x-problems" = json!([Code::Stopping]))),
)]
#[get("/health/ready")]
pub(crate) async fn get_readiness(app: App) -> Answered {
    if app.stopping.has_begun() {
        return Err(Code::Stopping.into());
    }
    app.repository.ready().await.map_err(|why| Problem::new(Code::Unavailable, why.reason()))?;
    Ok(HttpResponse::Ok().json(Health { status: "ok" }))
}

/// Get the public keys
///
/// Returns the JWK set (RFC 7517) with which access tokens are verified. It has no symmetric keys.
/// Fetch it again when the time in `Cache-Control` is over, and when a token names a key that is
/// not in it. A new key is published before it signs tokens, and an old key until its last token
/// has expired.
#[utoipa::path(
    tag = "service",
    security(()),
    responses(
        (
            status = 200,
            description = "The public keys.",
            body = Object,
            content_type = "application/jwk-set+json",
            example = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "2026-01", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }] }),
        ),
    ),
)]
#[get("/.well-known/jwks.json")]
pub(crate) async fn get_jwks(app: App) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/jwk-set+json")
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .body(app.keys.present().set.to_jwks(app.repository.clock().now().seconds()).to_string())
}
