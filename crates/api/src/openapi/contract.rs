//! What applies to every operation of the OpenAPI document: security, headers, problems, and the
//! parameters that follow from the method.

use serde_json::{Map, Value, json};
use utoipa::{IntoParams, openapi::path::Parameter};

use super::{bulk, deprecation, headers, problems};
use crate::http::{
    extract::IfMatch,
    middleware::operations::METHODS,
    parameters::{self, PAGE_SIZE_OF_LISTS},
    problem::Code,
};

/// The mark of a handler whose responses are not stored: `("x-idempotency-key" = json!(false))`.
const IDEMPOTENCY_KEY: &str = "x-idempotency-key";

/// The problems of every operation that writes, with and without an idempotency key.
const OF_KEYS: [(&str, &str); 2] = [
    (
        "409",
        "The request conflicts with the current state, or a request with the same `Idempotency-Key` is in progress.",
    ),
    ("422", "The body is invalid, or the `Idempotency-Key` was used for another request."),
];

/// The description of 404.
const ABSENT: &str = "The resource does not exist, or is not visible to the caller.";

/// The description of `Prefer`.
const VALIDATE_ONLY: &str = "`validate-only` makes the request a dry run (RFC 7240): nothing is changed, sent or stored. The response is the one that \
    the request would have had. The id of a new resource is a placeholder, a new secret reads `validate-only`, and an \
    `Idempotency-Key` is not honoured. Other preferences are ignored.";

/// Adds what applies to every operation to the document of the handlers.
pub(super) fn apply(document: &mut Value) {
    let schemes = json!({
        "token": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "An access token from `POST /api/v1/auth/token`, or a personal access token from \
                            `POST /api/v1/access-tokens`. Access tokens are JWTs, issued and verified according to RFC8725. The \
                            scopes of an operation are those that a token with limited scopes needs. A token without limited \
                            scopes needs none."
        },
        "basic": {
            "type": "http", "scheme": "basic",
            "description": "The `client_id` and `client_secret` of a service account, each form-urlencoded (RFC 6749 section 2.3.1)."
        }
    });
    if let Some(root) = document.as_object_mut() {
        let server = json!({ "url": "/", "description": "The server that serves this document, in production", "x-internal": false });
        root.insert("servers".to_owned(), json!([server]));
    }
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("securitySchemes".to_owned(), schemes);
        components.insert("headers".to_owned(), headers::all());
    }
    let mut patches = Vec::new();
    let past = document["paths"].as_object().map(with_history).unwrap_or_default();
    for (path, item) in document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get_mut(method) else { continue };
            let list = listed(operation).is_some();
            let Some(operation) = operation.as_object_mut() else { continue };
            if method == "get" && past.contains(path) {
                add_parameters(operation, [json!(as_of())]);
                // A resource that always exists today may not have existed then.
                add_problem(operation, "404", ABSENT);
            }
            if method == "patch" {
                patches.extend(take_merge_patch(operation));
            }
            complete(path, method, operation, list);
        }
    }
    if let Some(all) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for schema in all.values_mut() {
            let scopes = schema.pointer_mut("/properties/scopes").and_then(Value::as_object_mut);
            // Scopes that a client sends. Stored scopes may be those of an earlier version.
            if let Some(scopes) = scopes.filter(|scopes| scopes.contains_key("maxItems")) {
                scopes.insert("uniqueItems".to_owned(), json!(true));
                scopes.insert(
                    "items".to_owned(),
                    json!({ "type": "string", "enum": taskhub_domain::scopes::all() }),
                );
            }
        }
        for name in patches {
            if let Some(patch) = all.get(&name).map(as_patch) {
                all.insert(patch_name(&name), patch);
            }
        }
        all.sort_keys();
    }
}

/// Completes the credentials that an operation accepts. Returns whether its handler says that none
/// is needed.
fn secure(operation: &mut Map<String, Value>) -> bool {
    let given = operation.get("security").and_then(Value::as_array).cloned();
    // A handler that says nothing needs a credential.
    let mut given = given.unwrap_or_else(|| vec![json!({ "token": [] })]);
    let public = given.contains(&json!({}));
    // `security(())` at a handler: no credential is needed. Other schemes that it names are
    // optional.
    if given.iter().all(|one| *one == json!({})) {
        given.clear();
    }
    for scopes in given.iter_mut().filter_map(|one| one.get_mut("token")?.as_array_mut()) {
        // A child can have the scope of its parent.
        scopes.dedup();
    }
    operation.insert("security".to_owned(), given.into());
    public
}

