//! The bounds of every number, text and list whose schema has none of its own.
//!
//! A field of a response has the bound of the field of the same name in a request body. The bounds
//! of all other fields are in [`TEXTS`] and [`LISTS`], by the name of the field, or by the names of
//! the schema and the field.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use taskhub_domain::{input, time};

/// A name that the server defines.
const WORD: &str = "^[a-z][a-z0-9_-]*$";
/// Any text of a response. No text has the null character, which not every database can store.
const ANY: &str = "^[^\\u0000]*$";

/// The greatest length and the pattern of texts, by name.
const TEXTS: [(&str, u64, &str); 57] = [
    ("FileInfo.name", 255, ANY),
    ("Attachment.name", 255, ANY),
    ("Found.title", 8192, ANY),
    ("Introspection.scope", 4096, ANY),
    ("Notification.text", 1000, ANY),
    ("Problem.code", 64, WORD),
    ("Session.address", 45, "^[0-9a-f.:]+$"),
    ("FieldProblem.code", 64, WORD),
    ("FieldError.code", 64, WORD),
    ("TokenPair.scope", 4096, ANY),
    ("Health.status", 16, WORD),
    ("access_token", 8192, "^[!-~]+$"),
    ("action", 64, WORD),
    ("actor_kind", 16, WORD),
    ("actor_name", 254, ANY),
    ("aud", 2048, ANY),
    ("day", 10, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    ("detail", 2000, ANY),
    ("email_domains", 90, "^[a-z0-9-]+(\\.[a-z0-9-]+)+$"),
    ("error", 64, WORD),
    ("grant_types_supported", 64, WORD),
    ("grounds", 64, "^[a-z_]+( and [a-z_]+)?$"),
    ("ignored_columns", 100, ANY),
    ("instance", 64, "^[!-~]+$"),
    ("introspection_endpoint", 2048, "^https?://"),
    ("introspection_endpoint_auth_methods_supported", 64, "^[A-Za-z_]+$"),
    ("iss", 2048, "^https?://"),
    ("issuer", 2048, "^https?://"),
    ("jwks_uri", 2048, "^https?://"),
    ("kind", 32, WORD),
    ("media_type", 100, "^[!-~]+/[!-~]+$"),
    ("message", 1000, ANY),
    ("missing_scope", 64, SCOPE),
    ("next", 16_384, "^https?://"),
    ("noun", 64, WORD),
    ("picture", 2048, ANY),
    ("pointer", 200, ANY),
    ("previous", 16_384, "^https?://"),
    ("rank", 255, "^[0-9a-f]+$"),
    ("recovery_codes", 64, "^[!-~]+$"),
    ("request_id", 64, "^[!-~]+$"),
    ("response_types_supported", 64, WORD),
    ("revocation_endpoint", 2048, "^https?://"),
    ("revocation_endpoint_auth_methods_supported", 64, WORD),
    ("rule", 64, "^[a-z_]+( and [a-z_]+)?$"),
    ("scopes", 64, SCOPE),
    ("scopes_supported", 64, SCOPE),
    ("secret", 128, "^([A-Z2-7]+|validate-only)$"),
    ("service_documentation", 2048, "^https?://"),
    ("sha256", 64, "^[0-9a-f]{64}$"),
    ("snippet", 2048, ANY),
    ("sub", 64, "^[!-~]+$"),
    ("token_endpoint", 2048, "^https?://"),
    ("token_endpoint_auth_methods_supported", 64, WORD),
    ("token_type", 16, "^[A-Za-z]+$"),
    ("uri", 1024, "^(otpauth://|validate-only$)"),
    ("user_agent", 255, ANY),
];
/// A scope.
const SCOPE: &str = "^[a-z]+(-[a-z]+)*:(read|write)$";

/// The characters that no single-line text has, for a class of a pattern: see
/// `taskhub_domain::input::one_line`.
const NOT_IN_LINE: &str = r"\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069";
/// Invisible characters, which do not make a name by themselves.
const UNSEEN: &str = r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8";

/// The greatest length of lists, by name.
const LISTS: [(&str, u64); 21] = [
    ("ImportReport.results", 1000),
    ("TimeTotals.results", 400),
    ("actions", 20),
    ("activity", 20),
    ("by_client", 50),
    ("by_type", 50),
    ("errors", 20),
    ("grant_types_supported", 10),
    ("grounds", 20),
    ("introspection_endpoint_auth_methods_supported", 10),
    ("keys", 100),
    ("mentions", 50),
    ("next", 10),
    ("recent", 20),
    ("recovery_codes", 20),
    ("response_types_supported", 10),
    ("results", 400),
    ("revocation_endpoint_auth_methods_supported", 10),
    ("scopes", 100),
    ("scopes_supported", 100),
    ("token_endpoint_auth_methods_supported", 10),
];

/// The greatest length of a response that is no JSON, such as an export: the most that any client
/// can read.
const LONGEST: u64 = 2_147_483_647;
/// The greatest value of the setting for the size of files, in bytes.
const LARGEST_FILE: u64 = 48 << 30;

/// Adds the bounds to every schema of the document.
pub(super) fn apply(document: &mut Value) {
    let written = written(document);
    let bound = |schema: &mut Value, owner: &str, name: &str| {
        Place { owner, name, written: &written }.bound(schema, false);
    };
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (owner, schema) in schemas.into_iter().flatten() {
        bound(schema, owner, "");
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut);
    for operation in items.flat_map(Map::values_mut) {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            if let Some(schema) = parameter.get_mut("schema") {
                bound(schema, "parameter", &name);
            }
        }
        let body = operation.get_mut("requestBody").map(contents).into_iter().flatten().collect::<Vec<_>>();
        for schema in body {
            bound(schema, "body", "");
        }
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for schema in responses.into_iter().flat_map(Map::values_mut).flat_map(contents) {
            bound(schema, "body", "");
        }
    }
}

