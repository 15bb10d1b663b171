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
    report::Every,
    request::{ClientRequest, RequestType},
    search,
    service_account::ServiceAccount,
    session::Session,
    task::{Task, TaskDependency},
    team::{Team, TeamMember},
    time_entry::{By, TimeEntry},
    user::User,
    watcher::Watcher,
};

use super::{
    operations::METHODS,
    parameters::{WORDS, filter_parameters, filters, list_parameters, pattern, query, words},
};

/// The operations that change many rows at once.
const BULK: [&str; 1] = ["change_tasks"];
/// What they answer about one of these.
const OF_BULK: [(&str, &str); 3] = [
    ("404", "A row that is absent, or invisible to the caller."),
    ("412", "A row that has another version."),
    ("428", "The organisation requires versions."),
];

/// The operations whose answers hold a secret that is shown once, and so is kept under no idempotency key.
const SHOWN_ONCE: [&str; 3] = ["create_totp", "confirm_totp", "replace_recovery_codes"];

/// Applies the contract to the document of the handlers.
pub(super) fn apply(document: &mut Value) {
    let schemes = json!({
        "token": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "An access token from `POST /api/v1/auth/token`, or a personal access token from `POST /api/v1/access-tokens`."
        },
        "basic": {
            "type": "http", "scheme": "basic",
            "description": "A service account's `client_id` and `client_secret`, each form-urlencoded (RFC 6749 section 2.3.1)."
        }
    });
    if let Some(root) = document.as_object_mut() {
        root.insert("servers".to_owned(), json!([{ "url": "/" }]));
    }
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("securitySchemes".to_owned(), schemes);
    }
    let mut patches = Vec::new();
    for (path, item) in document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten() {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) {
                complete(path, method, operation, &mut patches);
            }
        }
    }
    if let Some(all) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for name in patches {
            if let Some(patch) = all.get(&name).map(as_patch) {
                all.insert(patch_name(&name), patch);
            }
        }
        all.sort_keys();
    }
}

/// Says what credential an operation needs; whether it can do without.
fn secure(operation: &mut Map<String, Value>) -> bool {
    let given = operation.get("security").and_then(Value::as_array).cloned();
    let public = given.is_some();
    let security = match given {
        None => json!([{ "token": [] }]),
        // `security(())` of a handler: no credential is needed. What it names beside may be sent.
        Some(given) if given.iter().all(|one| *one == json!({})) => json!([]),
        Some(given) => given.into(),
    };
    operation.insert("security".to_owned(), security);
    public
}

fn complete(path: &str, method: &str, operation: &mut Map<String, Value>, patches: &mut Vec<String>) {
    let public = secure(operation);
    let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let by_id = path.contains("{id}");
    let has_body = operation.contains_key("requestBody");
    let single =
        operation["responses"].as_object().is_some_and(|all| all.contains_key("200")) && !is_list(&id);
    let makes = operation["responses"].as_object().is_some_and(|all| all.contains_key("201"));
    let api = path.starts_with("/api/v1");
    let mut parameters = Vec::new();
    let mut problems = vec![
        ("400", "A parameter or a header is invalid."),
        // Also where no credential is needed: a bad one is never taken for none.
        ("401", "No valid access token, or credentials that are not right."),
        ("500", "A fault of the server's."),
    ];
    if api {
        problems.extend([
            ("429", "Too many requests: see Retry-After."),
            ("503", "Overloaded: try again later."),
        ]);
    }
    if !public {
        problems.push(("403", "Not allowed to the caller, or beyond the token's scopes."));
    }
    if by_id {
        problems.push(("404", "Absent, or invisible to the caller."));
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
            }
            problems.extend([
                ("409", "A clash with what is there, or a request with this key is under way."),
                ("422", "The body is invalid, or the key was used for another request."),
            ]);
            if BULK.contains(&id.as_str()) {
                problems.extend(OF_BULK);
            }
            // An action on a row; what is made within one has no version yet.
            if by_id && !makes {
                if_match(&mut parameters, &mut problems);
            }
        }
        "put" | "patch" | "delete" => {
            if_match(&mut parameters, &mut problems);
            problems.push(("409", "A clash with what is there."));
        }
        _ => {}
    }
    if method == "patch"
        && let Some(content) =
            operation.get_mut("requestBody").and_then(|body| body["content"].as_object_mut())
        && let Some(mut media) = content.remove("application/json")
    {
        if let Some(reference) = media.pointer_mut("/schema/$ref")
            && let Some(name) = reference.as_str().and_then(|path| path.rsplit('/').next()).map(str::to_owned)
        {
            *reference = json!(format!("#/components/schemas/{}", patch_name(&name)));
            patches.push(name);
        }
        content.insert("application/merge-patch+json".to_owned(), media.clone());
        content.insert("application/json".to_owned(), media);
    }
    parameters.extend(of_list(&id).into_iter().chain(of_others(&id)));
    if let Some(given) = operation.entry("parameters").or_insert_with(|| json!([])).as_array_mut() {
        given.extend(parameters);
    }
    for (status, description) in problems {
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        let content = json!({ "application/problem+json": { "schema": schema } });
        add(operation, status, json!({ "description": description, "content": content }));
    }
    if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        responses.sort_keys();
        for (status, response) in responses {
            headers_of(status, method, response);
        }
    }
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "Sent again with the same request within 24 h, the first answer comes again, with `Idempotency-Replayed: true`.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" }
    })
}

