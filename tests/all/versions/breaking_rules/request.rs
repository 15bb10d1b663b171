//! A request that allows less is breaking.

use serde_json::{Value, json};

use super::{FIELD, INPUT, POST, break_as_told};

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
