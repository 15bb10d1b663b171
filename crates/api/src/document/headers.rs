//! The headers of answers: each is described once, and named by the answers that have it.

use serde_json::{Map, Value, json};

/// Their names, what they say, and what they are like.
const HEADERS: [(&str, &str, &str, u64); 15] = [
    ("Accept-Ranges", "`bytes`: parts of it can be asked for.", "^bytes$", 5),
    (
        "Access-Control-Allow-Origin",
        "The page that asks, where its origin is among those that the server lets in.",
        "^https?://[!-~]+$",
        2048,
    ),
    ("Content-Range", "Which octets these are, and of how many.", "^bytes ([0-9]+-[0-9]+|[*])/[0-9]+$", 128),
    ("ETag", "The version, where it has one.", "^(W/)?\"[!#-~]*\"$", 256),
    ("Idempotency-Replayed", "`true`: this is the first answer again.", "^true$", 4),
    (
        "Link",
        "The next and the previous page (RFC 8288).",
        "^<[!-~]+>; rel=\"(next|prev)\"(, <[!-~]+>; rel=\"prev\")?$",
        32_768,
    ),
    ("Location", "Where the new resource is.", "^/[!-~]*$", 256),
    (
        "Preference-Applied",
        "`validate-only`, when nothing was changed because that was preferred.",
        "^validate-only$",
        16,
    ),
    (
        "RateLimit",
        "How many requests are left at this moment (`r`), and in how many seconds all of them are back (`t`).",
        "^\"[a-z-]+\";r=[0-9]+;t=[0-9]+$",
        128,
    ),
    (
        "RateLimit-Policy",
        "How many requests there are an hour (`q`), and how many of them at once (`burst`).",
        "^\"[a-z-]+\";q=[0-9]+;w=[0-9]+;burst=[0-9]+$",
        128,
    ),
    ("Repr-Digest", "The SHA-256 of the whole (RFC 9530).", "^sha-256=:[A-Za-z0-9+/=]+:$", 128),
    ("Retry-After", "Seconds to wait.", "^[0-9]+$", 10),
    ("WWW-Authenticate", "How to say who one is.", "^(Bearer|Basic)( [ -~]+)?$", 256),
    ("X-Request-Id", "The request's id.", "^[!-~]+$", 64),
    ("Content-Disposition", "What the file is called.", "^[ -~]+$", 2048),
];

/// What is answered as a file that has a name.
const FILES: [&str; 2] = ["image/jpeg", "text/csv"];

/// All of them, described.
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

/// The parameter by which a client names its request. Nothing is refused for it, so its schema says no more than that it is text.
pub(super) fn request_id() -> Value {
    let schema = json!({ "type": "string", "examples": ["deploy-2026-01-31.7"] });
    let description = "What the request is called in the log, in the audit and in problems: up to 64 letters, digits, `-`, `_` and `.`. Another value is \
                       ignored, and an id made as without it.";
    json!({ "name": "X-Request-Id", "in": "header", "required": false, "description": description, "schema": schema })
}

/// Names the headers of an operation's answers.
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
