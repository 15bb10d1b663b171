//! The operations of the document, for the middleware: it finds the operation of a request here.

use std::{collections::HashSet, sync::Arc};

use actix_web::http::Method;
use serde_json::{Value, json};

use super::deprecation::Deprecation;

/// The methods of the operations in this document.
pub(crate) const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The method.
    pub method: Method,
    /// The path, with parameters such as `{id}`.
    pub path: String,
    /// The operation id.
    pub id: String,
    /// Whether it requires a credential.
    pub secured: bool,
    /// Whether it accepts the credentials of a client as `Authorization: Basic`.
    pub basic: bool,
    /// The scopes that a credential with limited scopes needs.
    pub scopes: Vec<String>,
    /// Whether it stores its response under an `Idempotency-Key`.
    pub idempotent: bool,
    /// The deprecation, if it is deprecated.
    pub deprecation: Option<Deprecation>,
    steps: Vec<String>,
    query: HashSet<String>,
}

impl Operation {
    /// Whether it has a query parameter with this name.
    pub fn takes(&self, name: &str) -> bool {
        self.query.contains(name)
    }
}

/// The scopes in the security of an operation.
fn scopes(security: &[Value]) -> Vec<String> {
    let named = security.iter().filter_map(|one| one["token"].as_array()).flatten();
    named.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// All operations, by the number of segments of their path.
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
                    // An alternative without a scheme means that no credential is needed.
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
            // A path without parameters takes precedence.
            operations.sort_by_key(|operation| operation.path.contains('{'));
        }
    }

    /// All operations.
    pub fn iter(&self) -> impl Iterator<Item = &Operation> {
        self.0.iter().flatten().map(Arc::as_ref)
    }

    /// The operation of a request.
    pub fn find(&self, method: &Method, path: &str) -> Option<Arc<Operation>> {
        self.at(path).find(|operation| operation.method == *method).cloned()
    }

    /// The methods of a path, for `Allow`; empty if the path does not exist.
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

    /// The operations of the path that matches; a path without parameters takes precedence.
    fn at<'a>(&'a self, path: &str) -> impl Iterator<Item = &'a Arc<Operation>> {
        let path: Vec<_> = path.split('/').collect();
        let operations = self.0.get(path.len()).map(Vec::as_slice).unwrap_or_default();
        let first = operations.iter().find(|operation| {
            // Compared from the end, where paths differ most.
            let steps = operation.steps.iter().zip(&path).rev();
            steps.into_iter().all(|(known, step)| known == step || known.starts_with('{'))
        });
        operations.iter().filter(move |operation| first.is_some_and(|first| first.path == operation.path))
    }
}
