//! The links of responses (OpenAPI 3.1 section 4.8.20): the operations on a resource that was just
//! created, and the fields of the response that are their parameters.

use serde_json::{Map, Value, json};

use crate::edge::operations::METHODS;

/// Links each operation that creates a resource to every operation on that resource: those whose
/// path continues its own with the id of the resource.
pub(super) fn apply(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    let targets: Vec<_> = paths.iter().flat_map(|(path, item)| operations(path, item)).collect();
    for (path, item) in paths {
        let Some(made) = item.pointer_mut("/post/responses/201").and_then(Value::as_object_mut) else {
            continue;
        };
        let links: Map<_, _> = targets.iter().filter_map(|(target, id)| link(path, target, id)).collect();
        if !links.is_empty() {
            made.insert("links".to_owned(), links.into());
        }
    }
}

/// The operations of a path, with their ids.
fn operations(path: &str, item: &Value) -> Vec<(String, String)> {
    let ids = METHODS.iter().filter_map(|method| item.get(method)?["operationId"].as_str());
    ids.map(|id| (path.to_owned(), id.to_owned())).collect()
}

/// The link from a creating path to an operation on the created resource, if it is one. The ids of
/// the parents are in the path of the request, the new id is in the response.
fn link(path: &str, target: &str, operation: &str) -> Option<(String, Value)> {
    let rest = target.strip_prefix(path)?.strip_prefix("/{")?;
    let (id, rest) = rest.split_once('}')?;
    if rest.contains('{') {
        return None;
    }
    let around = path.split('{').skip(1).filter_map(|step| step.split('}').next());
    let mut parameters: Map<_, _> =
        around.map(|name| (name.to_owned(), json!(format!("$request.path.{name}")))).collect();
    parameters.insert(id.to_owned(), json!("$response.body#/id"));
    Some((operation.to_owned(), json!({ "operationId": operation, "parameters": parameters })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_leads_to_what_is_done_with_it() {
        let made =
            |id: &str| json!({ "operationId": id, "responses": { "201": { "description": "Made." } } });
        let does = |id: &str| json!({ "operationId": id, "responses": {} });
        let mut document = json!({ "paths": {
            "/tasks": { "get": does("list_tasks"), "post": made("create_task") },
            "/tasks/deleted": { "get": does("list_deleted_tasks") },
            "/tasks/{id}": { "get": does("get_task"), "delete": does("delete_task") },
            "/tasks/{id}/comments": { "post": made("create_comment") },
            "/tasks/{id}/comments/{comment_id}": { "get": does("get_comment") },
            "/tasks/{id}/timer": { "post": made("start_timer") },
        } });
        apply(&mut document);
        let links = |path: &str| document["paths"][path]["post"]["responses"]["201"]["links"].clone();
        let task = |id: &str| json!({ "operationId": id, "parameters": { "id": "$response.body#/id" } });
        assert_eq!(
            links("/tasks"),
            json!({
                "get_task": task("get_task"),
                "delete_task": task("delete_task"),
                "create_comment": task("create_comment"),
                "start_timer": task("start_timer"),
            })
        );
        let parameters = json!({ "id": "$request.path.id", "comment_id": "$response.body#/id" });
        assert_eq!(
            links("/tasks/{id}/comments"),
            json!({ "get_comment": { "operationId": "get_comment", "parameters": parameters } })
        );
        assert_eq!(links("/tasks/{id}/timer"), Value::Null);
    }
}
