//! Endpoints of the change feed: `/api/v1/changes` returns pages, `/api/v1/events` a stream.
//!
//! Both read the same feed with the same cursors ([`taskhub_domain::change_feed`]). They do not
//! know which changes a caller may see.

use std::sync::Arc;

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse, get,
    http::header::{CONTENT_ENCODING, HeaderName},
};
use taskhub_auth::Principal;
use taskhub_domain::{
    change_feed::{self, FeedPage, Reading},
    error::Kind,
};
use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterIn},
};

use super::App;
use crate::http::{
    answer::Answered,
    extract::{Caller, Parameters},
    middleware::IsHead,
    parameters::{integer, optional, several_of, text},
    problem::{Code, Problem},
    streams::Place,
};

/// The header in which a reconnecting client sends the cursor of its last event.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The query parameters of the change feed: where to begin, and which resource types.
struct FeedParameters;

impl IntoParams for FeedParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let since = format!("^{}$|^[A-Za-z0-9_-]{{{}}}$", change_feed::OLDEST, change_feed::CURSOR);
        vec![
            optional(
                "since",
                "The cursor after which to continue, or `oldest` for the oldest stored change. Default: the end of the change feed, so that only later changes are returned.",
                text(0, change_feed::CURSOR, &since),
            ),
            optional(
                "noun",
                "The resource types whose changes are returned, separated by commas. Default: all types that the scopes of the token allow.",
                several_of(change_feed::RESOURCE_TYPES),
            ),
        ]
    }
}

/// The parameter `page_size` of the change feed.
struct PageSize;

impl IntoParams for PageSize {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let size = integer(1, change_feed::MOST, Some(change_feed::SHOWN));
        vec![optional("page_size", "The most changes in the response.", size)]
    }
}

/// List changes
///
/// Returns the changes of the resources that the caller sees, in commit order. Send `next` as the
/// `since` of the next request: you then get each change exactly once. Without `since`, the
/// response has no changes, only the cursor at the end of the change feed.
///
/// A change names a resource, its version and what was done, but not its fields. A permanent
/// deletion is reported to the callers who could read the resource. A change that hides a resource
/// from the caller has the action `hidden`. If `reread` is true, the change may have granted or
/// revoked access to other resources: read the resources inside the changed one again.
#[utoipa::path(
    tag = "changes",
    security(("token" = [])),
    params(FeedParameters, PageSize),
    responses((status = 200, description = "One page of changes.", body = FeedPage)),
    extensions(("x-problems" = json!([Code::CursorExpired]))),
)]
#[get("")]
pub(crate) async fn get_changes(caller: Caller, app: App, query: Parameters) -> Answered {
    Ok(HttpResponse::Ok().json(change_feed::changes(&app.repository, &caller, &query.0).await?))
}

/// Stream changes
///
/// Sends the changes of `GET /api/v1/changes` as server-sent events while they happen. In each
/// event, `id` is the cursor, `event` is the resource type and the action, such as `task.complete`,
/// and `data` is the change as JSON. To continue after a break, send the last `id` in
/// `Last-Event-ID`.
///
/// The server sends a comment when there was no event for 15 seconds, unless the operator set
/// another interval. The stream ends when the access token expires or is revoked. Too many open
/// streams get 429 `rate_limited`.
#[utoipa::path(
    tag = "changes",
    security(("token" = [])),
    params(
        (
            "Last-Event-ID" = Option<String>,
            Header,
            description = "The cursor of the last event that the client received. It takes precedence over `since`. An empty value is ignored.",
            max_length = 32,
            pattern = "^$|^oldest$|^[A-Za-z0-9_-]{32}$",
        ),
        FeedParameters,
    ),
    responses(
        (
            status = 200,
            description = "The stream of server-sent events.",
            content_type = "text/event-stream",
            body = String,
        ),
    ),
    extensions(("x-problems" = json!([Code::CursorExpired]))),
)]
#[get("")]
pub(crate) async fn stream_events(
    caller: Caller,
    app: App,
    request: HttpRequest,
    query: Parameters,
) -> Answered {
    let mut query = query.0;
    let last = request.headers().get(LAST_EVENT_ID).map(|last| last.to_str().unwrap_or("?").to_owned());
    // A client that has received no event yet sends an empty value.
    let last = last.filter(|last| !last.is_empty());
    let resumes = last.is_some();
    if let Some(last) = last {
        query.take_any("since")?;
        query.0.push(("since".to_owned(), last));
    }
    let wrong = |error: taskhub_domain::Error| match error.kind() {
        Kind::InvalidParameter if resumes => Problem::new(
            Code::InvalidHeader,
            "Last-Event-ID: must be a cursor of this change feed, and the query parameters must be valid.",
        ),
        _ => error.into(),
    };
    let principal = request.extensions().get::<Arc<Principal>>().cloned().ok_or(Code::Unauthenticated)?;
    let place = Place::take(&app, principal)?;
    let reading = Reading::begin(&app.repository, &caller, query).await.map_err(wrong)?;
    let mut answer = HttpResponse::Ok();
    // A compressor and some proxies would hold events back until there are enough of them.
    answer.content_type("text/event-stream").insert_header((CONTENT_ENCODING, "identity"));
    answer.insert_header(("x-accel-buffering", "no"));
    if request.extensions().contains::<IsHead>() {
        return Ok(answer.finish());
    }
    Ok(answer.streaming(place.follow(reading)))
}
