//! The operations of the OpenAPI document.

use serde_json::Value;

/// The methods of a path in the document.
pub(super) const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// A form with a file.
const FORM: &str = "multipart/form-data";
/// The media type of a file, where files of any media type are accepted.
const FILE: &str = "application/octet-stream";

/// One operation of the document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation<'a> {
    /// Its `operationId`.
    pub(super) id: &'a str,
    /// Its method, in capitals.
    pub(super) method: &'static str,
    /// Its path, with `{id}` for parameters.
    pub(super) path: &'a str,
    /// Its object in the document.
    pub(super) says: &'a Value,
    document: &'a Value,
}

/// All operations, in the order of the document.
pub(super) fn all(document: &Value) -> Vec<Operation<'_>> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, name) in METHODS.iter().zip(["GET", "POST", "PUT", "PATCH", "DELETE"]) {
            if let Some(says) = item.get(method) {
                let id = says["operationId"].as_str().unwrap();
                all.push(Operation { id, method: name, path, says, document });
            }
        }
    }
    assert!(!all.is_empty(), "the document has no operations");
    all
}

impl<'a> Operation<'a> {
    /// Whether it requires a credential.
    pub(super) fn is_secured(&self) -> bool {
        let security = self.says["security"].as_array().unwrap();
        !security.is_empty() && security.iter().all(|one| one.as_object().is_some_and(|it| !it.is_empty()))
    }

    /// Whether clients can authenticate with Basic.
    pub(super) fn takes_basic(&self) -> bool {
        self.says["security"].as_array().unwrap().iter().any(|one| one.get("basic").is_some())
    }

    /// The names of its path parameters.
    pub(super) fn path_parameters(&self) -> Vec<&'a str> {
        self.path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect()
    }

    /// Its parameters in the `query` or the `header`.
    pub(super) fn parameters(&self, place: &str) -> Vec<&'a Value> {
        let all = self.says["parameters"].as_array().into_iter().flatten();
        all.filter(|parameter| parameter["in"] == place).collect()
    }

    /// The schema of its JSON body, if it accepts one.
    pub(super) fn body(&self) -> Option<&'a Value> {
        let media = &self.says["requestBody"]["content"]["application/json"];
        (!media.is_null()).then(|| self.resolve(&media["schema"]))
    }

    /// The content types of its body, if it accepts bytes. A form is another way to send them.
    pub(super) fn octets(&self) -> Vec<&'a str> {
        let kinds = self.says["requestBody"]["content"].as_object().into_iter().flatten();
        let kinds = kinds.map(|(kind, _)| kind.as_str()).filter(|kind| *kind != FORM);
        if self.body().is_some() { Vec::new() } else { kinds.collect() }
    }

    /// Whether it accepts bytes of every content type.
    pub(super) fn takes_any(&self) -> bool {
        self.says["requestBody"]["content"].get(FILE).is_some()
    }

    /// Whether it accepts a body.
    pub(super) fn takes_body(&self) -> bool {
        self.body().is_some() || !self.octets().is_empty()
    }

    /// The documented response with this status.
    pub(super) fn response(&self, status: u16) -> Option<&'a Value> {
        self.says["responses"].get(status.to_string()).map(|answer| self.resolve(answer))
    }

    /// Resolves a reference to a schema.
    pub(super) fn resolve(&self, schema: &'a Value) -> &'a Value {
        resolve(self.document, schema)
    }
}

/// Resolves a reference to a schema.
pub(super) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    while let Some(path) = schema["$ref"].as_str() {
        let target = path.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        schema = target.unwrap_or_else(|| panic!("{path} leads nowhere"));
    }
    schema
}
