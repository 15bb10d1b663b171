//! Checks every response in the tests against the OpenAPI document: its status is listed for the
//! operation, its code has an example there, and its body is valid by the schema.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::{Draft, Registry, Validator};
use reqwest::Method;
use serde_json::{Value, json};
use taskhub::openapi::Operations;

use crate::Answer;

/// The URI by which schemas refer to the document.
const NAME: &str = "https://taskhub.invalid/document";

/// The OpenAPI document and its compiled schemas.
pub struct Conformance {
    /// The OpenAPI document.
    pub document: Arc<Value>,
    operations: Operations,
    registry: Registry<'static>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

static CONFORMANCE: LazyLock<Conformance> = LazyLock::new(|| {
    let document = Arc::new(taskhub::openapi::build().unwrap());
    let registry = Registry::new().draft(Draft::Draft202012).add(NAME, Value::clone(&document)).unwrap();
    Conformance {
        operations: Operations::of(&document),
        registry: registry.prepare().unwrap(),
        validators: Mutex::default(),
        document,
    }
});

/// The instance of this process.
pub fn conformance() -> &'static Conformance {
    &CONFORMANCE
}

impl Conformance {
    /// The errors of the value by the schema at this JSON pointer into the document.
    pub fn wrong(&self, pointer: &str, value: &Value) -> Vec<String> {
        let made = || {
            // Braces are escaped in a URI.
            let fragment = pointer.replace('{', "%7B").replace('}', "%7D");
            let schema = json!({ "$ref": format!("{NAME}#{fragment}") });
            let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
            Arc::new(options.with_registry(&self.registry).build(&schema).unwrap())
        };
        let validator =
            Arc::clone(self.validators.lock().unwrap().entry(pointer.to_owned()).or_insert_with(made));
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// Fails unless the document allows the response. Responses that belong to no operation are not
    /// checked.
    pub(crate) fn check(&self, method: &Method, path: &str, query: &str, answer: &Answer) {
        // A trailing slash is ignored.
        let path = path.strip_suffix('/').unwrap_or(path);
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let Some(operation) = actix_web::http::Method::from_bytes(method.as_str().as_bytes())
            .ok()
            .and_then(|method| self.operations.find(&method, path))
        else {
            return;
        };
        let Answer { call, status, text, .. } = answer;
        let step = |step: &str| step.replace('~', "~0").replace('/', "~1");
        let verb = method.as_str().to_lowercase();
        let mut pointer = format!("/paths/{}/{verb}/responses/{status}", step(&operation.path));
        let listed = self.document.pointer(&pointer);
        assert!(
            listed.is_some(),
            "{}: {call} → {status}, which the document does not list: {text}",
            operation.id
        );
        if let Some(shared) = listed.and_then(|listed| listed["$ref"].as_str()) {
            shared.trim_start_matches('#').clone_into(&mut pointer);
        }
        let kind = answer.header("content-type").split(';').next().unwrap_or_default();
        let media = format!("{pointer}/content/{}", step(kind));
        if text.is_empty() {
            return;
        }
        let listed = self.document.pointer(&media);
        assert!(listed.is_some(), "{}: {call} → {status} of the type {kind:?}", operation.id);
        if !answer.header("content-encoding").is_empty() {
            // The body is compressed, and the test itself decompresses it.
            return;
        }
        if *status >= 400 {
            let known = listed.is_some_and(|listed| !listed["examples"][answer.code()].is_null());
            assert!(
                known,
                "{}: {call} → {status} {}, of which the document has no example",
                operation.id,
                answer.code()
            );
        }
        // The rows may have only some of their fields.
        let sparse = query.split('&').any(|pair| pair.starts_with("fields="));
        if kind.ends_with("json") && !sparse {
            let wrong = self.wrong(&format!("{media}/schema"), &answer.body);
            assert!(wrong.is_empty(), "{}: {call} → {status} {text}: {wrong:#?}", operation.id);
        }
    }
}
