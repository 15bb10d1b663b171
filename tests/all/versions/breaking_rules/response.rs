//! A response that contains more kinds of values is breaking; an addition is not.

use serde_json::{Value, json};

use super::{FIELD, GET, INPUT, POST, break_as_told, document, other};
use crate::versions::breaking::changes;

const TASK: &str = "/components/schemas/Task/allOf/1";

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