/// The schemas of the content types of a body.
fn contents(body: &mut Value) -> impl Iterator<Item = &mut Value> {
    let content = body.get_mut("content").and_then(Value::as_object_mut);
    content.into_iter().flat_map(Map::values_mut).filter_map(|media| media.get_mut("schema"))
}

/// The greatest lengths of the texts and lists in request bodies, by name.
fn written(document: &Value) -> HashMap<String, [Option<u64>; 2]> {
    let mut found: HashMap<String, [Option<u64>; 2]> = HashMap::new();
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    for schema in schemas.into_iter().flat_map(Map::values).filter(|schema| is_written(schema)) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let known = found.entry(name.clone()).or_default();
            for (known, bound) in known.iter_mut().zip(["maxLength", "maxItems"]) {
                *known = (*known).max(property[bound].as_u64());
            }
        }
    }
    found
}

/// Whether it is a schema of a request body: these allow no other fields.
fn is_written(schema: &Value) -> bool {
    schema["additionalProperties"] == false
}

/// The place of a schema in the document.
#[derive(Clone, Copy)]
struct Place<'a> {
    owner: &'a str,
    name: &'a str,
    written: &'a HashMap<String, [Option<u64>; 2]>,
}

impl Place<'_> {
    fn bound(self, schema: &mut Value, by_client: bool) {
        let by_client = by_client || is_written(schema);
        let Some(fields) = schema.as_object_mut() else { return };
        let kind = match &fields.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
            kind => kind.and_then(Value::as_str),
        };
        match kind.map(str::to_owned).as_deref() {
            Some("integer") => number(fields),
            Some("number") => drop(fields.entry("minimum").or_insert_with(|| json!(0))),
            Some("string") => self.text(fields, by_client),
            Some("array") => self.list(fields),
            _ => {}
        }
        for (name, property) in
            fields.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
        {
            Place { name, ..self }.bound(property, by_client);
        }
        for part in ["allOf", "anyOf", "oneOf"] {
            for part in fields.get_mut(part).and_then(Value::as_array_mut).into_iter().flatten() {
                self.bound(part, by_client);
            }
        }
        if let Some(items) = fields.get_mut("items") {
            self.bound(items, by_client);
        }
    }

    /// The entry of a table for this place: by schema and field, or else by field.
    fn row_of<T>(self, table: &[T], name: impl Fn(&T) -> &str) -> Option<&T> {
        let whole = format!("{}.{}", self.owner, self.name);
        let find = |wanted: &str| table.iter().find(|row| name(row) == wanted);
        find(&whole).or_else(|| find(self.name))
    }

    fn text(self, fields: &mut Map<String, Value>, by_client: bool) {
        if fields.contains_key("enum") || fields.contains_key("const") {
            return;
        }
        let shortest = fields.get("minLength").and_then(Value::as_u64).unwrap_or_default();
        if fields.get("format").is_some_and(|format| format == "line") {
            fields.remove("format");
            // Responses may have texts from before the rule.
            if by_client {
                fields.insert("pattern".to_owned(), line(shortest).into());
            }
        }
        let format = fields.get("format").and_then(Value::as_str).unwrap_or_default().to_owned();
        let (row, known) =
            (self.row_of(&TEXTS, |row| row.0), self.written.get(self.name).and_then(|bounds| bounds[0]));
        let longest = match format.as_str() {
            "uuid" => 36,
            "date" => 10,
            "date-time" => time::LONGEST as u64,
            "binary" => LARGEST_FILE,
            _ if self.owner == "parameter" => 4096,
            _ if self.owner == "body" => LONGEST,
            _ => row.map(|row| row.1).or(known).unwrap_or_default(),
        };
        if longest > 0 {
            fields.entry("maxLength").or_insert_with(|| json!(longest));
        }
        if format == "date-time" {
            fields.entry("pattern").or_insert_with(|| json!(time::WRITTEN));
        }
        if format.is_empty() {
            let pattern = match row {
                _ if by_client && self.name != "email_domains" => input::TEXT,
                Some(row) => row.2,
                None => ANY,
            };
            fields.entry("pattern").or_insert_with(|| json!(pattern));
        }
    }

    fn list(self, fields: &mut Map<String, Value>) {
        let known = self.written.get(self.name).and_then(|bounds| bounds[1]);
        let most = self.row_of(&LISTS, |row| row.0).map(|row| row.1).or(known);
        if let Some(most) = most {
            fields.entry("maxItems").or_insert_with(|| json!(most));
        }
    }
}

/// The pattern of a single-line text with at least so many characters. It has no line breaks and no
/// characters that change the direction of text. The length is counted from the first to the last
/// visible character, because blanks at the ends are removed.
fn line(shortest: u64) -> String {
    let (any, seen) = (format!("[^{NOT_IN_LINE}]"), format!("[^{NOT_IN_LINE}\\s{UNSEEN}]"));
    match shortest {
        0 => format!("^({any}*{seen}{any}*)?$"),
        1 => format!("^{any}*{seen}{any}*$"),
        _ => format!("^{any}*{seen}{any}{{{},}}{seen}{any}*$", shortest - 2),
    }
}

fn number(fields: &mut Map<String, Value>) {
    let most = fields.get("maximum").and_then(Value::as_i64);
    let small = most.is_some_and(|most| most <= i64::from(i32::MAX));
    let format = fields.entry("format").or_insert_with(|| json!(if small { "int32" } else { "int64" }));
    let most = if format == "int32" { i64::from(i32::MAX) } else { i64::MAX };
    fields.entry("minimum").or_insert_with(|| json!(0));
    fields.entry("maximum").or_insert_with(|| json!(most));
}
