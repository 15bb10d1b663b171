//! The middleware: what happens to every request before and after its handler.
//!
//! [`outer`] is the outermost layer: the request id, the headers of every response, entity tags by
//! content coding, one log line per request, and the conversion of a panic to a 500. Inside CORS
//! and compression, [`inner`] authenticates the caller, counts the request against the rate limits,
//! checks the parameters, and converts errors to problems.

mod coding;
pub(crate) mod cors;
pub(crate) mod deprecation;
pub mod limits;
mod log;
pub mod operations;
mod prefer;

use std::{net::IpAddr, panic::AssertUnwindSafe, sync::Arc};

use actix_cors::CorsError;
use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        ConnectionType, Method,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use futures::FutureExt;
use taskhub_auth::principal::Principal;
use taskhub_domain::{
    Context,
    audit::{Refusal, SecurityEvent},
    context::Request,
    scopes,
};

use self::{
    limits::{Counted, Limits},
    operations::{Operation, Operations},
};
use crate::{
    http::{
        extract::{Authenticated, Once, Origin, pairs},
        problem::{Code, Problem},
    },
    state::State,
};

/// The header with the request id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The content security policy of the Swagger UI page.
const SWAGGER_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                              connect-src 'self'; frame-ancestors 'none'";
/// The longest request id that is accepted from a client, in bytes.
const LONGEST_ID: usize = 64;

/// The request id, for the response and the log.
#[derive(Clone)]
struct RequestId(Arc<str>);

/// Marks a HEAD request, for responses that would not end.
pub(crate) struct IsHead;

/// The cause of a server error, for the log.
struct Cause(String);

type Body<B> = EitherBody<B, BoxBody>;

/// The outermost layer.
///
/// # Errors
/// An error that no inner layer converted to a response, as a problem.
pub async fn outer<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Body<B>>, Error> {
    let watch = log::Watch::start(&request);
    let id = request_id(&request);
    request.extensions_mut().insert(id.clone());
    one_path(&mut request);
    // HEAD is GET without the body (RFC 9110 section 9.3.2); the server drops the body itself.
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(IsHead);
    }
    let named = coding::take(&mut request);
    let mut response = match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(response)) => as_problem(response),
        // No handler or layer made a response: only the request id is known.
        Ok(Err(error)) => return Err(watch.fail(Problem::find(&error).of_request(&id.0)).into()),
        Err(_) => return Err(watch.fail(Problem::fault("a panic").of_request(&id.0)).into()),
    };
    let state = response.request().app_data::<Data<State>>();
    let secure = state.is_some_and(|state| state.public_url.starts_with("https:"));
    let stops = state.is_some_and(|state| state.stopping.has_begun());
    if stops {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    if let Some(policy) = page_policy(response.request().path()) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    coding::put(&mut response, &named);
    dress(response.headers_mut(), &id.0, secure);
    watch.finish(&response, &id.0);
    Ok(response)
}

/// The layer around the handlers.
///
/// # Errors
/// Those of the inner layers.
pub async fn inner<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Body<B>>, Error> {
    let mut response = match admit(&request).await {
        Ok(()) => prefer::applied(with_problem(next.call(request).await?)),
        Err(problem) => {
            let request = request.into_parts().0;
            tell_refusal(&request, &problem);
            answer(request, &problem)
        }
    };
    let counted = response.request().extensions().get::<Counted>().copied();
    if let Some(counted) = counted {
        counted.tighter().add_to(response.headers_mut());
    }
    let operation = response.request().extensions().get::<Arc<Operation>>().cloned();
    if let Some(deprecation) = operation.as_ref().and_then(|operation| operation.deprecation.as_ref()) {
        deprecation.add_to(response.headers_mut());
    }
    Ok(response)
}

/// Converts an error of a framework layer to a problem: a rejected CORS request, or an unavailable
/// content coding.
fn as_problem<B>(response: ServiceResponse<B>) -> ServiceResponse<Body<B>> {
    let status = response.status();
    let kind =
        response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !(status.is_client_error() || status.is_server_error()) || kind == "application/problem+json" {
        return response.map_into_left_body();
    }
    let (request, response) = response.into_parts();
    let refused = response.error().and_then(|error| error.as_error::<CorsError>());
    let problem = refused.map(|error| cors::refusal(&request, error));
    answer(request, &problem.unwrap_or_else(|| Problem::of_status(status)))
}