fn complete(path: &str, method: &str, operation: &mut Map<String, Value>, list: bool) {
    let public = secure(operation);
    let by_id = path.contains("{id}");
    let has_body = operation.contains_key("requestBody");
    let answers = |status| operation["responses"].as_object().is_some_and(|all| all.contains_key(status));
    let makes = answers("201");
    // Health checks are not counted against the rate limits.
    let counted = !path.starts_with("/health/");
    let mut parameters: Vec<_> = (method != "get").then(preference).into_iter().collect();
    let mut problems = vec![
        ("400", "A parameter or a header is invalid."),
        // On public operations as well: an invalid credential is never ignored.
        ("401", "The access token or the credentials are missing, wrong, expired or revoked."),
        ("406", "`Accept-Encoding` allows no coding that the server has."),
        ("500", "An internal error of the server. Its cause is in the log only."),
    ];
    if counted {
        problems.extend([
            ("429", "Too many requests. `Retry-After` says how many seconds to wait."),
            (
                "503",
                "The server is overloaded or cannot write now. `Retry-After` says how many seconds to wait.",
            ),
            ("507", "The storage of the server is full."),
        ]);
    }
    let kept_out = if public {
        "The organisation is suspended."
    } else {
        "The caller is not allowed to do this, the token lacks a scope, or the organisation is suspended."
    };
    problems.push(("403", kept_out));
    if by_id || problems::has(operation, Code::NotFound) {
        problems.push(("404", ABSENT));
    }
    if problems::has(operation, Code::CursorExpired) {
        problems.push(("410", "The changes after this cursor are no longer stored."));
    }
    if has_body {
        problems.extend([
            ("408", "The body did not arrive in time."),
            ("413", "The body is too large."),
            ("415", "The content type of the body is not supported."),
            ("422", "The body is invalid. `errors` names the fields."),
        ]);
    }
    match method {
        "get" if accepts(operation, "If-None-Match") => add(
            operation,
            "304",
            json!({ "description": "Not modified: the client has the current version." }),
        ),
        "post" if !public => {
            if path.ends_with(bulk::PATH) {
                problems.extend(bulk::PROBLEMS);
            }
            if operation.remove(IDEMPOTENCY_KEY) != Some(json!(false)) {
                parameters.push(idempotency_key());
                problems.push((
                    "404",
                    "The result of the first request with this `Idempotency-Key` no longer exists, or is not visible to the caller.",
                ));
            }
            problems.extend(OF_KEYS);
            // An action on a row. A row that is created inside another has no version yet.
            if by_id && !makes {
                if_match(&mut parameters, &mut problems);
            }
        }
        "put" | "patch" | "delete" => {
            parameters.push(idempotency_key());
            if_match(&mut parameters, &mut problems);
            problems.extend(OF_KEYS);
        }
        _ => {}
    }
    parameters.push(headers::request_id());
    add_parameters(operation, parameters);
    for (status, description) in problems {
        add_problem(operation, status, description);
    }
    headers::apply(counted, method, operation);
    deprecation::complete(operation);
    operation.entry("description").or_insert_with(|| describe(method, by_id, list).into());
}

/// Whether an operation has a parameter with this name.
fn accepts(operation: &Map<String, Value>, name: &str) -> bool {
    let parameters = operation.get("parameters").and_then(Value::as_array);
    parameters.into_iter().flatten().any(|parameter| parameter["name"] == name)
}

/// The description of an operation whose handler has none.
fn describe(method: &str, by_id: bool, list: bool) -> &'static str {
    match method {
        _ if list => {
            "Returns the resources that the caller sees, filtered and sorted by the query parameters. Numbered pages have an exact \
             `count`; with `cursor`, every page takes about the same time."
        }
        "get" if by_id => {
            "Returns the resource as it is now, or as it was at the time `as_of`, if the operation has that parameter. The `ETag` is the version."
        }
        "get" => "Returns the current state.",
        "patch" => {
            "Changes the fields that are sent. Absent fields stay, and null clears a field (RFC 7396)."
        }
        "put" => "Replaces all writable fields. An absent field gets its default.",
        "delete" => "Deletes the resource permanently. The audit log keeps its records.",
        _ => "Repeating the request has no further effect.",
    }
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "A value that the client chooses for this request: 1 to 255 visible ASCII characters. The same request with the same key \
                        within 24 hours gets the first response again, with `Idempotency-Replayed: true`, and changes nothing. The \
                        caller must still be allowed to make the request and to see the result. A response with a secret is \
                        repeated only to the credential that received it first.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" }
    })
}

