//! What holds on every operation, put into the document.

use serde_json::{Map, Value, json};
use taskhub_domain::{
    access_token::AccessToken,
    attachment::Attachment,
    audit::{AuditEntry, Change, HistoryEntry},
    client::Client,
    comment::{Comment, CommentVersion},
    document::{Document, DocumentVersion},
    feed,
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
use crate::edge::operations::METHODS;

/// The operations that change many rows at once.
const BULK: [&str; 4] = ["change_documents", "change_requests", "change_tasks", "change_users"];
/// What they answer about one of these.
const OF_BULK: [(&str, &str); 3] = [
    ("404", "A row that is absent, or invisible to the caller."),
    ("412", "A row that has another version."),
    ("428", "The organisation requires versions."),
];

/// The operations whose answers hold a secret that is shown once, and so is kept under no idempotency key.
const SHOWN_ONCE: [&str; 3] = ["create_totp", "confirm_totp", "replace_recovery_codes"];

/// What every operation may answer that changes something, with an idempotency key and without one.
const OF_KEYS: [(&str, &str); 2] = [
    ("409", "A clash with what is there, or a request with this key is under way."),
    ("422", "The body is invalid, or the key was used for another request."),
];

/// What 404 says of a row.
const ABSENT: &str = "Absent, or invisible to the caller.";

/// What `Prefer` does.
const VALIDATE_ONLY: &str = "`validate-only` (RFC 7240): the answer is what it would be, and nothing is changed, sent or kept. A new id names nothing then, a new \
    secret reads `validate-only`, and an `Idempotency-Key` is not honoured. Other preferences are ignored.";

/// Applies the contract to the document of the handlers.
pub(super) fn apply(document: &mut Value) {
    let schemes = json!({
        "token": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "An access token from `POST /api/v1/auth/token`, a JWT that is made and verified by the rules of RFC8725, or a \
                            personal access token from `POST /api/v1/access-tokens`. The scopes that an operation names are what a \
                            token needs that is narrowed to some; one that is not narrowed needs none."
        },
        "basic": {
            "type": "http", "scheme": "basic",
            "description": "A service account's `client_id` and `client_secret`, each form-urlencoded (RFC 6749 section 2.3.1)."
        }
    });
    if let Some(root) = document.as_object_mut() {
        let server = json!({ "url": "/", "description": "The server that this document is from, in production", "x-internal": false });
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
                // What is always there was not there always.
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
            // Those that are given; those that a row has may be of an earlier version.
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

/// Says what credential an operation needs; whether it can do without.
fn secure(path: &str, method: &str, operation: &mut Map<String, Value>) -> bool {
    let given = operation.get("security").and_then(Value::as_array).cloned();
    let public = given.is_some();
    let security = match given {
        None => json!([{ "token": scopes::of(path, method) }]),
        // `security(())` of a handler: no credential is needed. What it names beside may be sent.
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
    // Whether the server lives is asked by whoever runs it, and is not counted.
    let counted = !path.starts_with("/health/");
    let mut parameters: Vec<_> = (method != "get").then(preference).into_iter().collect();
    let mut problems = vec![
        ("400", "A parameter or a header is invalid."),
        // Also where no credential is needed: a bad one is never taken for none.
        ("401", "No valid access token, or credentials that are not right."),
        ("406", "There is no coding of the answer that `Accept-Encoding` allows."),
        ("500", "A fault of the server's."),
    ];
    if counted {
        problems.extend([
            ("429", "Too many requests: see Retry-After."),
            ("503", "Overloaded, or no writes at present: try again later."),
            ("507", "The server's storage is full."),
        ]);
    }
    let kept_out = if public {
        "The organisation is suspended."
    } else {
        "Not allowed to the caller, beyond the token's scopes, or the organisation is suspended."
    };
    problems.push(("403", kept_out));
    if by_id || matches!(id.as_str(), "get_completion_report" | "get_individual_report" | "get_team_report") {
        problems.push(("404", ABSENT));
    }
    if has_body {
        problems.extend([
            ("408", "The body took too long to arrive."),
            ("413", "The body is too large."),
            ("415", "The body is not of a content type that is served here."),
            ("422", "The body is invalid: `errors` says where."),
        ]);
    }
    if matches!(id.as_str(), "get_changes" | "stream_events") {
        problems.push(("410", "What came after this cursor is not kept any more."));
    }
    match method {
        "get"
            if single
                && (by_id || matches!(id.as_str(), "get_tenant" | "get_profile"))
                // What has no version of its own can't be known already.
                && !id.contains("statistics")
                && id != "get_audit_entry" =>
        {
            parameters.push(header(
                "If-None-Match",
                "Entity tags that the client has: one that matches is answered with 304.",
            ));
            add(operation, "304", json!({ "description": "The client has this version." }));
        }
        "post" if !public => {
            if !SHOWN_ONCE.contains(&id.as_str()) {
                parameters.push(idempotency_key());
                problems.push((
                    "404",
                    "What the first request with this key made is gone, or invisible to the caller.",
                ));
            }
            problems.extend(OF_KEYS);
            if BULK.contains(&id.as_str()) {
                problems.extend(OF_BULK);
            }
            // An action on a row; what is made within one has no version yet.
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

/// What is said of an operation that does what all of its kind do.
fn describe(method: &str, by_id: bool, list: bool) -> &'static str {
    match method {
        _ if list => {
            "What the caller may see, filtered and sorted as they ask: by numbered pages with an exact count, or by cursor, which costs the same \
             however far it goes."
        }
        "get" if by_id => {
            "As it is, or as it was at an instant where `as_of` is taken. Its version is its `ETag`."
        }
        "get" => "As it is at this moment.",
        "patch" => "What is absent stays, and null clears (RFC 7396).",
        "put" => "What is absent is set to its default.",
        "delete" => "It is gone for good; what is recorded of it stays.",
        _ => "It can be done again: nothing changes then.",
    }
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "The same request again within 24 hours gets the first response again, with `Idempotency-Replayed: true`, and changes nothing. The \
                        caller must still be allowed to make it, and to see what it answers. A response that holds a secret is repeated only to \
                        the credential that it was given to.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" }
    })
}

fn if_match(parameters: &mut Vec<Value>, problems: &mut Vec<(&'static str, &'static str)>) {
    parameters.push(header("If-Match", "Entity tags of the versions that the change is for."));
    parameters.push(header(
        "If-None-Match",
        "Entity tags of versions that the change is not for: a match gets 412, and `*` matches whatever is there.",
    ));
    problems.push(("412", "The resource has another version."));
    problems.push(("428", "The organisation requires If-Match."));
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

/// The parameter by which a caller asks only to validate.
fn preference() -> Value {
    // An empty list is one too (RFC 9110 section 5.6.1).
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

/// What an operation answers a list of, by the name of its schema.
fn listed(operation: &Value) -> Option<&str> {
    let schema = operation.pointer("/responses/200/content/application~1json/schema/$ref")?;
    schema.as_str()?.strip_prefix("#/components/schemas/List_")
}

/// The parameters of a list, from the tables of the noun that it is of.
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

/// The paths of the rows that can also be got as they were: those that have a history of what happened to them.
fn with_history(paths: &Map<String, Value>) -> Vec<String> {
    let told = paths.iter().filter(|(_, item)| listed(&item["get"]) == Some("Change"));
    let ends = ["/history", "/changes"];
    told.filter_map(|(path, _)| ends.iter().find_map(|end| path.strip_suffix(end)).map(str::to_owned))
        .collect()
}

/// The parameter of these.
fn as_of() -> Value {
    query(
        false,
        "as_of",
        "As it was at an instant (RFC 3339). Takes the scope `history:read` too.",
        json!({ "type": "string", "format": "date-time" }),
    )
}

/// The parameters, from the domain's tables, of operations that answer with no page.
fn of_others(id: &str) -> Vec<Value> {
    match id {
        "export_users" => filter_parameters::<User>(&[]),
        "export_time_entries" => filter_parameters::<TimeEntry>(&[]),
        "get_time_totals" => {
            let by = json!({ "type": "string", "enum": By::WORDS });
            let mut all = vec![query(true, "by", "What time is summed up by.", by)];
            all.extend(filters::<TimeEntry>(&[]));
            all
        }
        "get_individual_report" => {
            let user = json!({ "type": "string", "format": "uuid" });
            let mut all = vec![query(false, "user", "The user's id; without it, the caller.", user)];
            all.extend(of_reports(&["json", "csv"]));
            all
        }
        "get_team_report" => {
            let team = json!({ "type": "string", "format": "uuid" });
            let mut all = vec![query(true, "team", "The team's id.", team)];
            all.extend(of_reports(&["json", "csv"]));
            all
        }
        "get_completion_report" => {
            let every = json!({ "type": "string", "enum": Every::WORDS, "default": "day" });
            let project = json!({ "type": "string", "format": "uuid" });
            let mut all = vec![
                query(false, "every", "How the period is parted, in UTC; weeks begin on Mondays.", every),
                query(false, "project", "The id of a project: its tasks alone.", project),
            ];
            all.extend(of_reports(&["json", "csv", "svg"]));
            all
        }
        "get_workload_report" | "get_time_by_project_report" => of_reports(&["json", "csv", "svg"]),
        "get_permissions" => vec![
            query(true, "noun", "What it is about.", json!({ "type": "string", "enum": permission::NOUNS })),
            query(
                false,
                "id",
                "Which one; without it, all of them.",
                json!({ "type": "string", "format": "uuid" }),
            ),
        ],
        "get_changes" => {
            let size =
                json!({ "type": "integer", "minimum": 1, "maximum": feed::MOST, "default": feed::SHOWN });
            let mut all = of_feed();
            all.push(query(false, "page_size", "Changes at most.", size));
            all
        }
        "stream_events" => of_feed(),
        "search_rows" => vec![
            query(true, "q", WORDS, words()),
            query(
                false,
                "noun",
                "What to search, separated by commas; without it, all that the token's scopes reach.",
                json!({ "type": "string", "pattern": pattern(search::NOUNS) }),
            ),
            query(
                false,
                "project",
                "A project: it, its tasks with what is said about them, and its documents.",
                json!({ "type": "string", "format": "uuid" }),
            ),
            query(
                false,
                "page_size",
                "Rows at most.",
                json!({ "type": "integer", "minimum": 1, "maximum": search::MOST, "default": search::SHOWN }),
            ),
        ]
        .into_iter()
        .chain(search_filters())
        .collect(),
        _ => Vec::new(),
    }
}

/// The parameters of the feed.
fn of_feed() -> Vec<Value> {
    let since = format!("^{}$|^[A-Za-z0-9_-]{{{}}}$", feed::OLDEST, feed::CURSOR);
    vec![
        query(
            false,
            "since",
            "The cursor to go on from; `oldest` for the beginning of what is kept. Without it, from now on.",
            json!({ "type": "string", "maxLength": feed::CURSOR, "pattern": since }),
        ),
        query(
            false,
            "noun",
            "What kinds of rows, separated by commas; without it, all that the token's scopes reach.",
            json!({ "type": "string", "pattern": pattern(feed::NOUNS) }),
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
            "Where the period begins (RFC 3339); without it, 30 days before its end.",
            instant(),
        ),
        query(
            false,
            "to",
            "Where it ends, at most 366 days later; without it, 30 days after its beginning, and without either, now.",
            instant(),
        ),
        query(
            false,
            "format",
            "What comes; without it, what `Accept` asks for.",
            json!({ "type": "string", "enum": formats }),
        ),
    ]
}

/// Has an operation take its body as a merge patch; the name of the schema that it is a patch of.
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

/// A schema as a merge patch of it: nothing is required, and nothing has a default.
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
            json!("A merge patch (RFC 7396): what is absent stays, null clears."),
        );
    }
    patch
}
