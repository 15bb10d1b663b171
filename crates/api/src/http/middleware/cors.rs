//! Cross-origin requests: which origins, methods and headers the pages of others may use, and what
//! they are told when they may not.

use actix_cors::{Cors, CorsError};
use actix_web::{
    HttpRequest,
    http::{Method, header},
};

use crate::http::problem::{Code, Problem};

/// What pages may send: what the API reads, and what browsers, libraries and tracing add by
/// themselves.
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
/// What pages may read of an answer.
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
/// The most characters of a header that a refusal repeats.
const SHOWN: usize = 200;

/// The layer that answers preflight requests and marks answers for the pages of these origins.
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

/// Why a preflight request is refused; the log has it too.
pub(super) fn refusal(request: &HttpRequest, error: &CorsError) -> Problem {
    let header = |name| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.chars().take(SHOWN).collect::<String>()
    };
    let (origin, method) = (header(header::ORIGIN), header(header::ACCESS_CONTROL_REQUEST_METHOD));
    let detail = match error {
        CorsError::OriginNotAllowed => format!("Pages of the origin {origin} may not call this server."),
        CorsError::MethodNotAllowed => format!("Pages may not use the method {method}."),
        CorsError::HeadersNotAllowed => {
            let asked = header(header::ACCESS_CONTROL_REQUEST_HEADERS).to_ascii_lowercase();
            let refused = asked.split(',').map(str::trim).filter(|name| !SENT.contains(name));
            format!("Pages may not send the headers: {}.", refused.collect::<Vec<_>>().join(", "))
        }
        CorsError::BadRequestHeaders => "Access-Control-Request-Headers is not a list of headers.".to_owned(),
        _ => "A preflight request needs the headers Origin and Access-Control-Request-Method.".to_owned(),
    };
    tracing::info!(target: "taskhub::request", origin, method, detail, "a preflight request was refused");
    Problem::new(Code::InvalidHeader, detail)
}
