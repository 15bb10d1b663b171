//! What a client prefers (RFC 7240): of all preferences, `validate-only` is heeded.
//!
//! Invariant: whoever asks only to validate changes nothing. A `validate-only` that is set to something is refused, and not taken for the contrary. Other
//! preferences are ignored, and so is this one where nothing is written.

use actix_web::{
    HttpMessage, HttpRequest,
    body::MessageBody,
    dev::ServiceResponse,
    http::{
        Method,
        header::{HeaderName, HeaderValue},
    },
};

use crate::http::{
    extract::Origin,
    problem::{Code, Problem},
};

const PREFERENCE: &str = "validate-only";
/// How many octets preferences have at most.
const LONGEST: usize = 1024;

/// What `validate-only` is set to, if the client asks for it: nothing, as it should be.
pub(super) fn validate_only(request: &HttpRequest) -> Option<String> {
    if request.method() == Method::GET {
        return None;
    }
    let values = request.headers().get_all("Prefer");
    values.into_iter().find_map(|value| find(&String::from_utf8_lossy(value.as_bytes())))
}

/// Refuses preferences that can't be read.
pub(super) fn check(request: &HttpRequest) -> Result<(), Problem> {
    if request.method() == Method::GET {
        return Ok(());
    }
    let readable = |value: &HeaderValue| {
        value.len() <= LONGEST && value.as_bytes().iter().all(|octet| matches!(octet, b' '..=b'~'))
    };
    if !request.headers().get_all("Prefer").all(readable) {
        return Err(Problem::new(
            Code::InvalidHeader,
            "Prefer: expected at most 1024 visible ASCII characters.",
        ));
    }
    match validate_only(request) {
        Some(value) if !value.is_empty() => {
            Err(Problem::new(Code::InvalidHeader, "Prefer: validate-only is set to nothing."))
        }
        _ => Ok(()),
    }
}

/// Tells the client that it was heeded.
pub(super) fn applied<B: MessageBody>(mut response: ServiceResponse<B>) -> ServiceResponse<B> {
    let heeded = response.request().extensions().get::<Origin>().is_some_and(|origin| origin.0.dry_run);
    if heeded {
        let name = HeaderName::from_static("preference-applied");
        response.headers_mut().insert(name, HeaderValue::from_static(PREFERENCE));
    }
    response
}

/// What the preference is set to in a list of preferences, if it is there.
fn find(list: &str) -> Option<String> {
    // What stands in quotes separates nothing.
    let (mut quoted, mut escaped) = (false, false);
    let separates = |c: char| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        c == ',' && !quoted
    };
    list.split(separates).find_map(|preference| {
        let preference = preference.split(';').next().unwrap_or_default();
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        name.trim().eq_ignore_ascii_case(PREFERENCE).then(|| value.trim().trim_matches('"').to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn the_preference_is_found_where_it_is_one() {
        for (list, found) in [
            ("validate-only", Some("")),
            ("Validate-Only", Some("")),
            ("respond-async, wait=10,validate-only", Some("")),
            ("validate-only;reason=\"a, b\"", Some("")),
            ("validate-only = \"\"", Some("")),
            ("foo=\"a \\\" b, c\", validate-only", Some("")),
            ("validate-only=false", Some("false")),
            ("validate-only=\"no\", wait=1", Some("no")),
            ("foo=\"validate-only, validate-only\"", None),
            ("foo; validate-only", None),
            ("handling=lenient, return=minimal", None),
            ("validate-only-not", None),
            ("", None),
        ] {
            assert_eq!(find(list).as_deref(), found, "{list}");
        }
    }
}
