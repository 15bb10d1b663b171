//! Responses: of a resource, of a list, and of a write, with their headers.
//!
//! Invariant: the response of a write is an [`Answer`], which the transaction can store for an
//! idempotency key. This module does not know any single resource.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use serde::Serialize;
use serde_json::Value;
use taskhub_domain::{
    Result,
    idempotency::Answer,
    list::{Link, Page},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    http::{
        extract::{IfNoneMatch, pairs},
        problem::{Code, Problem},
    },
    state::State,
};

/// The result of a handler.
pub type Answered = std::result::Result<HttpResponse, Problem>;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// The number of results on all pages together; null when `cursor` is used.
    #[schema(example = 1)]
    pub count: Option<u64>,
    /// The URL of the next page, or null on the last page.
    pub next: Option<String>,
    /// The URL of the previous page, or null on the first page.
    pub previous: Option<String>,
    /// The results on this page.
    pub results: Vec<T>,
}

/// A number of resources.
#[derive(Debug, Serialize, ToSchema)]
pub struct Count {
    /// The number of resources.
    #[schema(example = 3)]
    pub count: i64,
}

/// The strong entity tag of a version (RFC 9110 section 8.8.3).
fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// A resource, or 304 when the client has its current version.
pub fn resource(known: &IfNoneMatch, version: i64, row: &impl Serialize) -> HttpResponse {
    let mut response = if known.knows(version) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((header::ETAG, etag(version)));
    if known.knows(version) { response.finish() } else { response.json(row) }
}

/// The response of a creation: the new resource and its path.
///
/// # Errors
/// `Internal`.
pub fn created(collection: &str, id: Uuid, version: i64, row: &impl Serialize) -> Result<Answer> {
    let answer = Answer::new(201, row)?;
    Ok(Answer { location: Some(format!("/api/v1/{collection}/{id}")), etag: Some(etag(version)), ..answer })
}

/// The response of a change: the resource after it.
///
/// # Errors
/// `Internal`.
pub fn changed(version: i64, row: &impl Serialize) -> Result<Answer> {
    Ok(Answer { etag: Some(etag(version)), ..Answer::new(200, row)? })
}

/// The response of an action on several resources.
///
/// # Errors
/// `Internal`.
pub fn ok(result: &impl Serialize) -> Result<Answer> {
    Answer::new(200, result)
}

/// The response without content.
pub fn nothing() -> Answer {
    Answer { status: 204, location: None, etag: None, body: String::new(), replayed: false }
}

/// The HTTP response of an answer, which may be a stored one.
pub fn kept(answer: Answer) -> HttpResponse {
    let status = u16::try_from(answer.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = HttpResponse::build(status.unwrap_or(StatusCode::OK));
    if let Some(location) = answer.location {
        response.insert_header((header::LOCATION, location));
    }
    if let Some(etag) = answer.etag {
        response.insert_header((header::ETAG, etag));
    }
    if answer.replayed {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    if answer.body.is_empty() {
        response.finish()
    } else {
        response.content_type("application/json").body(answer.body)
    }
}

/// A page of a list. The body and `Link` (RFC 8288) have the absolute URLs of the pages next to it.
///
/// # Errors
/// `Internal`.
pub fn list<T: Serialize>(state: &State, request: &HttpRequest, page: Page<T>) -> Answered {
    let url = |link: Link| {
        let (name, value) = match link {
            Link::Page(page) => ("page", page.to_string()),
            Link::Cursor(cursor) => ("cursor", cursor),
        };
        let others =
            pairs(request.query_string()).into_iter().filter(|(key, _)| key != "page" && key != "cursor");
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(others).append_pair(name, &value);
        format!("{}{}?{}", state.public_url, request.path(), query.finish())
    };
    let Page { count, results, next, previous, fields } = page;
    let list = List { count, next: next.map(&url), previous: previous.map(&url), results };
    let mut response = HttpResponse::Ok();
    let relation =
        |url: &Option<String>, relation: &str| url.as_ref().map(|url| format!("<{url}>; rel=\"{relation}\""));
    let links: Vec<_> =
        [relation(&list.next, "next"), relation(&list.previous, "prev")].into_iter().flatten().collect();
    if !links.is_empty() {
        response.insert_header((header::LINK, links.join(", ")));
    }
    let Some(fields) = fields else { return Ok(response.json(list)) };
    Ok(response.json(sparse(&list, &fields).map_err(|_| Problem::from(Code::Internal))?))
}

/// The list with only these fields of each result.
fn sparse(list: &impl Serialize, fields: &[String]) -> serde_json::Result<Value> {
    let mut value = serde_json::to_value(list)?;
    for row in value
        .get_mut("results")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        row.retain(|name, _| fields.contains(name));
    }
    Ok(value)
}
