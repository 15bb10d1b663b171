//! Schemas as client generators need them: every object has one name and says which fields are
//! always present.
//!
//! Invariant: two schemas with equal content become one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::problems;

/// The prefix of references to schemas.
const SCHEMAS: &str = "#/components/schemas/";

/// The name of the schema of an object with any fields.
const FIELDS: &str = "Fields";

/// Rewrites the schemas of the document.
pub(super) fn apply(document: &mut Value) {
    refer(document);
    visit(document, &mut loosen);
    bytes(document);
    let written = written(document);
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (_, schema) in schemas.into_iter().flatten().filter(|(name, _)| !written.contains(*name)) {
        visit(schema, &mut always);
    }
    rename(document);
    mark(document);
}

/// The fields of every resource that the server sets.
const MADE: [&str; 4] = ["created_at", "id", "updated_at", "version"];

/// Marks the read-only fields of responses: those that the server sets on every resource, and those
/// that no operation with this response accepts.
fn mark(document: &mut Value) {
    let (written, taken) = (written(document), taken(document));
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (name, schema) in schemas.into_iter().flatten().filter(|(name, _)| !written.contains(*name)) {
        // A result of a list has fewer fields than the resource.
        let row = ["Summary", "View"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let taken = taken.get(name).or_else(|| taken.get(row));
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (field, property) in properties.into_iter().flatten() {
            if taken.map_or_else(|| MADE.contains(&field.as_str()), |taken| !taken.contains(field)) {
                property["readOnly"] = true.into();
            }
        }
    }
}

/// The fields that operations accept, by the schema of their response.
fn taken(document: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let name = |schema: Option<&Value>| schema?["$ref"].as_str()?.strip_prefix(SCHEMAS).map(str::to_owned);
    let json = "content/application~1json/schema";
    let operations = document["paths"].as_object().into_iter().flat_map(Map::values);
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for operation in operations.filter_map(Value::as_object).flat_map(Map::values) {
        let Some(sent) = name(operation.pointer(&format!("/requestBody/{json}"))) else { continue };
        let fields =
            document.pointer(&format!("/components/schemas/{sent}/properties")).and_then(Value::as_object);
        let fields: Vec<_> = fields.into_iter().flat_map(Map::keys).cloned().collect();
        for status in ["200", "201"] {
            if let Some(answered) = name(operation.pointer(&format!("/responses/{status}/{json}"))) {
                all.entry(answered).or_default().extend(fields.iter().cloned());
            }
        }
    }
    all
}

/// Calls `change` for a value and everything inside it, outermost first.
fn visit(value: &mut Value, change: &mut impl FnMut(&mut Value)) {
    change(value);
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|value| visit(value, change)),
        Value::Array(items) => items.iter_mut().for_each(|value| visit(value, change)),
        _ => {}
    }
}

/// Replaces each inline schema that has a name by a reference: utoipa inlines the parameters of
/// generics.
fn refer(document: &mut Value) {
    let all = document.pointer("/components/schemas").and_then(Value::as_object).cloned().unwrap_or_default();
    let is_shape =
        |schema: &Value| ["properties", "oneOf", "allOf"].iter().any(|name| schema.get(name).is_some());
    let names: BTreeMap<_, _> = all
        .iter()
        .filter(|(_, schema)| is_shape(schema))
        .map(|(name, schema)| (schema.to_string(), name))
        .collect();
    let mut by_name = |value: &mut Value| {
        if is_shape(value)
            && let Some(name) = names.get(&value.to_string())
        {
            *value = json!({ "$ref": format!("{SCHEMAS}{name}") });
        }
    };
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for schema in schemas.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        schema.values_mut().for_each(|part| visit(part, &mut by_name));
        // A value can be valid for several of the schemas at once, which `oneOf` would reject.
        if !schema.contains_key("discriminator")
            && let Some(some) = schema.remove("oneOf")
        {
            schema.insert("anyOf".to_owned(), some);
        }
    }
    visit(&mut document["paths"], &mut by_name);
}

/// Makes parameters non-null, and lets objects without properties have any fields.
fn loosen(value: &mut Value) {
    if value.get("in").is_some()
        && let Some(kind) = value.pointer_mut("/schema/type")
        && let Some(some) =
            kind.as_array().and_then(|kinds| kinds.iter().find(|kind| *kind != "null").cloned())
    {
        *kind = some;
    }
    let Some(schema) = value.as_object_mut().filter(|it| !it.contains_key("properties")) else { return };
    if schema.get("type").is_some_and(|kind| kind == "object") {
        schema.entry("additionalProperties").or_insert(true.into());
    } else if schema.get("type").is_some_and(|kind| *kind == json!(["object", "null"])) {
        schema.remove("type");
        let any = json!({ "$ref": format!("{SCHEMAS}{FIELDS}") });
        schema.insert("oneOf".to_owned(), json!([{ "type": "null" }, any]));
    }
}

