//! Each rule of [`breaking`](super::breaking), on a small document.

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
const TASK: &str = "/components/schemas/Task/allOf/1";

/// A place in the document, the rest of its pointer, the new value, and the expected message.
type Case = (&'static str, &'static str, Value, &'static str);

fn break_as_told<const N: usize>(cases: [Case; N]) {
    for (place, rest, value, what) in cases {
        let found = other(&format!("{place}{rest}"), value.clone());
        assert!(found.iter().any(|one| one == what), "{place}{rest} = {value}: {what} is not in {found:?}");
    }
}

#[test]
fn changed_operation_or_parameter_is_breaking() {
    break_as_told([
        ("", "/paths/~1tasks", Value::Null, "GET /tasks is gone"),
        (POST, "", Value::Null, "POST /tasks is gone"),
        (POST, "/operationId", json!("make_task"), "POST /tasks has another operationId"),
        (GET, "/security/1", Value::Null, "GET /tasks no longer takes the credential {}"),
        (POST, "/security", json!([{ "token": [] }]), "POST /tasks no longer takes the credential {}"),
        (GET, "/parameters/1", Value::Null, "GET /tasks query size is gone"),
        (GET, "/parameters/1/required", json!(true), "GET /tasks query size is required now"),
        (
            GET,
            "/parameters/-",
            json!({ "in": "query", "name": "q", "required": true }),
            "GET /tasks query q is new and required",
        ),
        (
            GET,
            "/parameters/0/schema/pattern",
            json!("^(todo)(,(todo))*$"),
            "GET /tasks query status has another pattern",
        ),
        (GET, "/parameters/0/schema/pattern", json!("^t"), "GET /tasks query status has another pattern"),
        (GET, "/parameters/1/schema/maximum", json!(99), "GET /tasks query size has a narrower maximum"),
        (GET, "/parameters/1/schema/minimum", json!(2), "GET /tasks query size has a narrower minimum"),
        (GET, "/parameters/1/schema/default", json!(20), "GET /tasks query size has another default"),
        (
            GET,
            "/parameters/1/schema/type",
            json!("boolean"),
            "GET /tasks query size can no longer be \"integer\"",
        ),
    ]);
}

#[test]
fn narrowed_request_is_breaking() {
    break_as_told([
        (POST, "/requestBody/required", json!(true), "POST /tasks body is required now"),
        (POST, "/requestBody/content/text~1plain", Value::Null, "POST /tasks body text/plain is gone"),
        (INPUT, "/properties/labels", Value::Null, "POST /tasks body application/json/labels is gone"),
        (INPUT, "/required/-", json!("size"), "POST /tasks body application/json/size is required now"),
        (
            FIELD,
            "/title/maxLength",
            json!(100),
            "POST /tasks body application/json/title has a narrower maxLength",
        ),
        (
            FIELD,
            "/title/minLength",
            json!(4),
            "POST /tasks body application/json/title has a narrower minLength",
        ),
        (
            FIELD,
            "/title/format",
            json!("email"),
            "POST /tasks body application/json/title has another format",
        ),
        (FIELD, "/status/enum/0", Value::Null, "POST /tasks body application/json/status takes fewer words"),
        (
            FIELD,
            "/status/default",
            json!("done"),
            "POST /tasks body application/json/status has another default",
        ),
        (
            FIELD,
            "/due/oneOf/1",
            Value::Null,
            "POST /tasks body application/json/due can no longer be \"null\"",
        ),
        (
            FIELD,
            "/labels/maxItems",
            json!(19),
            "POST /tasks body application/json/labels has a narrower maxItems",
        ),
        (
            FIELD,
            "/labels/items/enum",
            json!(["a"]),
            "POST /tasks body application/json/labels/0 takes fewer words",
        ),
        (
            FIELD,
            "/more/additionalProperties",
            json!(false),
            "POST /tasks body application/json/more takes no other fields now",
        ),
    ]);
}

#[test]
fn widened_response_is_breaking() {
    break_as_told([
        (GET, "/responses/404", Value::Null, "GET /tasks 404 is gone"),
        (GET, "/responses/202", json!({}), "GET /tasks 202 is another way to succeed"),
        (GET, "/responses/200/headers/Link", Value::Null, "GET /tasks 200 Link is gone"),
        (GET, "/responses/200/content/text~1csv", Value::Null, "GET /tasks 200 text/csv is gone"),
        (TASK, "/properties/size", Value::Null, "GET /tasks 200 application/json/0/size is gone"),
        (TASK, "/required/0", Value::Null, "GET /tasks 200 application/json/0/status may be absent now"),
        (
            TASK,
            "/properties/due/format",
            Value::Null,
            "GET /tasks 200 application/json/0/due has another format",
        ),
        (
            TASK,
            "/properties/size/format",
            json!("int64"),
            "GET /tasks 200 application/json/0/size has another format",
        ),
        (
            TASK,
            "/properties/size/type",
            json!(["integer", "null"]),
            "GET /tasks 200 application/json/0/size can be \"null\"",
        ),
        (
            "",
            "/components/schemas/Status/enum/-",
            json!("late"),
            "GET /tasks 200 application/json/0/status may be another word",
        ),
        (
            "",
            "/components/schemas/Status/enum",
            Value::Null,
            "GET /tasks 200 application/json/0/status may be another word",
        ),
    ]);
}

#[test]
fn additive_change_is_not_breaking() {
    let added = [
        ("", "/paths/~1projects", json!({ "get": { "operationId": "list_projects" } })),
        (GET, "/security/-", json!({ "basic": [] })),
        (GET, "/parameters/-", json!({ "in": "query", "name": "q", "schema": { "type": "string" } })),
        (GET, "/parameters/0/schema/pattern", json!("^(todo|late|done)(,(todo|late|done))*$")),
        (GET, "/parameters/0/schema/pattern", Value::Null),
        (GET, "/parameters/1/schema/maximum", json!(200)),
        (GET, "/parameters/1/schema/type", json!("number")),
        (GET, "/responses/410", json!({})),
        (GET, "/responses/200/headers/ETag", json!({})),
        (GET, "/deprecated", json!(true)),
        (POST, "/requestBody/content/text~1csv", json!({ "schema": { "type": "string" } })),
        (INPUT, "/properties/colour", json!({ "type": "string" })),
        (INPUT, "/required", Value::Null),
        (FIELD, "/title/maxLength", Value::Null),
        (FIELD, "/title/type", json!(["string", "null"])),
        (FIELD, "/status/enum/-", json!("late")),
        (FIELD, "/size/format", json!("int64")),
        (TASK, "/properties/colour", json!({ "type": "string" })),
        (TASK, "/required/-", json!("size")),
        (TASK, "/properties/due/type", json!("string")),
        ("", "/components/schemas/Status/enum/0", Value::Null),
    ];
    for (place, rest, value) in added {
        let found = other(&format!("{place}{rest}"), value);
        assert!(found.is_empty(), "{place}{rest}: {found:?}");
    }
    assert!(changes(&document(), &document()).is_empty());
}
