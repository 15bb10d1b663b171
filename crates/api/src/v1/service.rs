//! The server itself: its health, and its keys.

use actix_web::{HttpResponse, get, http::header};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use crate::{
    answer::Answered,
    problem::{Code, Problem},
};

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether the server runs
#[utoipa::path(tag = "service", security(()), responses((status = 200, description = "It runs.", body = Health)))]
#[get("/health/live")]
pub(crate) async fn get_liveness() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// Whether the server can serve
///
/// It can when the database has the schema of this version, and has stored a write of this server and given it back, and until it is told to
/// stop. The answer comes within a second; `detail` says why the server can't serve.
#[utoipa::path(tag = "service", security(()), responses((status = 200, description = "It can.", body = Health), (status = 503, description = "It can't, for the reason in `detail`, or the server stops.", body = crate::problem::ProblemBody, content_type = "application/problem+json")))]
#[get("/health/ready")]
pub(crate) async fn get_readiness(app: App) -> Answered {
    if app.stopping.has_begun() {
        return Err(Code::Stopping.into());
    }
    app.store.ready().await.map_err(|why| Problem::new(Code::Unavailable, why.reason()))?;
    Ok(HttpResponse::Ok().json(Health { status: "ok" }))
}

/// Get the public keys
///
/// A JWK set (RFC 7517) to verify access tokens with. It holds no symmetric key. Fetch it anew after the time in `Cache-Control`, and when
/// a token names a key that it lacks: a new key stands here before it signs, and an old one for as long as there are tokens of it.
#[utoipa::path(tag = "service", security(()), responses((status = 200, description = "The keys.", body = Object, content_type = "application/jwk-set+json", example = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "2026-01", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }] }))))]
#[get("/.well-known/jwks.json")]
pub(crate) async fn get_jwks(app: App) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/jwk-set+json")
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .body(app.keys.present().set.to_jwks(app.store.clock().now().seconds()).to_string())
}
