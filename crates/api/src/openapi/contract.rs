//! What applies to every operation of the OpenAPI document: security, headers, problems, and the
//! parameters of lists.
//!
//! Invariant: the parameters come from the tables by which the server reads them, so the document
//! and the server cannot differ.

use serde_json::{Map, Value, json};
use taskhub_domain::{
    access_token::AccessToken,
    attachment::Attachment,
    audit::{AuditEntry, Change, HistoryEntry},
    change_feed,
    client::Client,
    comment::{Comment, CommentVersion},
    document::{Document, DocumentVersion},
    invitation::Invitation,
    label::Label,
    notification::Notification,
    permission,
    project::{Milestone, Project},
    reminder::Reminder,
    report::{By, Every},
    request::{ClientRequest, RequestType},
    search,
    service_account::ServiceAccount,
    session::Session,
    task::{Task, TaskDependency},
    team::{Team, TeamMember},
    time_entry::TimeEntry,
    user::User,
    watcher::Watcher,
};

use super::{
    deprecation, headers,
    parameters::{WORDS, filter_parameters, filters, list_parameters, pattern, query, search_filters, words},
    scopes,
};
use crate::http::middleware::operations::METHODS;

/// The operations that change many rows at once.
const BULK: [&str; 4] = ["change_documents", "change_requests", "change_tasks", "change_users"];
/// Their additional problems, each about one of the operations in the body.
const OF_BULK: [(&str, &str); 3] = [
    ("404", "A resource in `operations` does not exist, or is not visible to the caller."),
    ("412", "A resource in `operations` is at another version."),
    ("428", "The organisation requires a `version` in each update and delete."),
];

/// The operations whose response has a secret that is shown once. They accept no idempotency key.
const SHOWN_ONCE: [&str; 3] = ["create_totp", "confirm_totp", "replace_recovery_codes"];

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
            let list = listed(operation).map(str::to_owned);
            let Some(operation) = operation.as_object_mut() else { continue };
            if method == "get" && past.contains(path) {
                add_parameters(operation, [as_of()]);
                // A resource that always exists today may not have existed then.
                add_problem(operation, "404", ABSENT);
            }
            if method == "patch" {
                patches.extend(take_merge_patch(operation));
            }
            complete(path, method, operation, list.as_deref());
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

/// Adds the credentials that an operation accepts; true if it can be called without one.
fn secure(path: &str, method: &str, operation: &mut Map<String, Value>) -> bool {
    let given = operation.get("security").and_then(Value::as_array).cloned();
    let public = given.is_some();
    let security = match given {
        None => json!([{ "token": scopes::of(path, method) }]),
        // `security(())` at a handler: no credential is needed. Other schemes that it names are
        // optional.
        Some(given) if given.iter().all(|one| *one == json!({})) => json!([]),
        Some(given) => given.into(),
    };
    operation.insert("security".to_owned(), security);
    public
}

