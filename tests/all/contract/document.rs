//! The OpenAPI document is complete for every operation and equals the committed one.
//!
//! All contract tests check that it is true: every response is checked against it (see
//! [`response`](super::response)).

use std::collections::BTreeSet;

use serde_json::{Value, json};
use taskhub_tests::{App, conformance, every_database};

use super::{
    operation::{Operation, resolve},
    reviewed,
    table::{entry, operations},
};

every_database!(served_document_equals_the_committed_one);

/// The first words of operation ids.
const VERBS: [&str; 33] = [
    "change",
    "complete",
    "confirm",
    "count",
    "create",
    "deactivate",
    "delete",
    "disable",
    "end",
    "export",
    "get",
    "import",
    "introspect",
    "list",
    "move",
    "purge",
    "reactivate",
    "read",
    "refresh",
    "register",
    "replace",
    "reopen",
    "request",
    "resend",
    "restore",
    "revoke",
    "rotate",
    "search",
    "start",
    "stop",
    "stream",
    "update",
    "verify",
];

fn built() -> Value {
    taskhub::openapi::build().unwrap()
}

async fn served_document_equals_the_committed_one(app: &App) {
    let json = app.get("/api/schema.json").send().await.expect(200);
    assert_eq!(json.body, *app.document);
    let yaml = app.get("/api/schema.yaml").send().await.expect(200);
    reviewed("openapi/openapi.json", &format!("{}\n", json.text.trim_end()));
    reviewed("openapi/openapi.yaml", &format!("{}\n", yaml.text.trim_end()));
}

#[test]
fn operation_names_follow_the_conventions() {
    let document = built();
    let mut ids = BTreeSet::new();
    let mut tags = BTreeSet::new();
    let described: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    for operation in operations(&document) {
        let id = operation.id;
        assert!(ids.insert(id), "{id} is not unique");
        let verb = id.split('_').next().unwrap();
        assert!(VERBS.contains(&verb) && id.contains('_'), "{id} is not a verb and a noun");
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{id}");
        let summary = operation.object["summary"].as_str().unwrap_or_default();
        assert!(!summary.is_empty() && !summary.ends_with('.'), "{id} has no summary");
        let [tag] = operation.object["tags"].as_array().unwrap().as_slice() else {
            panic!("{id} has not one tag")
        };
        tags.insert(tag.as_str().unwrap());
        assert!(operation.object["security"].is_array(), "{id} has no security");
    }
    assert_eq!(tags, described, "tags that are used, and tags that are described");
}

#[test]
fn paths_are_lower_case_without_trailing_slash() {
    for (path, _) in built()["paths"].as_object().unwrap() {
        let plain = |step: &str| {
            step.starts_with('{') && step.ends_with('}')
                || step
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
        };
        assert!(path.split('/').all(plain) && !path.ends_with('/'), "{path}");
    }
}

/// The possible statuses of an operation follow from its properties.
#[test]
fn every_possible_status_is_documented() {
    let document = built();
    for operation in operations(&document) {
        let mut needed = vec![400, 401, 500];
        if operation.path.starts_with("/api/") {
            needed.extend([429, 503, 507]);
        }
        if operation.is_secured() {
            needed.push(403);
        }
        let dated = operation.parameters("query").iter().any(|it| it["name"] == "as_of");
        if operation.path.contains('{') || dated {
            needed.push(404);
        }
        if operation.takes_body() {
            needed.extend([408, 413, 415, 422]);
        }
        match operation.method {
            "PUT" | "PATCH" | "DELETE" => needed.extend([409, 412, 428]),
            "POST" if operation.is_secured() => needed.extend([409, 422]),
            _ => {}
        }
        for status in needed {
            assert!(operation.response(status).is_some(), "{} does not list {status}", operation.id);
        }
        // A partial response (206) is not another kind of success.
        let is_whole = |status: &u16| *status != 206 && operation.response(*status).is_some();
        let good = (200..300).filter(is_whole).count();
        assert_eq!(good, 1, "{} has {good} ways to succeed", operation.id);
        check_answers(&operation);
    }
}

/// Every response has a description, and its body a schema. Every error is a problem.
fn check_answers(operation: &Operation<'_>) {
    for (status, answer) in operation.object["responses"].as_object().unwrap() {
        let (what, answer) = (format!("{} {status}", operation.id), operation.resolve(answer));
        assert!(
            answer["description"].as_str().is_some_and(|text| !text.is_empty()),
            "{what} is not described"
        );
        assert!(answer["headers"]["X-Request-Id"].is_object(), "{what} has no X-Request-Id");
        let contents = answer["content"].as_object();
        // The response to a revocation has no body (RFC 7009, section 2.2).
        let empty = matches!(status.as_str(), "204" | "304")
            || (operation.id, status.as_str()) == ("revoke_token", "200");
        assert_eq!(contents.is_none(), empty, "{what}: the body");
        for (media, content) in contents.into_iter().flatten() {
            assert!(content["schema"].is_object(), "{what} {media} has no schema");
            if status.as_str() >= "400" {
                assert_eq!(media, "application/problem+json", "{what}");
                assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem", "{what}");
            }
        }
    }
}

