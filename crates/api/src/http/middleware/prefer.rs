//! The header `Prefer` (RFC 7240): of all preferences, `validate-only` (a dry run) is honoured.
//!
//! Invariant: a request with `validate-only` changes nothing. A `validate-only` with a value is
//! rejected, because `false` could mean the opposite. Other preferences are ignored, and on a GET
//! this one too.

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
/// The longest value of the header, in bytes.
const LONGEST: usize = 1024;

/// The value of `validate-only`, if the client sent it. A valid one is empty.
pub(super) fn validate_only(request: &HttpRequest) -> Option<String> {
    if request.method() == Method::GET {
        return None;
    }
    let values = request.headers().get_all("Prefer");
    values.into_iter().find_map(|value| find(&String::from_utf8_lossy(value.as_bytes())))
}

/// Rejects an invalid header.
pub(super) fn check(request: &HttpRequest) -> Result<(), Problem> {
    if request.method() == Method::GET {
        return Ok(());
    }
    let readable = |value: &HeaderValue| {
        value.len() <= LONGEST && value.as_bytes().iter().all(|byte| matches!(byte, b' '..=b'~'))
    };
    if !request.headers().get_all("Prefer").all(readable) {
        return Err(Problem::new(
            Code::InvalidHeader,
            "Prefer: must be at most 1024 visible ASCII characters.",
        ));
    }
    match validate_only(request) {
        Some(value) if !value.is_empty() => {
            Err(Problem::new(Code::InvalidHeader, "Prefer: validate-only must have no value."))
        }
        _ => Ok(()),
    }
}

/// Adds `Preference-Applied` to the response of a dry run.
pub(super) fn applied<B: MessageBody>(mut response: ServiceResponse<B>) -> ServiceResponse<B> {
    let honoured = response.request().extensions().get::<Origin>().is_some_and(|origin| origin.0.dry_run);
    if honoured {
        let name = HeaderName::from_static("preference-applied");
        response.headers_mut().insert(name, HeaderValue::from_static(PREFERENCE));
    }
    response
}

/// The value of the preference in a list of preferences, if the list contains it.
fn find(list: &str) -> Option<String> {
    // A comma in quotes does not separate preferences.
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
    fn validate_only_is_found_outside_of_quotes_and_parameters() {
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
