//! Deprecated operations: a mark at the handler is all that a deprecation needs.
//!
//! ```text
//! extensions(
//!     ("x-deprecated-at" = json!("2027-01-01T00:00:00Z")),
//!     ("x-sunset" = json!("2027-07-01T00:00:00Z")),
//! )
//! ```
//!
//! The mark sets `deprecated` in the document, and the headers of every response of the operation.

use std::time::{Duration, SystemTime};

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue, HttpDate};
use serde_json::{Map, Value, json};
use taskhub_domain::Instant;

/// The date and time from which an operation is deprecated.
const AT: &str = "x-deprecated-at";
/// The date and time from which the operation may be removed.
const SUNSET: &str = "x-sunset";

/// The headers of the responses of a deprecated operation.
#[derive(Clone, Debug)]
pub struct Deprecation(Vec<(HeaderName, HeaderValue)>);

impl Deprecation {
    /// Reads the mark of an operation, if it has one.
    pub(super) fn of(operation: &Value) -> Option<Self> {
        let at = instant(operation, AT)?.seconds();
        let [tag, id] = ["/tags/0", "/operationId"]
            .map(|it| operation.pointer(it).and_then(Value::as_str).unwrap_or_default());
        let link = format!("</api/redoc#tag/{tag}/operation/{id}>; rel=\"deprecation\"; type=\"text/html\"");
        let sunset = instant(operation, SUNSET).and_then(|sunset| u64::try_from(sunset.seconds()).ok());
        let date =
            |seconds| HttpDate::from(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).to_string();
        let all = [
            (HeaderName::from_static("deprecation"), Some(format!("@{at}"))),
            (HeaderName::from_static("sunset"), sunset.map(date)),
            (header::LINK, Some(link)),
        ];
        Some(Self(
            all.into_iter()
                .filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value?).ok()?)))
                .collect(),
        ))
    }

    /// Adds the headers to a response (RFC 9745, RFC 8594).
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            // A page of a list already has `Link`.
            headers.append(name.clone(), value.clone());
        }
    }
}

fn instant(operation: &Value, name: &str) -> Option<Instant> {
    operation[name].as_str()?.parse().ok()
}

/// Describes the effects of the mark in the document.
pub(super) fn complete(operation: &mut Map<String, Value>) {
    if !operation.contains_key(AT) {
        return;
    }
    operation.insert("deprecated".to_owned(), true.into());
    let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
    for response in responses.into_iter().flat_map(Map::values_mut) {
        let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
        let Some(headers) = response.get_mut("headers").and_then(Value::as_object_mut) else { continue };
        headers.insert(
            "Deprecation".to_owned(),
            text("The date from which the operation is deprecated (RFC 9745)."),
        );
        headers.insert(
            "Sunset".to_owned(),
            text("The date from which the operation may be removed (RFC 8594)."),
        );
        headers.insert("Link".to_owned(), text("The URL of the description of the operation (RFC 8288)."));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_all_that_it_takes() {
        let mut operation =
            json!({ "x-deprecated-at": "2027-01-01T00:00:00Z", "responses": { "200": { "headers": {} } } });
        complete(operation.as_object_mut().unwrap_or(&mut Map::new()));
        assert_eq!(operation["deprecated"], true);
        assert!(operation["responses"]["200"]["headers"]["Sunset"].is_object());
        let mut plain = Map::new();
        complete(&mut plain);
        assert!(plain.is_empty());
    }
}
