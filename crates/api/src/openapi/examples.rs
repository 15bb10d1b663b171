//! An example of every request and response body, composed from the examples, values, formats and
//! bounds of the fields in its schema.
//!
//! Examples of whole schemas that cannot be composed are in [`WHOLE`]; examples of single fields
//! are in [`FIELDS`]. Invariant: every example is valid for its schema.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::http::problem::{Code, FieldProblem, ProblemBody, TYPES};

use super::problems;

/// The id of the request in the examples of problems.
const REQUEST: &str = "0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5e";

/// Whole examples, by schema: their fields depend on each other.
const WHOLE: [(&str, &str); 11] = [
    (
        "AuditRecord",
        r##"{"id": "0190f2a8-5d3c-7c1e-9d4e-000000000001", "at": "2026-01-31T12:00:00.000000Z", "actor_kind": "user", "actor_id": "0190f2a8-5d3c-7c1e-9d4e-000000000002", "action": "update", "noun": "label", "row_id": "0190f2a8-5d3c-7c1e-9d4e-000000000003", "request_id": "0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5e", "address": "192.0.2.7", "old_values": {"color": "#0e8a16"}, "new_values": {"color": "#d73a4a"}}"##,
    ),
    (
        "ChangeRecord",
        r##"{"id": "0190f2a8-5d3c-7c1e-9d4e-000000000001", "at": "2026-01-31T12:00:00.000000Z", "actor_kind": "user", "actor_id": "0190f2a8-5d3c-7c1e-9d4e-000000000002", "action": "update", "row_id": "0190f2a8-5d3c-7c1e-9d4e-000000000003", "old_values": {"color": "#0e8a16"}, "new_values": {"color": "#d73a4a"}}"##,
    ),
    ("GrantType", r#""password""#),
    ("LinkRequest", r#"{"email": "ada@acme.example"}"#),
    ("MoveInput", r#"{"beside_id": "0190f2a8-5d3c-7c1e-9d4e-000000000001", "side": "before"}"#),
    (
        "Registration",
        r#"{"organisation": {"name": "Acme Ltd", "slug": "acme"}, "user": {"email": "ada@acme.example", "username": "ada", "password": "wide-green-rivers"}}"#,
    ),
    ("ReminderInput", r#"{"before_due_minutes": 60}"#),
    ("ReminderPatch", r#"{"before_due_minutes": 60}"#),
    (
        "TimeEntryInput",
        r#"{"started_at": "2026-01-30T09:00:00.000000Z", "minutes": 90, "note": "Second draft"}"#,
    ),
    ("TokenHint", r#"{"token": "thp_AZFv…"}"#),
    ("TokenRequest", r#"{"email": "ada@acme.example", "password": "wide-green-rivers"}"#),
];

/// Examples of texts, by the name of the field.
const FIELDS: [(&str, &str); 37] = [
    ("access_token", "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJl"),
    ("address", "12 Harbour Road, Bristol"),
    ("body", "The second draft is there, @grace."),
    ("client_id", "0190f2a8-5d3c-7c1e-9d4e-000000000004"),
    ("client_secret", "ths_AZFv…"),
    ("content", "# Minutes\n\nAll were there."),
    ("description", "What was agreed, and what is open."),
    ("detail", "See `errors`."),
    ("email", "ada@acme.example"),
    ("email_domains", "acme.example"),
    ("goals", "Answer within a day."),
    ("grant_types_supported", "password"),
    ("grounds", "admin"),
    ("introspection_endpoint_auth_methods_supported", "client_secret_basic"),
    ("invitation", "thi_AZFv…"),
    ("locale", "en-GB"),
    ("name", "Harbour Bakery"),
    ("next", "https://hub.example/api/v1/tasks?page=3"),
    ("notes", "Ring before noon."),
    ("objectives", "Twice as many visits."),
    ("phone", "+44 20 7946 0000"),
    ("picture", "/api/v1/users/0190f2a8-5d3c-7c1e-9d4e-000000000001/picture"),
    ("previous", "https://hub.example/api/v1/tasks?page=1"),
    ("rank", "0190f2a85d3c7c1e9d4e6f1b2a3c4d5e8"),
    ("recovery_codes", "k7dm-2xqp-9vwt"),
    ("refresh_token", "thr_AZFv…"),
    ("request_id", REQUEST),
    ("response_types_supported", "none"),
    ("revocation_endpoint_auth_methods_supported", "client_secret_basic"),
    ("role", "member"),
    ("scope", "All pages."),
    ("scopes", "tasks:read"),
    ("scopes_supported", "tasks:read"),
    ("tenant", "acme"),
    ("time_zone", "Europe/Berlin"),
    ("token_endpoint_auth_methods_supported", "client_secret_basic"),
    ("username", "ada"),
];

/// Examples of bodies that are not JSON, by content type.
const PLAIN: [(&str, &str); 6] = [
    (
        "text/event-stream",
        "id: w2sSgMZ1Zb8aJY7cGk2xMgAAAAAAAAAq\nevent: task.update\ndata: {\"at\":\"2026-01-31T12:00:00.000000Z\",\"noun\":\"task\",\"action\":\"update\",\"row_id\":\"0190f2a8-5d3c-7c1e-9d4e-000000000001\"}\n\n",
    ),
    ("image/svg+xml", "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 360\"></svg>"),
    ("text/csv", "id,name\r\n0190f2a8-5d3c-7c1e-9d4e-000000000001,Harbour Bakery\r\n"),
    ("text/markdown", "# Minutes\n\nAll were there.\n"),
    ("text/plain", "@@ -1 +1 @@\n-Nobody was there.\n+All were there.\n"),
    ("application/octet-stream", "bytes"),
];

/// Adds an example to every body, and one for each code to every problem response.
pub(super) fn apply(document: &mut Value) {
    let Some(schemas) = document.pointer("/components/schemas").and_then(Value::as_object).cloned() else {
        return;
    };
    let (mut used, mut answered) = (BTreeSet::new(), BTreeSet::new());
    for item in document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
    {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            let codes = problems::Operation::of(operation);
            if let Some(body) = operation.get_mut("requestBody") {
                show(body, &schemas, &mut used);
            }
            for (status, response) in
                operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten()
            {
                match response.pointer_mut("/content/application~1problem+json") {
                    Some(media) => {
                        let codes: Vec<_> = codes.at(status).map(Code::as_str).collect();
                        answered.extend(codes.iter().copied());
                        media["examples"] =
                            codes.iter().map(|code| ((*code).to_owned(), reference(code))).collect();
                    }
                    None => show(response, &schemas, &mut used),
                }
            }
        }
    }
    let composed = used.into_iter().map(|name| {
        let example = Composer(&schemas).named(&name);
        (name, json!({ "value": example }))
    });
    let problems = Code::ALL.iter().filter(|code| answered.contains(code.as_str()));
    let problems = problems.map(|code| (code.as_str().to_owned(), problem(*code)));
    let examples = problems.chain(composed).collect();
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("examples".to_owned(), examples);
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/examples/{name}") })
}

/// Adds an example to each content type of a body.
fn show(body: &mut Value, schemas: &Map<String, Value>, used: &mut BTreeSet<String>) {
    for (kind, media) in body.get_mut("content").and_then(Value::as_object_mut).into_iter().flatten() {
        let Some(fields) = media.as_object_mut().filter(|fields| !fields.contains_key("example")) else {
            continue;
        };
        let name = fields.get("schema").and_then(named).map(str::to_owned);
        if let Some(name) =
            name.filter(|name| schemas.get(name).is_some_and(|schema| schema["format"] != "binary"))
        {
            fields.insert("examples".to_owned(), json!({ name.clone(): reference(&name) }));
            used.insert(name);
            continue;
        }
        let plain = PLAIN.iter().find(|(known, _)| known == kind).map(|(_, text)| *text);
        fields.insert("example".to_owned(), plain.unwrap_or("bytes").into());
    }
}

/// The name of a referenced schema.
fn named(schema: &Value) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next())
}

/// The example of a problem with a code, and with field errors where the code has them.
fn problem(code: Code) -> Value {
    let wrong = |pointer: &str, code: &str, message: &str| {
        vec![FieldProblem { pointer: pointer.to_owned(), code: code.to_owned(), message: message.to_owned() }]
    };
    let errors = match code {
        Code::Invalid => wrong("/title", "invalid_value", "Must be at least 3 characters."),
        Code::InvalidParameter => wrong("page_size", "invalid_parameter", "Must be a number from 1 to 200."),
        _ => Vec::new(),
    };
    let body = ProblemBody {
        kind: format!("{TYPES}{}", code.as_str()),
        title: code.title().to_owned(),
        status: code.status().as_u16(),
        code: code.as_str().to_owned(),
        detail: None,
        instance: REQUEST.to_owned(),
        errors,
        error: None,
    };
    json!({ "summary": code.title(), "value": body })
}

/// Composes examples from schemas.
struct Composer<'a>(&'a Map<String, Value>);

impl Composer<'_> {
    /// The example of a schema, by its name.
    fn named(&self, name: &str) -> Value {
        if let Some(whole) = WHOLE.iter().find(|(known, _)| *known == name) {
            return serde_json::from_str(whole.1).unwrap_or_default();
        }
        let Some(schema) = self.0.get(name) else { return Value::Null };
        let mut example = self.of(schema, name);
        // A patch has only the fields that change.
        if let (true, Some(fields)) = (name.ends_with("Patch"), example.as_object_mut()) {
            *fields = std::mem::take(fields).into_iter().take(1).collect();
        }
        example
    }

    /// The example of a schema that is used at a field with this name.
    fn of(&self, schema: &Value, name: &str) -> Value {
        let given = [
            schema.get("example"),
            schema.pointer("/examples/0"),
            schema.get("default"),
            schema.get("const"),
            schema.pointer("/enum/0"),
        ];
        if let Some(given) = given.into_iter().flatten().find(|given| !given.is_null()) {
            return given.clone();
        }
        if let Some(name) = named(schema) {
            return self.named(name);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let parts = parts.iter().map(|part| self.of(part, name));
            return parts
                .filter_map(|part| part.as_object().cloned())
                .flatten()
                .collect::<Map<_, _>>()
                .into();
        }
        let some = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array);
        if let Some(some) = some.and_then(|all| all.iter().find(|one| one["type"] != "null")) {
            return self.of(some, name);
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").unwrap_or(&Value::Null),
            kind => kind,
        };
        match kind.as_str() {
            Some("object") => {
                let properties = schema["properties"].as_object().into_iter().flatten();
                properties
                    .map(|(name, property)| (name.clone(), self.of(property, name)))
                    .collect::<Map<_, _>>()
                    .into()
            }
            Some("array") => json!([self.of(&schema["items"], name)]),
            Some("boolean") => json!(true),
            Some("integer") => json!(schema["minimum"].as_i64().unwrap_or_default().max(1)),
            Some("number") => json!(0.5),
            Some("string") => text(schema["format"].as_str(), name).into(),
            _ => Value::Null,
        }
    }
}

fn text(format: Option<&str>, name: &str) -> String {
    let plain = match format {
        Some("uuid") => return id(name),
        Some("date") => "1990-05-17",
        Some("date-time") => "2026-01-31T12:00:00.000000Z",
        Some("password") => "wide-green-rivers",
        _ => FIELDS.iter().find(|(known, _)| *known == name).map_or("text", |(_, text)| text),
    };
    plain.to_owned()
}

/// An id that depends on the name of the field only.
fn id(name: &str) -> String {
    let sum = name.bytes().fold(7_u64, |sum, byte| (sum * 31 + u64::from(byte)) % (1 << 40));
    format!("0190f2a8-5d3c-7c1e-9d4e-{sum:012x}")
}
