//! The metadata that OAuth 2 clients discover (RFC 8414).

use actix_web::{HttpResponse, get};
use serde::Serialize;
use taskhub_domain::scopes;
use utoipa::ToSchema;

use super::super::App;

/// The metadata of the authorization server (RFC 8414 section 2).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuthorizationServer {
    /// The issuer (`iss`) of all tokens: the public URL of the server.
    #[schema(example = "https://hub.example")]
    issuer: String,
    /// The URL for access tokens.
    #[schema(example = "https://hub.example/api/v1/auth/token")]
    token_endpoint: String,
    /// The URL of the public keys that verify access tokens (RFC 7517).
    #[schema(example = "https://hub.example/.well-known/jwks.json")]
    jwks_uri: String,
    /// The URL for revoking a token (RFC 7009).
    #[schema(example = "https://hub.example/api/v1/auth/token/revoke")]
    revocation_endpoint: String,
    /// The URL for introspecting a token (RFC 7662).
    #[schema(example = "https://hub.example/api/v1/auth/token/introspect")]
    introspection_endpoint: String,
    /// The URL of the API documentation.
    #[schema(example = "https://hub.example/api/docs/")]
    service_documentation: String,
    /// All scopes that a token can have.
    scopes_supported: Vec<String>,
    /// Always empty: there is no authorization endpoint.
    #[schema(value_type = Vec<String>)]
    response_types_supported: [&'static str; 0],
    /// The grant types: `password` and `client_credentials`.
    #[schema(value_type = Vec<String>)]
    grant_types_supported: [&'static str; 2],
    /// The methods by which a client can authenticate at the token endpoint.
    #[schema(value_type = Vec<String>)]
    token_endpoint_auth_methods_supported: [&'static str; 3],
    /// The methods by which a client can authenticate at the revocation endpoint.
    #[schema(value_type = Vec<String>)]
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
    /// The methods by which a caller can authenticate at the introspection endpoint.
    #[schema(value_type = Vec<String>)]
    introspection_endpoint_auth_methods_supported: [&'static str; 3],
}

/// Get the authorization server's metadata
///
/// Returns the endpoints, scopes and grant types of this server for OAuth 2 clients (RFC 8414).
#[utoipa::path(
    tag = "service",
    security(()),
    responses((status = 200, description = "The metadata of the authorization server.", body = AuthorizationServer)),
)]
#[get("/.well-known/oauth-authorization-server")]
pub(crate) async fn get_authorization_server(app: App) -> HttpResponse {
    let at = |path: &str| format!("{}{path}", app.public_url);
    let by_secret_or_none = ["client_secret_basic", "client_secret_post", "none"];
    HttpResponse::Ok().json(AuthorizationServer {
        issuer: app.public_url.clone(),
        token_endpoint: at("/api/v1/auth/token"),
        jwks_uri: at("/.well-known/jwks.json"),
        revocation_endpoint: at("/api/v1/auth/token/revoke"),
        introspection_endpoint: at("/api/v1/auth/token/introspect"),
        service_documentation: at("/api/docs/"),
        scopes_supported: scopes::all(),
        response_types_supported: [],
        grant_types_supported: ["password", "client_credentials"],
        token_endpoint_auth_methods_supported: by_secret_or_none,
        revocation_endpoint_auth_methods_supported: by_secret_or_none,
        introspection_endpoint_auth_methods_supported: [
            "client_secret_basic",
            "client_secret_post",
            "Bearer",
        ],
    })
}
