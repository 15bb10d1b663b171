//! What OAuth 2 clients find out by themselves (RFC 8414).

use actix_web::{HttpResponse, get};
use serde::Serialize;
use taskhub_domain::scopes;
use utoipa::ToSchema;

use super::super::App;

/// How OAuth 2 clients use this server (RFC 8414 section 2).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuthorizationServer {
    /// The `iss` of all tokens.
    #[schema(example = "https://hub.example")]
    issuer: String,
    #[schema(example = "https://hub.example/api/v1/auth/token")]
    token_endpoint: String,
    #[schema(example = "https://hub.example/.well-known/jwks.json")]
    jwks_uri: String,
    #[schema(example = "https://hub.example/api/v1/auth/token/revoke")]
    revocation_endpoint: String,
    #[schema(example = "https://hub.example/api/v1/auth/token/introspect")]
    introspection_endpoint: String,
    #[schema(example = "https://hub.example/api/docs/")]
    service_documentation: String,
    scopes_supported: Vec<String>,
    /// None: there is no authorization endpoint.
    #[schema(value_type = Vec<String>)]
    response_types_supported: [&'static str; 0],
    #[schema(value_type = Vec<String>)]
    grant_types_supported: [&'static str; 2],
    #[schema(value_type = Vec<String>)]
    token_endpoint_auth_methods_supported: [&'static str; 3],
    #[schema(value_type = Vec<String>)]
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
    #[schema(value_type = Vec<String>)]
    introspection_endpoint_auth_methods_supported: [&'static str; 3],
}

/// Get the authorization server's metadata
///
/// What OAuth 2 clients need to know of this server (RFC 8414).
#[utoipa::path(tag = "service", security(()), responses((status = 200, description = "The metadata.", body = AuthorizationServer)))]
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