#[test]
fn every_reference_resolves_and_every_schema_is_used() {
    let document = built();
    let mut used = BTreeSet::new();
    visit(&document, &mut |value| {
        if let Some(path) = value["$ref"].as_str() {
            resolve(&document, value);
            used.insert(path.rsplit('/').next().unwrap().to_owned());
        }
    });
    let all: BTreeSet<_> = document["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
    let unused: Vec<_> = all.difference(&used).collect();
    assert_eq!(unused, Vec::<&String>::new(), "schemas that nothing refers to");
}

/// Request bodies accept no additional fields, and no text without a maximum length.
#[test]
fn request_bodies_are_closed_and_bounded() {
    let document = built();
    let mut unbounded = Vec::new();
    for operation in operations(&document) {
        let Some(schema) = operation.body() else { continue };
        assert_eq!(schema["additionalProperties"], false, "{} takes any field", operation.id);
        for (pointer, property) in operation.fields() {
            let is_text = property["type"] == "string" || property["type"][0] == "string";
            let is_bounded = ["maxLength", "enum", "const"].iter().any(|name| !property[name].is_null())
                || matches!(property["format"].as_str(), Some("uuid" | "date" | "date-time"));
            if is_text && !is_bounded {
                unbounded.push(format!("{} {pointer}", operation.id));
            }
        }
    }
    assert_eq!(unbounded, Vec::<String>::new(), "texts without a bound");
}

fn visit(value: &Value, see: &mut impl FnMut(&Value)) {
    see(value);
    match value {
        Value::Object(fields) => fields.values().for_each(|value| visit(value, see)),
        Value::Array(items) => items.iter().for_each(|value| visit(value, see)),
        _ => {}
    }
}

/// Every operation has a description and its scopes. Every body has examples, which are valid by
/// their schemas.
#[test]
fn every_operation_has_a_description_and_every_body_an_example() {
    let document = built();
    let said = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    for operation in operations(&document) {
        let id = operation.id;
        assert!(said(&operation.object["description"]), "{id} is not described");
        if let Some(scopes) = entry(id).credential.scopes() {
            assert_eq!(operation.object["security"], json!([{ "token": scopes }]), "{id}: the scopes");
        }
        for parameter in operation.object["parameters"].as_array().into_iter().flatten() {
            assert!(said(&parameter["description"]), "{id}: {} is not described", parameter["name"]);
        }
        let steps =
            format!("/paths/{}/{}", operation.path.replace('/', "~1"), operation.method.to_lowercase());
        let statuses = operation.object["responses"].as_object().unwrap().keys();
        let places = statuses.map(|status| format!("{steps}/responses/{status}"));
        for place in places.chain([format!("{steps}/requestBody")]) {
            let Some(body) = document.pointer(&place) else { continue };
            for (kind, media) in resolve(&document, body)["content"].as_object().into_iter().flatten() {
                let place =
                    body["$ref"].as_str().map_or(place.as_str(), |shared| shared.trim_start_matches('#'));
                let schema = format!("{place}/content/{}/schema", kind.replace('/', "~1"));
                let shown = media["examples"].as_object().into_iter().flatten();
                let mut shown: Vec<_> =
                    shown.map(|(_, example)| &resolve(&document, example)["value"]).collect();
                shown.extend(media.get("example"));
                assert!(!shown.is_empty(), "{place}: no example of {kind}");
                for example in shown {
                    assert_eq!(
                        conformance().wrong(&schema, example),
                        Vec::<String>::new(),
                        "{place}: {example}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_operation_documents_x_request_id() {
    let document = built();
    for operation in operations(&document) {
        let names = operation.parameters("header");
        assert!(names.iter().any(|it| it["name"] == "X-Request-Id"), "{}", operation.id);
    }
}

/// Each operation of a bulk request has one of three shapes, with the body of the resource.
#[test]
fn bulk_operations_use_the_body_of_their_resource() {
    let document = built();
    let bulk = operations(&document).into_iter().filter(|operation| operation.path.ends_with("/bulk"));
    let checked = bulk.map(|operation| {
        let items = operation.resolve(&operation.body().unwrap()["properties"]["operations"]["items"]);
        let mapping = items["discriminator"]["mapping"].as_object().unwrap();
        for (action, shape) in mapping {
            let shape = operation
                .resolve(items["oneOf"].as_array().unwrap().iter().find(|it| it["$ref"] == *shape).unwrap());
            let properties = &shape["properties"];
            assert_eq!(properties["action"]["const"], json!(action));
            assert_eq!(properties["id"].is_null(), action == "create");
            assert_eq!(properties["version"].is_null(), action == "create");
            let body = operation.resolve(&properties["body"]);
            assert_eq!(body["properties"].is_null(), action == "delete", "{}", operation.id);
        }
        assert_eq!(mapping.len(), 3);
    });
    assert_eq!(checked.count(), 4);
}

#[test]
fn read_only_fields_are_marked() {
    let document = built();
    let of = |schema: &str, field: &str| {
        document["components"]["schemas"][schema]["properties"][field]["readOnly"] == true
    };
    for field in
        ["id", "version", "created_at", "updated_at", "owner_id", "rank", "completed_at", "deleted_at"]
    {
        assert!(of("Task", field), "{field}");
    }
    for (schema, field) in
        [("Task", "title"), ("Task", "status"), ("TaskInput", "title"), ("User", "role"), ("Label", "color")]
    {
        assert!(!of(schema, field), "{schema}.{field}");
    }
    assert!(of("ClientRecord", "id") && of("DocumentSummary", "author_id") && of("User", "last_login_at"));
}
