//! Each shape once: where the generator wrote a schema out that has a name, the name stands; and so it does for problems that many operations answer
//! alike.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::problems;

/// Puts references in the place of schemas that are written out.
pub(super) fn apply(document: &mut Value) {
    let Some(schemas) = document.pointer("/components/schemas").and_then(Value::as_object) else { return };
    let named: Vec<_> = schemas
        .iter()
        .filter(|(_, schema)| is_shape(schema))
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    for schema in document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(Map::values_mut)
    {
        for inner in schema.as_object_mut().into_iter().flat_map(Map::values_mut) {
            name(inner, &named);
        }
        // Whoever has all fields of a schema may have those of another too: `oneOf` would refuse that.
        let some = schema.as_object_mut().and_then(|fields| fields.remove("oneOf"));
        if let Some(some) = some {
            schema["anyOf"] = some;
        }
    }
    for item in document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
    {
        name(item, &named);
    }
}

/// Whether it is a schema that is worth a name.
fn is_shape(value: &Value) -> bool {
    ["properties", "allOf", "oneOf"].iter().any(|part| value.get(*part).is_some())
}

fn name(value: &mut Value, named: &[(String, Value)]) {
    let is_shape = is_shape(value);
    if let Some((name, _)) = named.iter().find(|(_, schema)| is_shape && schema == value) {
        *value = json!({ "$ref": format!("#/components/schemas/{name}") });
        return;
    }
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|inner| name(inner, named)),
        Value::Array(items) => items.iter_mut().for_each(|inner| name(inner, named)),
        _ => {}
    }
}

/// Leaves out the schemas that nothing refers to.
pub(super) fn prune(document: &mut Value) {
    loop {
        let mut used = BTreeSet::new();
        refer(document, &mut used);
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
fn refer(value: &Value, used: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            used.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|inner| refer(inner, used));
        }
        Value::Array(items) => items.iter().for_each(|inner| refer(inner, used)),
        _ => {}
    }
}

/// Gives a name to what is answered by a status with the same codes everywhere, that of the codes. What is described otherwise stays where it is.
pub(super) fn share(document: &mut Value) {
    let mut shared = Map::new();
    let paths =
        document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    for operation in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let codes = problems::Operation::of(operation);
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for (status, response) in responses.into_iter().flatten() {
            let name: String = codes.at(status).map(|code| format!("{code:?}")).collect();
            if !name.is_empty() && shared.entry(name.clone()).or_insert_with(|| response.clone()) == response
            {
                *response = json!({ "$ref": format!("#/components/responses/{name}") });
            }
        }
    }
    shared.sort_keys();
    document["components"]["responses"] = shared.into();
}