fn if_match(parameters: &mut Vec<Value>, problems: &mut Vec<(&'static str, &'static str)>) {
    parameters.push(header("If-Match", "Entity tags of the versions that the change is for."));
    problems.push(("412", "The resource has another version."));
    problems.push(("428", "The organisation requires If-Match."));
}

fn headers_of(status: &str, method: &str, response: &mut Value) {
    let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    let mut headers = Map::new();
    headers.insert("X-Request-Id".to_owned(), text("The request's id."));
    match status {
        "201" => {
            headers.insert("Location".to_owned(), text("Where the new resource is."));
            headers.insert("ETag".to_owned(), text("Its version."));
        }
        "200" if method != "get" => {
            headers.insert("ETag".to_owned(), text("The resource's version, where it has one."));
        }
        "429" => {
            headers.insert("Retry-After".to_owned(), text("Seconds to wait."));
        }
        _ => {}
    }
    response["headers"] = Value::Object(headers);
}

fn add(operation: &mut Map<String, Value>, status: &str, response: Value) {
    if let Some(responses) = operation.entry("responses").or_insert_with(|| json!({})).as_object_mut() {
        responses.entry(status).or_insert(response);
    }
}

fn header(name: &str, description: &str) -> Value {
    json!({ "name": name, "in": "header", "required": false, "description": description, "schema": { "type": "string" } })
}

/// The operations that answer with a list, and the noun whose tables they go by.
fn is_list(id: &str) -> bool {
    !of_list(id).is_empty()
}

fn of_list(id: &str) -> Vec<Value> {
    match id {
        "list_users" => list_parameters::<User>(&[]),
        "list_teams" => list_parameters::<Team>(&[]),
        "list_team_members" => list_parameters::<TeamMember>(&[]),
        "list_invitations" => list_parameters::<Invitation>(&[]),
        "list_projects" => list_parameters::<Project>(&[]),
        "list_milestones" => list_parameters::<Milestone>(&[]),
        "list_tasks_by_status" => list_parameters::<Task>(&["status"]),
        "list_task_dependencies" => list_parameters::<TaskDependency>(&[]),
        "list_labels" => list_parameters::<Label>(&[]),
        "list_tasks" | "list_project_tasks" | "list_deleted_tasks" => list_parameters::<Task>(&[]),
        "list_comments" => list_parameters::<Comment>(&[]),
        "list_comment_versions" => list_parameters::<CommentVersion>(&[]),
        "list_watchers" => list_parameters::<Watcher>(&[]),
        "list_reminders" => list_parameters::<Reminder>(&[]),
        "list_notifications" => list_parameters::<Notification>(&[]),
        "list_time_entries" | "list_task_time_entries" => list_parameters::<TimeEntry>(&[]),
        "list_clients" => list_parameters::<Client>(&[]),
        "list_request_types" => list_parameters::<RequestType>(&[]),
        "list_requests" | "list_client_requests" => list_parameters::<ClientRequest>(&[]),
        "list_task_attachments" => list_parameters::<Attachment>(&[]),
        "list_document_versions" => list_parameters::<DocumentVersion>(&[]),
        "list_documents" => list_parameters::<Document>(&[]),
        "list_task_history"
        | "list_project_history"
        | "list_document_history"
        | "list_team_history"
        | "list_client_history"
        | "list_request_history"
        | "list_request_type_history"
        | "list_label_history" => list_parameters::<Change>(&[]),
        "list_user_history" => list_parameters::<HistoryEntry>(&[]),
        "list_sessions" | "list_user_sessions" => list_parameters::<Session>(&[]),
        "list_audit" => list_parameters::<AuditEntry>(&[]),
        "list_service_accounts" => list_parameters::<ServiceAccount>(&[]),
        "list_access_tokens" => list_parameters::<AccessToken>(&[]),
        _ => Vec::new(),
    }
}

/// The parameters, from the domain's tables, of operations that answer with no page.
fn of_others(id: &str) -> Vec<Value> {
    match id {
        "export_users" => filter_parameters::<User>(&[]),
        "get_task" | "get_project" | "get_document" | "get_team" | "get_client" | "get_request"
        | "get_request_type" | "get_label" => vec![query(
            false,
            "as_of",
            "As it was at an instant (RFC 3339). Takes the scope `history:read` too.",
            json!({ "type": "string", "format": "date-time" }),
        )],
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
                "A project: it, its tasks and its documents.",
                json!({ "type": "string", "format": "uuid" }),
            ),
            query(
                false,
                "page_size",
                "Rows at most.",
                json!({ "type": "integer", "minimum": 1, "maximum": search::MOST, "default": search::SHOWN }),
            ),
        ],
        _ => Vec::new(),
    }
}

/// The parameters of the feed.
fn of_feed() -> Vec<Value> {
    vec![
        query(
            false,
            "since",
            "The cursor to go on from; `oldest` for the beginning of what is kept. Without it, from now on.",
            json!({ "type": "string", "maxLength": 48 }),
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
