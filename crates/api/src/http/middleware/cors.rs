//! Cross-origin requests: the allowed origins, methods and headers, and the error for others.

use actix_cors::{Cors, CorsError};
use actix_web::{
    HttpRequest,
    http::{Method, header},
};

use crate::http::problem::{Code, Problem};

/// The allowed request headers: those that the API reads, and those that browsers, libraries and
/// tracing add.
const SENT: [&str; 17] = [
    "authorization",
    "content-type",
    "accept",
    "if-match",
    "if-none-match",
    "range",
    "if-range",
    "idempotency-key",
    "last-event-id",
    "prefer",
    "repr-digest",
    "x-request-id",
    "traceparent",
    "tracestate",
    "baggage",
    "x-requested-with",
    "cache-control",
];
/// The response headers that pages can read.
const READ: [&str; 16] = [
    "etag",
    "location",
    "link",
    "deprecation",
    "sunset",
    "retry-after",
    "ratelimit",
    "ratelimit-policy",
    "x-request-id",
    "idempotency-replayed",
    "accept-ranges",
    "content-disposition",
    "x-truncated",
    "content-range",
    "repr-digest",
    "preference-applied",
];
/// The most characters of a header that an error repeats.
const SHOWN: usize = 200;

/// The layer that handles preflight requests and adds the CORS headers for these origins.
pub(crate) fn layer(origins: &[String]) -> Cors {
    let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    origins
        .iter()
        .fold(Cors::default(), |cors, origin| cors.allowed_origin(origin))
        .allowed_methods(methods)
        .allowed_headers(SENT)
        .expose_headers(READ)
        .max_age(3600)
}

/// The problem of a rejected preflight request. It is logged too.
pub(super) fn refusal(request: &HttpRequest, error: &CorsError) -> Problem {
    let header = |name| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.chars().take(SHOWN).collect::<String>()
    };
    let (origin, method) = (header(header::ORIGIN), header(header::ACCESS_CONTROL_REQUEST_METHOD));
    let detail = match error {
        CorsError::OriginNotAllowed => format!("The origin {origin} is not allowed."),
        CorsError::MethodNotAllowed => {
            format!("The method {method} is not allowed in cross-origin requests.")
        }
        CorsError::HeadersNotAllowed => {
            let asked = header(header::ACCESS_CONTROL_REQUEST_HEADERS).to_ascii_lowercase();
            let refused = asked.split(',').map(str::trim).filter(|name| !SENT.contains(name));
            format!(
                "These headers are not allowed in cross-origin requests: {}.",
                refused.collect::<Vec<_>>().join(", ")
            )
        }
        CorsError::BadRequestHeaders => {
            "Access-Control-Request-Headers: must be a list of header names.".to_owned()
        }
        _ => "A preflight request must have the headers Origin and Access-Control-Request-Method.".to_owned(),
    };
    tracing::info!(target: "taskhub::request", origin, method, detail, "a preflight request was rejected");
    Problem::new(Code::InvalidHeader, detail)
}
