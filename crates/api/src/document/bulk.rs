//! Many changes at once, as generators of clients want them: what one change may say follows from its action, and its body is of its noun.
//!
//! The server reads all of them by the same rules (`taskhub_domain::bulk`); the shapes are those of the noun's own operations, which lie beside.

use serde_json::{Map, Value, json};

/// How the path of many changes ends.
const PATH: &str = "/bulk";
/// Where references lead.
const SCHEMAS: &str = "#/components/schemas/";
/// What is said of it beside.
const BESIDE: &str = "What is wrong with the input of any of them is told at once, each with its place (`/operations/3/body/title`), 20 at most; where it is the \
    state of a row that refuses, the first one is told. `If-Match` is about one resource and is not heeded here: a `version` stands in each. \
    Each operation counts as a request against the rate limits.";

/// Gives the changes of each noun shapes of their own.
pub(super) fn apply(document: &mut Value) {
    let Some(paths) = document.get("paths").and_then(Value::as_object) else { return };
    let of = |path: &str, method: &str| {
        let body = paths.get(path)?.get(method)?.get("requestBody")?;
        body.pointer("/content/application~1json/schema/$ref")?.as_str().map(str::to_owned)
    };
    let told: Vec<_> = paths
        .iter()
        .filter_map(|(path, item)| {
            let rows = path.strip_suffix(PATH)?;
            let result =
                item.pointer("/post/responses/200/content/application~1json/schema/$ref")?.as_str()?;
            let noun = result.rsplit('/').next()?.strip_prefix("BulkResult_")?;
            Some((path.clone(), noun.to_owned(), of(rows, "post")?, of(&format!("{rows}/{{id}}"), "patch")?))
        })
        .collect();
    for (path, noun, input, patch) in told {
        let named = |name: &str| json!({ "$ref": format!("{SCHEMAS}{noun}{name}") });
        let operations = document.get_mut("paths").and_then(|paths| paths.get_mut(&path));
        let Some(operation) = operations.and_then(|item| item.get_mut("post")?.as_object_mut()) else {
            return;
        };
        let body = operation.get_mut("requestBody");
        if let Some(schema) = body.and_then(|it| it.pointer_mut("/content/application~1json/schema")) {
            *schema = named("BulkInput");
        }
        let description = operation.get("description").and_then(Value::as_str).unwrap_or_default();
        let description = format!("{description}\n\n{BESIDE}").trim_start().into();
        operation.insert("description".to_owned(), description);
        let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else {
            return;
        };
        let mut add = |name: &str, schema: Value| drop(schemas.insert(format!("{noun}{name}"), schema));
        add(
            "BulkInput",
            object(
                "Changes that are made all together or not at all.",
                &[],
                &[(
                    "operations",
                    json!({ "type": "array", "items": named("BulkOperation"), "minItems": 1, "maxItems": 100 }),
                )],
            ),
        );
        let actions =
            ["create", "update", "delete"].map(|action| (action, format!("Bulk{}", capital(action))));
        let mapping: Map<_, _> = actions
            .iter()
            .map(|(action, name)| ((*action).to_owned(), json!(format!("{SCHEMAS}{noun}{name}"))))
            .collect();
        add(
            "BulkOperation",
            json!({
                "description": "One change of many.",
                "oneOf": actions.iter().map(|(_, name)| named(name)).collect::<Vec<_>>(),
                "discriminator": { "propertyName": "action", "mapping": mapping },
            }),
        );
        let id = ("id", json!({ "type": "string", "format": "uuid", "description": "Which row." }));
        let version = json!({
            "type": ["integer", "null"], "format": "int64", "minimum": 1,
            "description": "The version that the row must still have, as in `If-Match`.",
        });
        let version = ("version", version);
        let body = |reference: String| ("body", json!({ "$ref": reference }));
        let action = |action: &str| ("action", json!({ "type": "string", "const": action }));
        add(
            "BulkCreate",
            object("Make one, of a body as for `POST`.", &[], &[action("create"), body(input)]),
        );
        add(
            "BulkUpdate",
            object(
                "Change one, by a body as for `PATCH`.",
                &["version"],
                &[action("update"), id.clone(), version.clone(), body(patch)],
            ),
        );
        add("BulkDelete", object("Delete one.", &["version"], &[action("delete"), id, version]));
    }
}

/// A closed object, all of whose fields are required but some.
fn object(description: &str, optional: &[&str], properties: &[(&str, Value)]) -> Value {
    let required: Vec<_> =
        properties.iter().map(|(name, _)| *name).filter(|name| !optional.contains(name)).collect();
    let properties: Map<_, _> =
        properties.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({
        "type": "object", "description": description, "required": required, "properties": properties, "additionalProperties": false,
    })
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
