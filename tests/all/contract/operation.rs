//! The operations of the OpenAPI document.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

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
    pub(super) object: &'a Value,
    document: &'a Value,
}

/// All operations, in the order of the document.
pub(super) fn all(document: &Value) -> Vec<Operation<'_>> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, name) in METHODS.iter().zip(["GET", "POST", "PUT", "PATCH", "DELETE"]) {
            if let Some(object) = item.get(method) {
                let id = object["operationId"].as_str().unwrap();
                all.push(Operation { id, method: name, path, object, document });
            }
        }
    }
    assert!(!all.is_empty(), "the document has no operations");
    all
}

impl<'a> Operation<'a> {
    /// Whether it requires a credential.
    pub(super) fn is_secured(&self) -> bool {
        let security = self.object["security"].as_array().unwrap();
        !security.is_empty() && security.iter().all(|one| one.as_object().is_some_and(|it| !it.is_empty()))
    }

    /// Whether clients can authenticate with Basic.
    pub(super) fn takes_basic(&self) -> bool {
        self.object["security"].as_array().unwrap().iter().any(|one| one.get("basic").is_some())
    }

    /// The names of its path parameters.
    pub(super) fn path_parameters(&self) -> Vec<&'a str> {
        self.path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect()
    }

    /// Its parameters in the `query` or the `header`.
    pub(super) fn parameters(&self, place: &str) -> Vec<&'a Value> {
        let all = self.object["parameters"].as_array().into_iter().flatten();
        all.filter(|parameter| parameter["in"] == place).collect()
    }

    /// The schema of its JSON body, if it accepts one.
    pub(super) fn body(&self) -> Option<&'a Value> {
        let media = &self.object["requestBody"]["content"]["application/json"];
        (!media.is_null()).then(|| self.resolve(&media["schema"]))
    }

    /// The fields of its JSON body by pointer, including those of nested objects, and of the first
    /// item of a list of objects or ids.
    pub(super) fn fields(&self) -> BTreeMap<String, &'a Value> {
        let mut fields = BTreeMap::new();
        if let Some(schema) = self.body() {
            self.collect_fields(schema, "", &mut fields);
        }
        fields
    }

    fn collect_fields(&self, schema: &'a Value, at: &str, fields: &mut BTreeMap<String, &'a Value>) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let at = format!("{at}/{name}");
            let some =
                property["oneOf"].as_array().and_then(|all| all.iter().find(|it| it["type"] != "null"));
            let inner = self.resolve(some.unwrap_or(property));
            if inner["properties"].is_object() {
                self.collect_fields(inner, &at, fields);
            }
            let item = self.resolve(&inner["items"]);
            // Of several shapes the one with the most fields.
            let shapes = item["oneOf"].as_array().into_iter().flatten().map(|shape| self.resolve(shape));
            let item = shapes
                .max_by_key(|shape| shape["properties"].as_object().map_or(0, Map::len))
                .unwrap_or(item);
            if item["properties"].is_object() {
                self.collect_fields(item, &format!("{at}/0"), fields);
            } else if item["format"] == "uuid" {
                fields.insert(format!("{at}/0"), item);
            }
            fields.insert(at, property);
        }
    }

    /// The content types of its body, if it accepts bytes. A form is another way to send them.
    pub(super) fn bytes(&self) -> Vec<&'a str> {
        let kinds = self.object["requestBody"]["content"].as_object().into_iter().flatten();
        let kinds = kinds.map(|(kind, _)| kind.as_str()).filter(|kind| *kind != FORM);
        if self.body().is_some() { Vec::new() } else { kinds.collect() }
    }

    /// Whether it accepts bytes of every content type.
    pub(super) fn takes_any(&self) -> bool {
        self.object["requestBody"]["content"].get(FILE).is_some()
    }

    /// Whether it accepts a body.
    pub(super) fn takes_body(&self) -> bool {
        self.body().is_some() || !self.bytes().is_empty()
    }

    /// Whether a response with 200 is a list.
    pub(super) fn is_list(&self) -> bool {
        let schema = self.response(200).map(|response| &response["content"]["application/json"]["schema"]);
        schema.is_some_and(|schema| self.resolve(schema)["properties"]["results"].is_object())
    }

    /// Whether its path continues after a parameter.
    pub(super) fn is_nested(&self) -> bool {
        self.path.split_once('}').is_some_and(|(_, rest)| !rest.is_empty())
    }

    /// The documented response with this status.
    pub(super) fn response(&self, status: u16) -> Option<&'a Value> {
        self.object["responses"].get(status.to_string()).map(|response| self.resolve(response))
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
