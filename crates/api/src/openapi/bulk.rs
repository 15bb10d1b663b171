//! The schemas of bulk requests, one for each action of each resource, as client generators need
//! them.
//!
//! The server reads all bulk requests by the same rules (`taskhub_domain::bulk`). The schemas here
//! are made of the bodies of the single operations of the resource: `POST` and `PATCH`.

use serde_json::{Map, Value, json};

/// The end of the path of a bulk request.
pub(super) const PATH: &str = "/bulk";
/// The prefix of references to schemas.
const SCHEMAS: &str = "#/components/schemas/";
/// What the description of every bulk request ends with.
const BESIDE: &str = "Invalid input gets 422 with up to 20 errors from all operations; each pointer names its operation, such as \
    `/operations/3/body/title`. If the state of a resource does not allow an operation, the response is the error of the first such \
    operation. `If-Match` is not honoured: send `version` in the operation. Each operation counts as one request against the rate limits.";

/// The problems of bulk requests, each about one of the operations in the body.
pub(super) const PROBLEMS: [(&str, &str); 3] = [
    ("404", "A resource in `operations` does not exist, or is not visible to the caller."),
    ("412", "A resource in `operations` is at another version."),
    ("428", "The organisation requires a `version` in each update and delete."),
];

/// Adds the schemas of the bulk requests of each resource.
pub(super) fn apply(document: &mut Value) {
    let Some(paths) = document.get("paths").and_then(Value::as_object) else { return };
    let of = |path: &str, method: &str| {
        let body = paths.get(path)?.get(method)?.get("requestBody")?;
        body.pointer("/content/application~1json/schema/$ref")?.as_str().map(str::to_owned)
    };
    let requests: Vec<_> = paths
        .iter()
        .filter_map(|(path, item)| {
            let rows = path.strip_suffix(PATH)?;
            let result =
                item.pointer("/post/responses/200/content/application~1json/schema/$ref")?.as_str()?;
            let noun = result.rsplit('/').next()?.strip_prefix("BulkResult_")?;
            Some((path.clone(), noun.to_owned(), of(rows, "post")?, of(&format!("{rows}/{{id}}"), "patch")?))
        })
        .collect();
    for (path, noun, input, patch) in requests {
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
                "Operations that take effect all together or not at all.",
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
                "description": "One operation of a bulk request.",
                "oneOf": actions.iter().map(|(_, name)| named(name)).collect::<Vec<_>>(),
                "discriminator": { "propertyName": "action", "mapping": mapping },
            }),
        );
        let id =
            ("id", json!({ "type": "string", "format": "uuid", "description": "The id of the resource." }));
        let version = json!({
            "type": ["integer", "null"], "format": "int64", "minimum": 1,
            "description": "The version that the resource must have, as in `If-Match`. Null or absent accepts every version.",
        });
        let version = ("version", version);
        let body = |reference: String| ("body", json!({ "$ref": reference }));
        let action = |action: &str| ("action", json!({ "type": "string", "const": action }));
        add(
            "BulkCreate",
            object("Creates a resource, with a body as for `POST`.", &[], &[action("create"), body(input)]),
        );
        add(
            "BulkUpdate",
            object(
                "Updates a resource, with a body as for `PATCH`.",
                &["version"],
                &[action("update"), id.clone(), version.clone(), body(patch)],
            ),
        );
        add("BulkDelete", object("Deletes a resource.", &["version"], &[action("delete"), id, version]));
    }
}

/// An object without other fields, whose fields are required unless they are listed as optional.
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