/// Makes a text that is a whole request body binary: client generators cannot send it as a string.
fn bytes(document: &mut Value) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut);
    for operation in items.flat_map(Map::values_mut) {
        let content = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut);
        let schemas =
            content.into_iter().flat_map(Map::values_mut).filter_map(|media| media.get_mut("schema"));
        for schema in schemas.filter(|schema| schema["type"] == "string") {
            schema["format"] = "binary".into();
        }
    }
}

/// The schemas of request bodies.
fn written(document: &Value) -> BTreeSet<String> {
    let operations = document["paths"].as_object().into_iter().flat_map(Map::values);
    let operations = operations.filter_map(Value::as_object).flat_map(Map::values);
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let mut found = BTreeSet::new();
    let mut next: Vec<_> = operations.map(|operation| &operation["requestBody"]).collect();
    while let Some(value) = next.pop() {
        match value {
            Value::Object(fields) => next.extend(fields.values()),
            Value::Array(items) => next.extend(items),
            Value::String(text) => {
                if let Some(name) = text.strip_prefix(SCHEMAS)
                    && found.insert(name.to_owned())
                {
                    next.extend(schemas.and_then(|schemas| schemas.get(name)));
                }
            }
            _ => {}
        }
    }
    found
}

/// Makes nullable fields of responses required: a field that may be absent is never null.
fn always(schema: &mut Value) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let is_null = |kind: &Value| *kind == "null" || kind["type"] == "null";
    let nullable = |property: &Value| {
        ["type", "oneOf"]
            .iter()
            .any(|name| property[name].as_array().is_some_and(|all| all.iter().any(is_null)))
    };
    let names = properties
        .iter()
        .filter(|(name, property)| nullable(property) || required.iter().any(|it| it == *name));
    let names: Vec<_> = names.map(|(name, _)| name.clone()).collect();
    if !names.is_empty() {
        schema["required"] = names.into();
    }
}

/// Renames schemas: `List_Task` becomes `TaskList`. `Client` becomes `ClientRecord`, because client
/// generators use that name for the client itself.
fn rename(document: &mut Value) {
    let plain = |name: &str| match name {
        "Client" => "ClientRecord".to_owned(),
        name => name.split('_').rev().collect(),
    };
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        *schemas = std::mem::take(schemas).into_iter().map(|(name, schema)| (plain(&name), schema)).collect();
        schemas.insert(
            FIELDS.to_owned(),
            json!({ "type": "object", "additionalProperties": true, "description": "Fields and their values, by name." }),
        );
        schemas.sort_keys();
    }
    visit(document, &mut |value| {
        if let Some(Value::String(path)) = value.get_mut("$ref")
            && let Some(name) = path.strip_prefix(SCHEMAS)
        {
            *path = format!("{SCHEMAS}{}", plain(name));
        }
    });
}

/// Removes the schemas that nothing refers to.
pub(super) fn prune(document: &mut Value) {
    loop {
        let mut used = BTreeSet::new();
        references(document, &mut used);
        let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else {
            return;
        };
        let all = schemas.len();
        schemas.retain(|name, _| used.contains(&format!("#/components/schemas/{name}")));
        if schemas.len() == all {
            return;
        }
    }
}

/// Every reference in a value.
fn references(value: &Value, used: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            used.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|inner| references(inner, used));
        }
        Value::Array(items) => items.iter().for_each(|inner| references(inner, used)),
        _ => {}
    }
}

/// Moves equal error responses into components, which are named after their problem codes. A
/// response that differs stays at its operation.
pub(super) fn share(document: &mut Value) {
    let mut shared = Map::new();
    let paths =
        document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    for operation in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let codes = problems::Operation::of(operation);
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for (status, response) in responses.into_iter().flatten() {
            let mut name = codes.at(status).map(|code| format!("{code:?}")).collect::<Vec<_>>().concat();
            if !name.is_empty() && response.pointer("/headers/Preference-Applied").is_some() {
                // The response of an operation that accepts a dry run.
                name.push_str("OrValid");
            }
            if !name.is_empty() && shared.entry(name.clone()).or_insert_with(|| response.clone()) == response
            {
                *response = json!({ "$ref": format!("#/components/responses/{name}") });
            }
        }
    }
    shared.sort_keys();
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("responses".to_owned(), shared.into());
    }
}
