//! The headers of responses: each is described once as a component, and the responses refer to it.

use serde_json::{Map, Value, json};

/// The name, description, pattern and greatest length of each header.
const HEADERS: [(&str, &str, &str, u64); 15] = [
    ("Accept-Ranges", "`bytes`: the content can be requested in byte ranges.", "^bytes$", 5),
    (
        "Access-Control-Allow-Origin",
        "The origin of the calling page, if the server allows that origin.",
        "^https?://[!-~]+$",
        2048,
    ),
    (
        "Content-Range",
        "The range of bytes in this response and the length of the whole content.",
        "^bytes ([0-9]+-[0-9]+|[*])/[0-9]+$",
        128,
    ),
    (
        "ETag",
        "The entity tag of the response. That of a resource is its version, as in `If-Match`.",
        "^(W/)?\"[!#-~]*\"$",
        256,
    ),
    (
        "Idempotency-Replayed",
        "`true`: this is the stored response to an earlier request with the same `Idempotency-Key`.",
        "^true$",
        4,
    ),
    (
        "Link",
        "The URLs of the next and the previous page (RFC 8288).",
        "^<[!-~]+>; rel=\"(next|prev)\"(, <[!-~]+>; rel=\"prev\")?$",
        32_768,
    ),
    ("Location", "The path of the new resource.", "^/[!-~]*$", 256),
    (
        "Preference-Applied",
        "`validate-only`: the request was a dry run, and nothing was changed.",
        "^validate-only$",
        16,
    ),
    (
        "RateLimit",
        "The number of requests that the caller can make now (`r`), and the seconds until the full number is available again (`t`).",
        "^\"[a-z-]+\";r=[0-9]+;t=[0-9]+$",
        128,
    ),
    (
        "RateLimit-Policy",
        "The number of requests that the caller can make in an hour (`q`), and at once (`burst`).",
        "^\"[a-z-]+\";q=[0-9]+;w=[0-9]+;burst=[0-9]+$",
        128,
    ),
    ("Repr-Digest", "The SHA-256 of the whole content (RFC 9530).", "^sha-256=:[A-Za-z0-9+/=]+:$", 128),
    ("Retry-After", "The number of seconds to wait before the next attempt.", "^[0-9]+$", 10),
    ("WWW-Authenticate", "The authentication scheme to use.", "^(Bearer|Basic)( [ -~]+)?$", 256),
    (
        "X-Request-Id",
        "The id of the request, as in the log, in the audit log and in problems.",
        "^[!-~]+$",
        64,
    ),
    (
        "Content-Disposition",
        "How to show the content (`attachment` or `inline`), and the name of the file.",
        "^[ -~]+$",
        2048,
    ),
];

/// The content types of responses that are files with a name.
const FILES: [&str; 2] = ["image/jpeg", "text/csv"];

/// All headers as components of the document.
pub(super) fn all() -> Value {
    HEADERS
        .iter()
        .map(|(name, description, pattern, longest)| {
            let schema = json!({ "type": "string", "pattern": pattern, "maxLength": longest });
            ((*name).to_owned(), json!({ "description": description, "schema": schema }))
        })
        .collect::<Map<_, _>>()
        .into()
}

/// The parameter with which a client names its request. No value is rejected, so its schema has no
/// pattern.
pub(super) fn request_id() -> Value {
    let schema = json!({ "type": "string", "examples": ["deploy-2026-01-31.7"] });
    let description = "The id of the request in the log, in the audit log and in problems: up to 64 letters, digits, `-`, `_` and `.`. \
                       Any other value is ignored. Default: an id that the server generates.";
    json!({ "name": "X-Request-Id", "in": "header", "required": false, "description": description, "schema": schema })
}

/// Adds references to the headers to the responses of an operation.
pub(super) fn apply(counted: bool, method: &str, operation: &mut Map<String, Value>) {
    let parameters =
        operation.get("parameters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let takes = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
    let (once, known, paged) = (takes("Idempotency-Key"), takes("If-None-Match"), takes("cursor"));
    let validates = takes("Prefer");
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    responses.sort_keys();
    let whole = responses.contains_key("206");
    for (status, response) in responses {
        let mut names = vec!["X-Request-Id", "Access-Control-Allow-Origin"];
        if counted {
            names.extend(["RateLimit", "RateLimit-Policy"]);
        }
        let good = status.starts_with('2');
        names.extend(match status.as_str() {
            "201" => ["Location", "ETag"].as_slice(),
            "200" if known || method != "get" => &["ETag"],
            "304" => &["ETag"],
            "206" => &["ETag", "Content-Range"],
            "416" => &["Content-Range"],
            "401" => &["WWW-Authenticate"],
            "429" | "503" | "507" => &["Retry-After"],
            _ => &[],
        });
        if once && good {
            names.push("Idempotency-Replayed");
        }
        if validates {
            names.push("Preference-Applied");
        }
        if paged && good {
            names.push("Link");
        }
        if whole && (good || status == "304") {
            names.extend(["Accept-Ranges", "Repr-Digest"]);
        }
        let is_file = |kind: &&str| response["content"].get(*kind).is_some();
        if whole && (good || status == "304") || good && FILES.iter().any(is_file) {
            names.push("Content-Disposition");
        }
        let reference =
            |name: &str| (name.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }));
        response["headers"] = names.into_iter().map(reference).collect::<Map<_, _>>().into();
    }
}