/// The one conversion of errors to problems.
fn with_problem<B>(response: ServiceResponse<B>) -> ServiceResponse<Body<B>> {
    match response.response().error().map(Problem::find) {
        None => response.map_into_left_body(),
        Some(problem) => {
            let (request, response) = response.into_parts();
            tell_refusal(&request, &problem);
            let mut answered = answer(request, &problem);
            // Other headers of the error response are kept.
            for (name, value) in response.headers() {
                if !answered.headers().contains_key(name) {
                    answered.headers_mut().insert(name.clone(), value.clone());
                }
            }
            answered
        }
    }
}

/// Records in the audit log that an authenticated caller was refused.
fn tell_refusal(request: &HttpRequest, problem: &Problem) {
    let code = problem.code();
    if !matches!(code, Code::Forbidden | Code::InsufficientScope) {
        return;
    }
    let extensions = request.extensions();
    if let (Some(Authenticated(Ok(ctx))), Some(operation), Some(state)) = (
        extensions.get::<Authenticated>(),
        extensions.get::<Arc<Operation>>(),
        request.app_data::<Data<State>>(),
    ) {
        let refusal = Refusal { operation: operation.id.clone(), code: code.as_str() };
        state.record_event(ctx.clone(), SecurityEvent::Refused(refusal));
    }
}

/// Authenticates the caller, counts the request, and checks it against the operation.
async fn admit(request: &ServiceRequest) -> Result<(), Problem> {
    let (Some(state), Some(limits)) = (request.app_data::<Data<State>>(), request.app_data::<Data<Limits>>())
    else {
        return Err(Code::Internal.into());
    };
    let operations = request.app_data::<Data<Operations>>();
    if let Some(operation) = operations.and_then(|all| all.find(request.method(), request.path())) {
        request.extensions_mut().insert(operation);
    }
    let known = identify(request, state).await;
    // A request with an invalid token is counted too, for its address.
    if let Some(counted) = limits.count(request)? {
        request.extensions_mut().insert(counted);
        if counted.tighter().is_spent() {
            return Err(Code::RateLimited.into());
        }
    }
    // Paths have been normalised; a path that still has an escape does not exist.
    if request.path().contains('%') && !request.path().starts_with("/api/docs/") {
        return Err(Code::NotFound.into());
    }
    known.and_then(|()| check_operation(request))
}

/// Stores the caller's context in the request, if there is a caller.
async fn identify(request: &ServiceRequest, state: &State) -> Result<(), Problem> {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.to_string());
    let agent =
        request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).map(str::to_owned);
    let dry_run = prefer::validate_only(request.request()).is_some();
    let origin = Request { id, address: client(request, state), user_agent: agent, dry_run };
    request.extensions_mut().insert(Origin(origin.clone()));
    if let Some(principal) = authenticate(request, state, &origin).await? {
        let context =
            Context::of(&principal, origin, state.repository.clock().clone()).map_err(|error| error.kind());
        request.extensions_mut().insert(principal);
        request.extensions_mut().insert(Authenticated(context));
    }
    Ok(())
}

/// Checks a request against the OpenAPI description of its operation: first the credential and its
/// scopes, then the preferences, the idempotency key and the query parameters.
fn check_operation(request: &ServiceRequest) -> Result<(), Problem> {
    let extensions = request.extensions();
    let Some(operation) = extensions.get::<Arc<Operation>>() else {
        let Some(operations) = request.app_data::<Data<Operations>>() else { return Ok(()) };
        // Otherwise the route of a path with `{id}` could match a literal path.
        return match operations.allow(request.path()) {
            methods if methods.is_empty() || request.method() == Method::OPTIONS => Ok(()),
            methods => Err(Problem::method_not_allowed(methods)),
        };
    };
    if operation.secured {
        match extensions.get::<Authenticated>() {
            // Before the body is read: a caller without permission learns nothing about its
            // validity.
            Some(Authenticated(Ok(ctx))) => scopes::need(ctx, &operation.scopes)?,
            Some(Authenticated(Err(kind))) => return Err((*kind).into()),
            None => return Err(Code::Unauthenticated.into()),
        }
    }
    prefer::check(request.request())?;
    Once::check(request.request(), operation.idempotent)?;
    match pairs(request.query_string()).into_iter().find(|(name, _)| !operation.takes(name)) {
        None => Ok(()),
        Some((name, _)) => Err(taskhub_domain::Error::parameter(&name, "There is no such parameter.").into()),
    }
}

