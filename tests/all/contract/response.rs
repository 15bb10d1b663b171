//! The checks on every response: a documented status, a body of the documented shape, the form of a
//! problem, and the common headers.

use serde_json::Value;
use taskhub::http::problem::{Code, TYPES};
use taskhub_tests::Answer;

use super::operation::Operation;

/// The headers of every response.
const HEADERS: [&str; 6] = [
    "x-request-id",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "content-security-policy",
    "cache-control",
];

/// Checks a response against the OpenAPI document and the common rules.
pub(super) fn check(operation: &Operation<'_>, answer: &Answer) {
    let Answer { call, status, text, .. } = answer;
    let Some(documented) = operation.response(*status) else {
        panic!("{}: {call} → {status}, which the document does not list: {text}", operation.id)
    };
    check_any(answer);
    if *status >= 400 {
        return;
    }
    let Some(content) = documented["content"].as_object().filter(|content| !content.is_empty()) else {
        assert!(text.is_empty(), "{call} → {status} with a body that the document does not know: {text}");
        return;
    };
    let kind = answer.header("content-type").split(';').next().unwrap_or_default();
    let media = content.get(kind).unwrap_or_else(|| panic!("{call} → {status}: the content type {kind}"));
    if !text.is_empty() && kind == "application/json" {
        check_shape(operation, &media["schema"], answer);
    }
}

/// Checks a response that belongs to no operation against the common rules.
pub(super) fn check_any(answer: &Answer) {
    let Answer { call, status, text, body, .. } = answer;
    for name in HEADERS {
        assert!(!answer.header(name).is_empty(), "{call} → {status} without {name}");
    }
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{call}");
    if *status < 400 || text.is_empty() {
        return;
    }
    let field = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{call} → no {name} in {text}"));
    assert_eq!(answer.header("content-type"), "application/problem+json", "{call} → {status}");
    let code = Code::ALL.iter().find(|code| code.as_str() == field("code"));
    let code = code.unwrap_or_else(|| panic!("{call} → a code that no table has: {text}"));
    assert_eq!(code.status().as_u16(), *status, "{call} → {text}");
    assert_eq!(body["status"], *status, "{call} → {text}");
    assert_eq!(field("type"), format!("{TYPES}{}", code.as_str()), "{call}");
    assert_eq!(field("title"), code.title(), "{call}");
    assert_eq!(field("instance"), answer.header("x-request-id"), "{call}");
    let challenge = if code == &Code::InvalidClient { "Basic " } else { "Bearer" };
    assert_eq!(*status == 401, answer.header("www-authenticate").starts_with(challenge), "{call} → {status}");
    for error in body["errors"].as_array().into_iter().flatten() {
        let whole = ["pointer", "code", "message"].iter().all(|name| error[name].is_string());
        assert!(whole, "{call} → an error without its parts: {text}");
    }
    let known = ["type", "title", "status", "code", "detail", "instance", "errors", "error"];
    let more = body.as_object().unwrap().keys().find(|name| !known.contains(&name.as_str()));
    assert!(more.is_none(), "{call} → a problem with {more:?}");
}

/// The top-level fields of the body are those of the schema: none is missing, and none is
/// undocumented.
fn check_shape(operation: &Operation<'_>, schema: &Value, answer: &Answer) {
    let schema = operation.resolve(schema);
    let shapes = match schema["anyOf"].as_array() {
        Some(shapes) => shapes.iter().map(|shape| operation.resolve(shape)).collect(),
        None => vec![schema],
    };
    let body = answer.body.as_object().unwrap_or_else(|| panic!("{} → no object", answer.call));
    let fits = |shape: &&Value| {
        let Some(properties) = shape["properties"].as_object() else { return true };
        let required = shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        body.keys().all(|name| properties.contains_key(name))
            && required.into_iter().all(|name| body.contains_key(name))
    };
    assert!(shapes.iter().any(fits), "{} → not of the documented shape: {}", answer.call, answer.text);
}