fn if_match(parameters: &mut Vec<Value>, problems: &mut Vec<(&'static str, &'static str)>) {
    parameters.extend(IfMatch::into_params(|| None).iter().map(|parameter| json!(parameter)));
    problems.push(("412", "The resource is not at a version that `If-Match` and `If-None-Match` allow."));
    problems.push(("428", "The organisation requires `If-Match`."));
}

fn add(operation: &mut Map<String, Value>, status: &str, response: Value) {
    if let Some(responses) = operation.entry("responses").or_insert_with(|| json!({})).as_object_mut() {
        responses.entry(status).or_insert(response);
    }
}

fn add_problem(operation: &mut Map<String, Value>, status: &str, description: &str) {
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    let content = json!({ "application/problem+json": { "schema": schema } });
    add(operation, status, json!({ "description": description, "content": content }));
}

fn add_parameters(operation: &mut Map<String, Value>, parameters: impl IntoIterator<Item = Value>) {
    if let Some(given) = operation.entry("parameters").or_insert_with(|| json!([])).as_array_mut() {
        given.extend(parameters);
    }
}

/// The parameter with which a caller asks for a dry run.
fn preference() -> Value {
    // An empty list is valid too (RFC 9110 section 5.6.1).
    let schema =
        json!({ "type": "string", "maxLength": 1024, "pattern": "^[ -~]*$", "examples": ["validate-only"] });
    json!({ "name": "Prefer", "in": "header", "required": false, "description": VALIDATE_ONLY, "schema": schema })
}

/// The name of the schema of the results, if the operation returns a list.
fn listed(operation: &Value) -> Option<&str> {
    let schema = operation.pointer("/responses/200/content/application~1json/schema/$ref")?;
    schema.as_str()?.strip_prefix("#/components/schemas/List_")
}

/// The paths of the resources that accept `as_of`: those with a history.
fn with_history(paths: &Map<String, Value>) -> Vec<String> {
    let histories = paths.iter().filter(|(_, item)| listed(&item["get"]) == Some("Change"));
    let ends = ["/history", "/changes"];
    histories
        .filter_map(|(path, _)| ends.iter().find_map(|end| path.strip_suffix(end)).map(str::to_owned))
        .collect()
}

/// The parameter `as_of`.
fn as_of() -> Parameter {
    parameters::optional(
        "as_of",
        "A date and time (RFC 3339). Returns the resource as it was then. Also requires the scope `history:read`.",
        parameters::date_time(),
    )
}

/// Makes the body of an operation a merge patch; returns the name of the schema that is patched.
fn take_merge_patch(operation: &mut Map<String, Value>) -> Option<String> {
    let content = operation.get_mut("requestBody")?["content"].as_object_mut()?;
    let mut media = content.remove("application/json")?;
    let reference = media.pointer_mut("/schema/$ref")?;
    let name = reference.as_str()?.rsplit('/').next()?.to_owned();
    *reference = json!(format!("#/components/schemas/{}", patch_name(&name)));
    content.insert("application/merge-patch+json".to_owned(), media.clone());
    content.insert("application/json".to_owned(), media);
    Some(name)
}

fn patch_name(name: &str) -> String {
    format!("{}Patch", name.strip_suffix("Input").unwrap_or(name))
}

/// The merge patch of a schema: no field is required, and none has a default.
fn as_patch(schema: &Value) -> Value {
    let mut patch = schema.clone();
    if let Some(patch) = patch.as_object_mut() {
        patch.remove("required");
        let properties = patch.get_mut("properties").and_then(Value::as_object_mut);
        for property in properties.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
            property.remove("default");
        }
        patch.insert(
            "description".to_owned(),
            json!("A merge patch (RFC 7396): absent fields stay, and null clears a field."),
        );
    }
    patch
}

/// Sets the default of the `page_size` of lists.
pub(super) fn set_page_size(document: &mut Value, rows: u64) {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let operations = paths.flat_map(|(_, path)| path.as_object_mut().into_iter().flatten());
    let parameters = operations.flat_map(|(_, operation)| {
        operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten()
    });
    for parameter in parameters.filter(|parameter| parameter["description"] == PAGE_SIZE_OF_LISTS) {
        if let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) {
            schema.insert("default".to_owned(), rows.into());
        }
    }
}
