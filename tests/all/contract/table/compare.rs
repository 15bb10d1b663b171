//! Compares the table with the OpenAPI document.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Credential, entries, entry};
use crate::contract::operation::{self, Operation};

/// The operations of the document. Fails unless the table has the same ones.
pub(in crate::contract) fn operations(document: &Value) -> Vec<Operation<'_>> {
    let operations = operation::all(document);
    let documented: BTreeSet<_> = operations.iter().map(|operation| operation.id).collect();
    let declared: BTreeSet<_> = entries().map(|entry| entry.id).collect();
    let none = Vec::<&&str>::new();
    assert_eq!(documented.difference(&declared).collect::<Vec<_>>(), none, "not in the table");
    assert_eq!(declared.difference(&documented).collect::<Vec<_>>(), none, "not in the document");
    assert_eq!(declared.len(), entries().count(), "an operation is declared twice");
    operations.iter().for_each(compare);
    operations
}

/// Fails unless the entry has the credential, the kind of body and exactly the positions of ids that
/// the document has.
fn compare(operation: &Operation<'_>) {
    let id = operation.id;
    let entry = entry(id);
    assert_eq!(entry.path.len(), operation.path_parameters().len(), "{id}: the path");
    assert_eq!(entry.credential == Credential::Public, !operation.is_secured(), "{id}: the security");
    assert_eq!(entry.body.is_some(), operation.body().is_some(), "{id}: the body");
    let kinds = operation.bytes();
    assert_eq!(entry.bytes.is_some(), !kinds.is_empty(), "{id}: the bytes");
    assert!(entry.bytes.is_none_or(|(kind, _)| kinds.contains(&kind)), "{id}: the content type");
    let has_ids = |parameter: &&&Value| {
        parameter["description"].as_str().unwrap_or_default().starts_with("Ids")
            || parameter["schema"]["format"] == "uuid"
    };
    let parameters = operation.parameters("query");
    let documented: BTreeSet<_> =
        parameters.iter().filter(has_ids).map(|it| it["name"].as_str().unwrap()).collect();
    let declared: BTreeSet<_> = entry.query_ids.iter().map(|(name, _)| *name).collect();
    assert_eq!(declared, documented, "{id}: the parameters with ids");
    let fields = operation.fields();
    let ids = fields.iter().filter(|(_, schema)| schema["format"] == "uuid");
    let documented: BTreeSet<_> = ids.map(|(pointer, _)| pointer.as_str()).collect();
    let declared: BTreeSet<_> = entry.body_ids.iter().map(|(pointer, _)| *pointer).collect();
    assert_eq!(declared, documented, "{id}: the fields with ids");
}
