//! Deprecated operations in the OpenAPI document: `deprecated`, and the headers of their responses.
//!
//! The mark at the handler is described in [`crate::edge::deprecation`].

use serde_json::{Map, Value, json};

use crate::edge::deprecation::AT;

/// Describes the effects of the mark in the document.
pub(super) fn complete(operation: &mut Map<String, Value>) {
    if !operation.contains_key(AT) {
        return;
    }
    operation.insert("deprecated".to_owned(), true.into());
    let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
    for response in responses.into_iter().flat_map(Map::values_mut) {
        let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
        let Some(headers) = response.get_mut("headers").and_then(Value::as_object_mut) else { continue };
        headers.insert(
            "Deprecation".to_owned(),
            text("The date from which the operation is deprecated (RFC 9745)."),
        );
        headers.insert(
            "Sunset".to_owned(),
            text("The date from which the operation may be removed (RFC 8594)."),
        );
        headers.insert("Link".to_owned(), text("The URL of the description of the operation (RFC 8288)."));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_all_that_it_takes() {
        let mut operation =
            json!({ "x-deprecated-at": "2027-01-01T00:00:00Z", "responses": { "200": { "headers": {} } } });
        complete(operation.as_object_mut().unwrap_or(&mut Map::new()));
        assert_eq!(operation["deprecated"], true);
        assert!(operation["responses"]["200"]["headers"]["Sunset"].is_object());
        let mut plain = Map::new();
        complete(&mut plain);
        assert!(plain.is_empty());
    }
}
