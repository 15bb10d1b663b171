//! Each rule of [`breaking`](super::breaking), on a small document.

mod operation;
mod request;
mod response;

use serde_json::{Value, json};

use super::breaking::changes;

/// Two operations on tasks.
fn document() -> Value {
    json!({
        "paths": { "/tasks": {
            "get": {
                "operationId": "list_tasks",
                "security": [{ "token": [] }, {}],
                "parameters": [
                    { "in": "query", "name": "status", "schema": { "type": "string", "pattern": "^(todo|done)(,(todo|done))*$" } },
                    { "in": "query", "name": "size", "schema": { "type": "integer", "maximum": 100, "minimum": 1, "default": 50 } }
                ],
                "responses": {
                    "200": {
                        "headers": { "Link": {} },
                        "content": {
                            "application/json": { "schema": { "type": "array", "items": { "$ref": "#/components/schemas/Task" } } },
                            "text/csv": { "schema": { "type": "string" } }
                        }
                    },
                    "404": {}
                }
            },
            "post": {
                "operationId": "create_task",
                "requestBody": { "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/TaskInput" } },
                    "text/plain": { "schema": { "type": "string" } }
                } },
                "responses": {}
            }
        } },
        "components": { "schemas": {
            "Status": { "type": "string", "enum": ["todo", "done"] },
            "Task": { "allOf": [
                { "type": "object", "required": ["title"], "properties": { "title": { "type": "string" } } },
                { "type": "object", "required": ["status"], "properties": {
                    "status": { "$ref": "#/components/schemas/Status" },
                    "due": { "type": ["string", "null"], "format": "date-time" },
                    "size": { "type": "integer", "format": "int32" },
                    "parts": { "type": "array", "items": { "$ref": "#/components/schemas/Task" } }
                } }
            ] },
            "TaskInput": { "type": "object", "required": ["title"], "additionalProperties": false, "properties": {
                "title": { "type": "string", "maxLength": 200, "minLength": 3 },
                "status": { "type": "string", "enum": ["todo", "done"], "default": "todo" },
                "due": { "oneOf": [{ "type": "string", "format": "date-time" }, { "type": "null" }] },
                "size": { "type": "integer", "format": "int32" },
                "labels": { "type": "array", "items": { "type": "string" }, "maxItems": 20 },
                "more": { "type": "object" }
            } }
        } }
    })
}

/// The breaking changes after a value in the document is replaced, or removed for null.
fn other(pointer: &str, value: Value) -> Vec<String> {
    let mut new = document();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match new.pointer_mut(parent).unwrap_or_else(|| panic!("there is no {parent}")) {
        Value::Object(fields) if value.is_null() => drop(fields.remove(&name.replace("~1", "/")).unwrap()),
        Value::Object(fields) => drop(fields.insert(name.replace("~1", "/"), value)),
        Value::Array(items) if value.is_null() => drop(items.remove(name.parse().unwrap())),
        Value::Array(items) => items.push(value),
        _ => panic!("{parent} holds nothing"),
    }
    changes(&document(), &new)
}

const GET: &str = "/paths/~1tasks/get";
const POST: &str = "/paths/~1tasks/post";
const INPUT: &str = "/components/schemas/TaskInput";
const FIELD: &str = "/components/schemas/TaskInput/properties";

/// A place in the document, the rest of its pointer, the new value, and the expected message.
type Case = (&'static str, &'static str, Value, &'static str);

fn break_as_told<const N: usize>(cases: [Case; N]) {
    for (place, rest, value, what) in cases {
        let found = other(&format!("{place}{rest}"), value.clone());
        assert!(found.iter().any(|one| one == what), "{place}{rest} = {value}: {what} is not in {found:?}");
    }
}
