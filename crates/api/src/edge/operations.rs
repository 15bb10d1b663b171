//! The operations that the OpenAPI document describes, by path: which operation a request is for, and what it takes.

use std::{collections::HashSet, sync::Arc};

use actix_web::http::Method;
use serde_json::{Value, json};

use super::deprecation::Deprecation;

/// The methods that an OpenAPI path can have here.
pub(crate) const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its method.
    pub method: Method,
    /// Its path, with parameters as `{id}`.
    pub path: String,
    /// Its id.
    pub id: String,
    /// Whether it needs a credential.
    pub secured: bool,
    /// Whether it takes a client's own credentials as `Authorization: Basic`.
    pub basic: bool,
    /// The scopes that a narrowed credential needs for it.
    pub scopes: Vec<String>,
    /// Whether it keeps its answer for an `Idempotency-Key`.
    pub idempotent: bool,
    /// From when on it is deprecated, if it is.
    pub deprecation: Option<Deprecation>,
    steps: Vec<String>,
    query: HashSet<String>,
}

impl Operation {
    /// Whether it knows a parameter of the query string.
    pub fn takes(&self, name: &str) -> bool {
        self.query.contains(name)
    }
}

/// The scopes that an operation's security names.
fn scopes(security: &[Value]) -> Vec<String> {
    let named = security.iter().filter_map(|one| one["token"].as_array()).flatten();
    named.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// All operations, by the number of their path's steps.
#[derive(Clone, Debug, Default)]
pub struct Operations(Vec<Vec<Arc<Operation>>>);

impl Operations {
    /// The operations of a document.
    pub fn of(document: &Value) -> Self {
        let mut all = Self::default();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for method in METHODS {
                let Some(operation) = item.get(method) else { continue };
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let idempotent = parameters.clone().any(|parameter| parameter["name"] == "Idempotency-Key");
                let query = parameters.filter(|parameter| parameter["in"] == "query");
                let security = operation["security"].as_array().map(Vec::as_slice).unwrap_or_default();
                all.add(Operation {
                    method: Method::from_bytes(method.to_ascii_uppercase().as_bytes()).unwrap_or_default(),
                    path: path.clone(),
                    steps: path.split('/').map(str::to_owned).collect(),
                    id: operation["operationId"].as_str().unwrap_or_default().to_owned(),
                    // An alternative without a scheme is one without a credential.
                    secured: !security.is_empty() && security.iter().all(|one| *one != json!({})),
                    scopes: scopes(security),
                    idempotent,
                    deprecation: Deprecation::of(operation),
                    basic: security.iter().any(|one| one.get("basic").is_some()),
                    query: query
                        .filter_map(|parameter| parameter["name"].as_str())
                        .map(str::to_owned)
                        .collect(),
                });
            }
        }
        all
    }

    fn add(&mut self, operation: Operation) {
        let steps = operation.steps.len();
        if self.0.len() <= steps {
            self.0.resize_with(steps + 1, Vec::new);
        }
        if let Some(operations) = self.0.get_mut(steps) {
            operations.push(Arc::new(operation));
            // A path that is spelt out goes before one with a parameter in its place.
            operations.sort_by_key(|operation| operation.path.contains('{'));
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Operation> {
        self.0.iter().flatten().map(Arc::as_ref)
    }

    /// The operation of a request.
    pub fn find(&self, method: &Method, path: &str) -> Option<Arc<Operation>> {
        self.at(path).find(|operation| operation.method == *method).cloned()
    }

    /// The methods of a path, for `Allow`; empty when there is no such path.
    pub fn allow(&self, path: &str) -> String {
        let mut methods = Vec::new();
        for operation in self.at(path) {
            methods.push(operation.method.as_str());
            if operation.method == Method::GET {
                methods.push("HEAD");
            }
        }
        if !methods.is_empty() {
            methods.push("OPTIONS");
        }
        methods.join(", ")
    }

    /// The operations of the one path that this is: the one that is spelt out, if there is one.
    fn at<'a>(&'a self, path: &str) -> impl Iterator<Item = &'a Arc<Operation>> {
        let path: Vec<_> = path.split('/').collect();
        let operations = self.0.get(path.len()).map(Vec::as_slice).unwrap_or_default();
        let first = operations.iter().find(|operation| {
            // From the end on, where paths differ most.
            let steps = operation.steps.iter().zip(&path).rev();
            steps.into_iter().all(|(known, step)| known == step || known.starts_with('{'))
        });
        operations.iter().filter(move |operation| first.is_some_and(|first| first.path == operation.path))
    }
}