/// The principal of the bearer token (RFC 6750), if there is one. An invalid token is rejected on
/// every endpoint and never treated as absent. Client credentials (RFC 7617) pass only to the
/// operations that accept them.
async fn authenticate(
    request: &ServiceRequest,
    state: &State,
    origin: &Request,
) -> Result<Option<Arc<Principal>>, Problem> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let (value, second) = (values.next(), values.next());
    let Some(value) = value else { return Ok(None) };
    let credential = value.to_str().ok().and_then(|value| value.split_once(' '));
    match credential.filter(|_| second.is_none()) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            state.enter(token.trim(), origin).await.map(Some)
        }
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("basic") && takes_basic(request) => Ok(None),
        _ => Err(Problem::new(Code::Unauthenticated, "Authorization: must be one bearer token.")),
    }
}

fn takes_basic(request: &ServiceRequest) -> bool {
    request.extensions().get::<Arc<Operation>>().is_some_and(|operation| operation.basic)
}

/// The client address: that of the peer or, behind trusted proxies, the last one that is not a
/// trusted proxy. A proxy that sends no `X-Forwarded-For` may send `X-Real-IP`.
fn client(request: &ServiceRequest, state: &State) -> Option<IpAddr> {
    let trusted = |address: &IpAddr| {
        state.settings.trusted_proxies.iter().any(|net| net.contains(&address.to_canonical()))
    };
    let peer = request.peer_addr()?.ip().to_canonical();
    if !trusted(&peer) {
        return Some(peer);
    }
    if !request.headers().contains_key("x-forwarded-for") {
        let mut named = request.headers().get_all("x-real-ip").filter_map(|value| value.to_str().ok());
        let real =
            named.next().filter(|_| named.next().is_none()).and_then(|value| value.trim().parse().ok());
        return Some(real.map_or(peer, |real: IpAddr| real.to_canonical()));
    }
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let hops: Vec<_> =
        forwarded.flat_map(|value| value.split(',')).map(|hop| hop.trim().parse::<IpAddr>()).collect();
    let mut client = peer;
    for hop in hops.into_iter().rev() {
        let Ok(hop) = hop else { break };
        client = hop.to_canonical();
        if !trusted(&client) {
            break;
        }
    }
    Some(client)
}

/// The response to a request with a problem.
fn answer<B>(request: HttpRequest, problem: &Problem) -> ServiceResponse<Body<B>> {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    if let Some(cause) = problem.cause().filter(|_| problem.code().status().is_server_error()) {
        request.extensions_mut().insert(Cause(cause.to_owned()));
    }
    let response: HttpResponse = match request.extensions().get::<Arc<Operation>>() {
        Some(operation) => problem.clone().of_operation(&operation.id).answer(&id),
        None => problem.answer(&id),
    };
    ServiceResponse::new(request, response.map_into_right_body())
}

/// The request id from the client, if it is well-formed, or a new one.
fn request_id(request: &ServiceRequest) -> RequestId {
    let plain = |id: &&str| {
        (1..=LONGEST_ID).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(plain);
    let clock = || request.app_data::<Data<State>>().map(|state| state.repository.clock().now());
    RequestId(
        given.map_or_else(
            || clock().map(|now| now.token_id().to_string()).unwrap_or_default().into(),
            Arc::from,
        ),
    )
}

/// Normalises the path to the form in which routes are matched. Otherwise an unnecessary
/// percent-encoding would make another path for the rate limits. A trailing slash is removed,
/// except from the pages, which load files relative to their path.
fn one_path(request: &mut ServiceRequest) {
    let decoded = request.match_info().as_str();
    let slashed = decoded.len() > 1 && decoded.ends_with('/') && !decoded.starts_with("/api/docs");
    let path = if slashed { decoded.trim_end_matches('/') } else { decoded };
    if path == request.path() || path.contains(['?', '#']) {
        return;
    }
    let (path, query) = (path.to_owned(), request.query_string().to_owned());
    let whole = if query.is_empty() { path } else { format!("{path}?{query}") };
    let Ok(path) = whole.parse() else { return };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(path);
    if let Ok(uri) = actix_web::http::Uri::from_parts(parts) {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
}

/// Adds the headers of every response. Pages set their own content security policy.
pub(crate) fn dress(headers: &mut HeaderMap, id: &str, secure: bool) {
    let mut put = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::X_FRAME_OPTIONS, "DENY");
    put(header::REFERRER_POLICY, "no-referrer");
    put(header::CACHE_CONTROL, "no-store");
    put(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    if secure {
        put(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
}

/// The content security policy of a page with its own scripts; `None` for other paths.
fn page_policy(path: &str) -> Option<&'static str> {
    path.starts_with("/api/docs/").then_some(SWAGGER_POLICY)
}
