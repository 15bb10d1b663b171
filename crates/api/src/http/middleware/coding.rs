//! One entity tag for each content coding (RFC 9110 section 8.8.3): `"3"` is version 3
//! uncompressed, `"3-gzip"` is version 3 compressed with gzip.
//!
//! Invariant: handlers do not know codings. The coding is removed from a tag before the handlers
//! see it, and added after compression. Every tag from a response is accepted in a later request.

use actix_web::{
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};

/// The suffixes of the tags of compressed responses.
const ENDS: [&str; 3] = ["-gzip\"", "-deflate\"", "-zstd\""];
/// The request headers with tags.
const CONDITIONS: [HeaderName; 2] = [header::IF_MATCH, header::IF_NONE_MATCH];

/// Removes the codings from the tags of a request. Returns the values that had one.
pub(super) fn take(request: &mut ServiceRequest) -> Vec<HeaderValue> {
    let mut named = Vec::new();
    for name in CONDITIONS {
        let given: Vec<_> = request.headers().get_all(&name).cloned().collect();
        if !given.iter().any(has_coding) {
            continue;
        }
        request.headers_mut().remove(&name);
        for value in &given {
            request.headers_mut().append(name.clone(), plain(value).unwrap_or_else(|| value.clone()));
        }
        named.extend(given);
    }
    named
}

/// Adds the coding to the tag of a compressed response, or of a 304 when the client sent that tag.
pub(super) fn put<B>(response: &mut ServiceResponse<B>, named: &[HeaderValue]) {
    // `identity` only prevents compression; it is not sent to clients (RFC 9110 section 8.4.1).
    if response.headers().get(header::CONTENT_ENCODING).is_some_and(|coding| coding == "identity") {
        response.headers_mut().remove(header::CONTENT_ENCODING);
        return;
    }
    let Some(tag) = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()) else { return };
    let Some(open) = tag.strip_suffix('"') else { return };
    let coded = match response.headers().get(header::CONTENT_ENCODING).and_then(|coding| coding.to_str().ok())
    {
        Some(coding) => Some(format!("{open}-{coding}\"")),
        None if response.status() == StatusCode::NOT_MODIFIED => ENDS
            .iter()
            .map(|end| format!("{open}{end}"))
            .find(|tag| named.iter().any(|value| holds(value, tag))),
        None => None,
    };
    if let Some(tag) = coded.and_then(|tag| HeaderValue::try_from(tag).ok()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
}

fn has_coding(value: &HeaderValue) -> bool {
    ENDS.iter().any(|end| holds(value, end))
}

fn holds(value: &HeaderValue, tag: &str) -> bool {
    value.to_str().is_ok_and(|value| value.contains(tag))
}

fn plain(value: &HeaderValue) -> Option<HeaderValue> {
    let text = value.to_str().ok()?;
    let plain = ENDS.iter().fold(text.to_owned(), |text, end| text.replace(end, "\""));
    HeaderValue::try_from(plain).ok()
}
