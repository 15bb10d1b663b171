//! One entity tag for each content coding (RFC 9110 section 8.8.3): `"3"` is the version 3 as it is, `"3-gzip"` the same compressed.
//!
//! Invariant: further in, nobody knows of codings. A tag loses its coding before the handlers see it, and gets it after compression; what a client
//! was given as a tag names the version wherever it comes back.

use actix_web::{
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};

/// The codings that answers come in, as tags end.
const ENDS: [&str; 3] = ["-gzip\"", "-deflate\"", "-zstd\""];
/// The headers in which tags come.
const CONDITIONS: [HeaderName; 2] = [header::IF_MATCH, header::IF_NONE_MATCH];

/// Takes the codings out of the tags that a request names; those that it named.
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

/// Puts the coding into the tag of an answer that is compressed; into that of a 304 when the client has it so.
pub(super) fn put<B>(response: &mut ServiceResponse<B>, named: &[HeaderValue]) {
    // What said so to be left as it is has come through, and no answer says it (RFC 9110 section 8.4.1).
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
