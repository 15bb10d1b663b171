//! Content types of bodies: those that an operation accepts, and their charset.
//!
//! Invariant: text is read as UTF-8. A body that declares another charset is rejected, not misread.

use actix_web::{HttpRequest, http::header};

use crate::http::problem::{Code, Problem};

/// Every other media type: for files, whose bytes are stored unchanged.
pub const ANY: &str = "*/*";
/// A type that no file has: the default of `curl --data`, and of a form without a file.
const FORM: &str = "application/x-www-form-urlencoded";

/// The media type of a body, if it is one of `types` and the body is not compressed.
///
/// # Errors
/// `UnsupportedMediaType`, with the types that are accepted.
pub(super) fn served(request: &HttpRequest, types: &[&str]) -> Result<String, Problem> {
    let kind = media_type(request);
    if is_encoded(request) {
        return Err(unsupported("Content-Encoding is not supported: send the body uncompressed."));
    }
    if kind != ANY && types.contains(&kind.as_str()) {
        return match parameter(request, "charset") {
            Some(charset) if !is_utf8(&charset) => Err(unsupported("The charset must be UTF-8.")),
            _ => Ok(kind),
        };
    }
    if types.contains(&ANY) && is_of_a_file(&kind) {
        return Ok(kind);
    }
    Err(unsupported(&format!("Content-Type must be {}.", types.join(" or "))))
}

fn unsupported(detail: &str) -> Problem {
    Problem::new(Code::UnsupportedMediaType, detail)
}

/// Whether the body is compressed. That is not accepted, because size limits count received bytes.
fn is_encoded(request: &HttpRequest) -> bool {
    request.headers().get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity")
}

fn content_type(request: &HttpRequest) -> Option<&str> {
    request.headers().get(header::CONTENT_TYPE)?.to_str().ok()
}

/// The media type, without its parameters.
fn media_type(request: &HttpRequest) -> String {
    let value = content_type(request).and_then(|value| value.split(';').next());
    value.unwrap_or_default().trim().to_ascii_lowercase()
}

/// A parameter of the media type.
fn parameter(request: &HttpRequest, name: &str) -> Option<String> {
    let parameters = content_type(request)?.split(';').skip(1);
    let mut pairs = parameters.filter_map(|parameter| parameter.split_once('='));
    let (_, value) = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"').to_ascii_lowercase())
}

/// Whether a charset is UTF-8 or a subset of it.
fn is_utf8(charset: &str) -> bool {
    matches!(charset, "utf-8" | "utf8" | "us-ascii")
}

/// Whether it is a type and a subtype (RFC 9110 section 8.3.1), and neither a range nor a form.
fn is_of_a_file(kind: &str) -> bool {
    let is_token = |part: &str| {
        !part.is_empty() && part.bytes().all(|c| c.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&c))
    };
    let formed = kind.split_once('/').is_some_and(|(of, sub)| is_token(of) && is_token(sub));
    formed && kind != FORM && !kind.starts_with("multipart/")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn chosen(kind: &str, types: &[&str]) -> Option<String> {
        let request = TestRequest::default().insert_header((header::CONTENT_TYPE, kind)).to_http_request();
        served(&request, types).ok()
    }

    #[test]
    fn text_is_utf_8() {
        let json = "application/json";
        for kind in [
            json,
            "application/json; charset=utf-8",
            "application/JSON;charset=\"UTF-8\"",
            "application/json; x=y; charset=US-ASCII",
        ] {
            assert_eq!(chosen(kind, &[json]).as_deref(), Some(json), "{kind}");
        }
        for kind in ["application/json; charset=windows-1252", "application/json;charset=utf-16", "text/json"]
        {
            assert_eq!(chosen(kind, &[json]), None, "{kind}");
        }
    }

    #[test]
    fn a_file_has_any_type_but_a_form_or_a_range() {
        let types = ["application/octet-stream", ANY];
        for kind in
            ["application/pdf", "image/svg+xml", "text/plain; charset=windows-1252", "application/json"]
        {
            assert!(chosen(kind, &types).is_some(), "{kind}");
        }
        for kind in ["", "*/*", "image/*", "pdf", FORM, "multipart/mixed; boundary=x", "text/pl ain"] {
            assert_eq!(chosen(kind, &types), None, "{kind}");
        }
    }
}
