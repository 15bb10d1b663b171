//! The headers of deprecated operations (RFC 9745, RFC 8594).
//!
//! The mark of a handler is:
//!
//! ```text
//! extensions(
//!     ("x-deprecated-at" = json!("2027-01-01T00:00:00Z")),
//!     ("x-sunset" = json!("2027-07-01T00:00:00Z")),
//! )
//! ```
//!
//! The mark alone sets the headers of its responses here, and `deprecated` in the OpenAPI document
//! (`openapi/deprecation.rs`).

use std::time::{Duration, SystemTime};

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue, HttpDate};
use serde_json::Value;
use taskhub_domain::Timestamp;

/// The date and time from which an operation is deprecated.
pub(crate) const AT: &str = "x-deprecated-at";
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

    /// Adds the headers to a response.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            // A page of a list already has `Link`.
            headers.append(name.clone(), value.clone());
        }
    }
}

fn instant(operation: &Value, name: &str) -> Option<Timestamp> {
    operation[name].as_str()?.parse().ok()
}
