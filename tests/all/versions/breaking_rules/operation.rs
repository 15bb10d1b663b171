//! Rules for operations and parameters.

use serde_json::{Value, json};

use super::{GET, POST, break_as_told};

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
