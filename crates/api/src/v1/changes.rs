//! `/api/v1/changes` and `/api/v1/events`.

use std::sync::Arc;

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse, get,
    http::header::{CONTENT_ENCODING, HeaderName},
};
use taskhub_auth::Principal;
use taskhub_domain::{
    error::Kind,
    feed::{self, FeedPage, Reading},
};

use super::App;
use crate::{
    answer::Answered,
    edge::IsHead,
    extract::{Caller, Parameters},
    problem::{Code, Problem},
    streams::Place,
};

/// Where a client that comes again goes on.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Get changes
///
/// What was changed of all that the caller sees, in the order in which it was committed; by `next` as the next `since` nothing is missed and nothing comes
/// twice. Without `since` there is nothing but where to begin from now on. A change says which row, and not what is in it. Of a row that was removed for good
/// its removal is told, to those who could read it; of one that was changed so that they see it no more, that it is `hidden`. With `reread`, more or less of
/// what lies in the row is seen from then on.
#[utoipa::path(tag = "changes", responses((status = 200, description = "The changes.", body = FeedPage)))]
#[get("")]
pub(crate) async fn get_changes(caller: Caller, app: App, query: Parameters) -> Answered {
    Ok(HttpResponse::Ok().json(feed::changes(&app.store, &caller, &query.0).await?))
}

/// Stream events
///
/// The same as server-sent events, as they happen: `id` is the cursor, `event` the noun and what was done, as `task.complete`, `data` the change. A client that comes
/// again sends the last id as `Last-Event-ID`. The stream ends when the access token expires or is revoked; a comment comes every 15 seconds.
#[utoipa::path(
    tag = "changes",
    params(("Last-Event-ID" = Option<String>, Header, description = "The last cursor that the client got: it goes before `since`. An empty one is none.", max_length = 32, pattern = "^$|^oldest$|^[A-Za-z0-9_-]{32}$")),
    responses((status = 200, description = "The stream.", content_type = "text/event-stream", body = String))
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
    // That of a client which has none yet.
    let last = last.filter(|last| !last.is_empty());
    let told = last.is_some();
    if let Some(last) = last {
        query.take_any("since")?;
        query.0.push(("since".to_owned(), last));
    }
    let wrong = |error: taskhub_domain::Error| match error.kind() {
        Kind::InvalidParameter if told => Problem::new(
            Code::InvalidHeader,
            "Last-Event-ID is no cursor of this feed, or a parameter is wrong.",
        ),
        _ => error.into(),
    };
    let principal = request.extensions().get::<Arc<Principal>>().cloned().ok_or(Code::Unauthenticated)?;
    let place = Place::take(&app, principal)?;
    let reading = Reading::begin(&app.store, &caller, query).await.map_err(wrong)?;
    let mut answer = HttpResponse::Ok();
    // What is compressed waits until there is enough of it; so does what some proxies pass on.
    answer.content_type("text/event-stream").insert_header((CONTENT_ENCODING, "identity"));
    answer.insert_header(("x-accel-buffering", "no"));
    if request.extensions().contains::<IsHead>() {
        return Ok(answer.finish());
    }
    Ok(answer.streaming(place.follow(reading)))
}