fn complete(path: &str, method: &str, operation: &mut Map<String, Value>, list: Option<&str>) {
    let public = secure(path, method, operation);
    let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let by_id = path.contains("{id}");
    let has_body = operation.contains_key("requestBody");
    let single =
        operation["responses"].as_object().is_some_and(|all| all.contains_key("200")) && list.is_none();
    let makes = operation["responses"].as_object().is_some_and(|all| all.contains_key("201"));
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
    if by_id || matches!(id.as_str(), "get_completion_report" | "get_individual_report" | "get_team_report") {
        problems.push(("404", ABSENT));
    }
    if has_body {
        problems.extend([
            ("408", "The body did not arrive in time."),
            ("413", "The body is too large."),
            ("415", "The content type of the body is not supported."),
            ("422", "The body is invalid. `errors` names the fields."),
        ]);
    }
    if matches!(id.as_str(), "get_changes" | "stream_events") {
        problems.push(("410", "The changes after this cursor are no longer stored."));
    }
    match method {
        "get"
            if single
                && (by_id || matches!(id.as_str(), "get_tenant" | "get_profile"))
                // Statistics and audit entries have no version.
                && !id.contains("statistics")
                && id != "get_audit_entry" =>
        {
            parameters.push(header(
                "If-None-Match",
                "The entity tags of the versions that the client has. If one of them is current, the response is 304.",
            ));
            add(
                operation,
                "304",
                json!({ "description": "Not modified: the client has the current version." }),
            );
        }
        "post" if !public => {
            if !SHOWN_ONCE.contains(&id.as_str()) {
                parameters.push(idempotency_key());
                problems.push((
                    "404",
                    "The result of the first request with this `Idempotency-Key` no longer exists, or is not visible to the caller.",
                ));
            }
            problems.extend(OF_KEYS);
            if BULK.contains(&id.as_str()) {
                problems.extend(OF_BULK);
            }
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
    let required: &[&str] = if id == "list_tasks_by_status" { &["status"] } else { &[] };
    parameters.extend(list.map(|item| of_list(item, required)).unwrap_or_default());
    parameters.extend(of_others(&id));
    parameters.push(headers::request_id());
    add_parameters(operation, parameters);
    for (status, description) in problems {
        add_problem(operation, status, description);
    }
    headers::apply(counted, method, operation);
    deprecation::complete(operation);
    operation.entry("description").or_insert_with(|| describe(method, by_id, list.is_some()).into());
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
    parameters.push(header("If-Match", "The entity tags of the versions that may be changed. If the resource is at another version, the response is 412."));
    parameters.push(header(
        "If-None-Match",
        "The entity tags of the versions that must not be changed. If the resource is at one of them, the response is 412. `*` matches every existing resource.",
    ));
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

/// A parameter that holds entity tags.
fn header(name: &str, description: &str) -> Value {
    let tag = r#"(W/)?"[!#-~]*""#;
    let schema = json!({ "type": "string", "maxLength": 1024, "pattern": format!(r"^(\*|{tag}( *, *{tag})*)$"), "examples": ["\"3\""] });
    json!({ "name": name, "in": "header", "required": false, "description": description, "schema": schema })
}

/// The name of the schema of the results, if the operation returns a list.
fn listed(operation: &Value) -> Option<&str> {
    let schema = operation.pointer("/responses/200/content/application~1json/schema/$ref")?;
    schema.as_str()?.strip_prefix("#/components/schemas/List_")
}

/// The parameters of a list, from the tables of its resource.
fn of_list(item: &str, required: &[&str]) -> Vec<Value> {
    match item {
        "AccessToken" => list_parameters::<AccessToken>(required),
        "Attachment" => list_parameters::<Attachment>(required),
        "AuditEntry" => list_parameters::<AuditEntry>(required),
        "Change" => list_parameters::<Change>(required),
        "Client" => list_parameters::<Client>(required),
        "ClientRequest" => list_parameters::<ClientRequest>(required),
        "Comment" => list_parameters::<Comment>(required),
        "CommentVersion" => list_parameters::<CommentVersion>(required),
        "DocumentSummary" => list_parameters::<Document>(required),
        "DocumentVersionSummary" => list_parameters::<DocumentVersion>(required),
        "HistoryEntry" => list_parameters::<HistoryEntry>(required),
        "Invitation" => list_parameters::<Invitation>(required),
        "Label" => list_parameters::<Label>(required),
        "Milestone" => list_parameters::<Milestone>(required),
        "Notification" => list_parameters::<Notification>(required),
        "Project" => list_parameters::<Project>(required),
        "Reminder" => list_parameters::<Reminder>(required),
        "RequestType" => list_parameters::<RequestType>(required),
        "ServiceAccount" => list_parameters::<ServiceAccount>(required),
        "Session" => list_parameters::<Session>(required),
        "Task" => list_parameters::<Task>(required),
        "TaskDependency" => list_parameters::<TaskDependency>(required),
        "Team" => list_parameters::<Team>(required),
        "TeamMember" => list_parameters::<TeamMember>(required),
        "TimeEntry" => list_parameters::<TimeEntry>(required),
        "UserView" => list_parameters::<User>(required),
        "Watcher" => list_parameters::<Watcher>(required),
        _ => Vec::new(),
    }
}

/// The paths of the resources that accept `as_of`: those with a history.
fn with_history(paths: &Map<String, Value>) -> Vec<String> {
    let told = paths.iter().filter(|(_, item)| listed(&item["get"]) == Some("Change"));
    let ends = ["/history", "/changes"];
    told.filter_map(|(path, _)| ends.iter().find_map(|end| path.strip_suffix(end)).map(str::to_owned))
        .collect()
}

/// The parameter `as_of`.
fn as_of() -> Value {
    query(
        false,
        "as_of",
        "A date and time (RFC 3339). Returns the resource as it was then. Also requires the scope `history:read`.",
        json!({ "type": "string", "format": "date-time" }),
    )
}

/// The parameters of operations that return no page, from the tables of the domain.
fn of_others(id: &str) -> Vec<Value> {
    match id {
        "export_users" => filter_parameters::<User>(&[]),
        "export_time_entries" => filter_parameters::<TimeEntry>(&[]),
        "get_time_totals" => {
            let by = json!({ "type": "string", "enum": By::WORDS });
            let mut all = vec![query(true, "by", "The grouping of the totals.", by)];
            all.extend(filters::<TimeEntry>(&[]));
            all
        }
        "get_individual_report" => {
            let user = json!({ "type": "string", "format": "uuid" });
            let mut all = vec![query(false, "user", "The id of the user. Default: the caller.", user)];
            all.extend(of_reports(&["json", "csv"]));
            all
        }
        "get_team_report" => {
            let team = json!({ "type": "string", "format": "uuid" });
            let mut all = vec![query(true, "team", "The id of the team.", team)];
            all.extend(of_reports(&["json", "csv"]));
            all
        }
        "get_completion_report" => {
            let every = json!({ "type": "string", "enum": Every::WORDS, "default": "day" });
            let project = json!({ "type": "string", "format": "uuid" });
            let mut all = vec![
                query(false, "every", "Whether each line is for a day or a week. Days and weeks are in UTC, and weeks begin on Monday.", every),
                query(false, "project", "The id of a project, to count only its tasks. Default: all tasks that count for the caller.", project),
            ];
            all.extend(of_reports(&["json", "csv", "svg"]));
            all
        }
        "get_workload_report" | "get_time_by_project_report" => of_reports(&["json", "csv", "svg"]),
        "get_permissions" => vec![
            query(true, "noun", "The resource type.", json!({ "type": "string", "enum": permission::RESOURCE_TYPES })),
            query(
                false,
                "id",
                "The id of one resource. Default: the permissions to list and to create resources of the type.",
                json!({ "type": "string", "format": "uuid" }),
            ),
        ],
        "get_changes" => {
            let size =
                json!({ "type": "integer", "minimum": 1, "maximum": change_feed::MOST, "default": change_feed::SHOWN });
            let mut all = of_feed();
            all.push(query(false, "page_size", "The most changes in the response.", size));
            all
        }
        "stream_events" => of_feed(),
        "search_rows" => vec![
            query(true, "q", WORDS, words()),
            query(
                false,
                "noun",
                "The resource types to search, separated by commas. Default: all types that the scopes of the token allow.",
                json!({ "type": "string", "pattern": pattern(search::RESOURCE_TYPES) }),
            ),
            query(
                false,
                "project",
                "The id of a project, to search only the project, its tasks and their comments, and its documents.",
                json!({ "type": "string", "format": "uuid" }),
            ),
            query(
                false,
                "page_size",
                "The most results in the response.",
                json!({ "type": "integer", "minimum": 1, "maximum": search::MOST, "default": search::SHOWN }),
            ),
        ]
        .into_iter()
        .chain(search_filters())
        .collect(),
        _ => Vec::new(),
    }
}

/// The parameters of the change feed.
fn of_feed() -> Vec<Value> {
    let since = format!("^{}$|^[A-Za-z0-9_-]{{{}}}$", change_feed::OLDEST, change_feed::CURSOR);
    vec![
        query(
            false,
            "since",
            "The cursor after which to continue, or `oldest` for the oldest stored change. Default: the end of the change feed, so that only later changes are returned.",
            json!({ "type": "string", "maxLength": change_feed::CURSOR, "pattern": since }),
        ),
        query(
            false,
            "noun",
            "The resource types whose changes are returned, separated by commas. Default: all types that the scopes of the token allow.",
            json!({ "type": "string", "pattern": pattern(change_feed::RESOURCE_TYPES) }),
        ),
    ]
}

/// The parameters of every report.
fn of_reports(formats: &[&str]) -> Vec<Value> {
    let instant = || json!({ "type": "string", "format": "date-time" });
    vec![
        query(
            false,
            "from",
            "The start of the period (RFC 3339), inclusive. Default: 30 days before its end.",
            instant(),
        ),
        query(
            false,
            "to",
            "The end of the period (RFC 3339), exclusive, at most 366 days after its start. Default: 30 days after `from`, or now when `from` is absent as well.",
            instant(),
        ),
        query(
            false,
            "format",
            "The format of the response. Default: the first of these formats in `Accept`, or else `json`.",
            json!({ "type": "string", "enum": formats }),
        ),
    ]
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
