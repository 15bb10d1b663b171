//! Finds changes of the OpenAPI document that break existing clients.
//!
//! Requests that were valid must stay valid: what a request may contain can only grow. Responses
//! must stay understandable: what a response may contain can only shrink, except for new fields.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// The methods of a path in the document.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The direction in which a schema is used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Clients send it.
    Request,
    /// Clients receive it.
    Answer,
}

/// The breaking changes from `old` to `new`, in words.
pub(super) fn changes(old: &Value, new: &Value) -> Vec<String> {
    let mut walk = Walk { old, new, seen: BTreeSet::new(), found: Vec::new() };
    for (path, item) in object(&old["paths"]) {
        for method in METHODS.iter().filter(|method| item.get(method).is_some()) {
            let at = format!("{} {path}", method.to_uppercase());
            let (old, new) = (&item[method], &new["paths"][path][method]);
            if new.is_null() { walk.tell(&at, "is gone") } else { walk.operation(&at, old, new) }
        }
    }
    walk.found
}

/// Two documents, and the changes found so far.
struct Walk<'a> {
    old: &'a Value,
    new: &'a Value,
    /// The pairs of schemas under comparison, because schemas can be recursive, and those without a
    /// finding.
    seen: BTreeSet<(String, String, bool)>,
    found: Vec<String>,
}

impl Walk<'_> {
    fn tell(&mut self, at: &str, what: &str) {
        self.found.push(format!("{at} {what}"));
    }

    fn operation(&mut self, at: &str, old: &Value, new: &Value) {
        if old["operationId"] != new["operationId"] {
            self.tell(at, "has another operationId");
        }
        for alternative in credentials(old) {
            if !credentials(new).contains(&alternative) {
                self.tell(at, &format!("no longer takes the credential {alternative}"));
            }
        }
        self.parameters(at, old, new);
        self.body(at, &old["requestBody"], &new["requestBody"]);
        self.answers(at, &old["responses"], &new["responses"]);
    }

    fn parameters(&mut self, at: &str, old: &Value, new: &Value) {
        let (old, new) = (parameters(old), parameters(new));
        for (name, was) in &old {
            let at = format!("{at} {name}");
            match new.get(name) {
                None => self.tell(&at, "is gone"),
                Some(is) => {
                    if is["required"] == true && was["required"] != true {
                        self.tell(&at, "is required now");
                    }
                    self.schema(&at, &was["schema"], &is["schema"], Way::Request);
                }
            }
        }
        for (name, is) in new {
            if is["required"] == true && !old.contains_key(&name) {
                self.tell(&format!("{at} {name}"), "is new and required");
            }
        }
    }

    fn body(&mut self, at: &str, old: &Value, new: &Value) {
        let at = format!("{at} body");
        if new["required"] == true && old["required"] != true {
            self.tell(&at, "is required now");
        }
        self.contents(&at, old, new, Way::Request);
    }

    fn answers(&mut self, at: &str, old: &Value, new: &Value) {
        for (status, was) in object(old) {
            let at = format!("{at} {status}");
            let Some(is) = new.get(status) else {
                self.tell(&at, "is gone");
                continue;
            };
            let (was, is) = (shared(self.old, was), shared(self.new, is));
            for (name, _) in object(&was["headers"]) {
                if is["headers"].get(name).is_none() {
                    self.tell(&format!("{at} {name}"), "is gone");
                }
            }
            self.contents(&at, was, is, Way::Answer);
        }
        for (status, _) in object(new) {
            if status.starts_with('2') && old.get(status).is_none() {
                self.tell(&format!("{at} {status}"), "is another way to succeed");
            }
        }
    }

    fn contents(&mut self, at: &str, old: &Value, new: &Value, way: Way) {
        for (media, was) in object(&old["content"]) {
            let at = format!("{at} {media}");
            match new["content"].get(media) {
                None => self.tell(&at, "is gone"),
                Some(is) => self.schema(&at, &was["schema"], &is["schema"], way),
            }
        }
    }

    fn schema(&mut self, at: &str, old: &Value, new: &Value, way: Way) {
        let pair = (old.to_string(), new.to_string(), way == Way::Request);
        if !self.seen.insert(pair.clone()) {
            return;
        }
        let before = self.found.len();
        if way == Way::Request && old["default"] != new["default"] {
            self.tell(at, "has another default");
        }
        let (was, now) = (alternatives(self.old, old), alternatives(self.new, new));
        // Each possible alternative must be a known one.
        let (come, known) = if way == Way::Request { (&was, &now) } else { (&now, &was) };
        for one in come {
            let mut least: Option<Vec<String>> = None;
            for other in known.iter().filter(|other| within(&one["type"], &other["type"])) {
                let (old, new) = if way == Way::Request { (one, other) } else { (other, one) };
                let so_far = self.found.len();
                self.plain(at, old, new, way);
                let found = self.found.split_off(so_far);
                if least.as_ref().is_none_or(|least| found.len() < least.len()) {
                    least = Some(found);
                }
            }
            let verb = if way == Way::Request { "can no longer be" } else { "can be" };
            self.found.extend(least.unwrap_or_else(|| vec![format!("{at} {verb} {}", one["type"])]));
        }
        if self.found.len() > before {
            self.seen.remove(&pair);
        }
    }

    /// Compares two schemas of one type, without alternatives.
    fn plain(&mut self, at: &str, old: &Value, new: &Value, way: Way) {
        let (come, known) = if way == Way::Request { (old, new) } else { (new, old) };
        if let Some(words) = known["enum"].as_array() {
            let come = come["enum"].as_array();
            if come.is_none_or(|all| !all.iter().all(|word| words.contains(word))) {
                self.tell(at, if way == Way::Request { "takes fewer words" } else { "may be another word" });
            }
        }
        let format = (&come["format"], &known["format"]);
        // `title` is a line of text, whose length is counted in characters. A string without a
        // format includes it.
        let wider = [(&json!("int32"), &json!("int64")), (&Value::Null, &json!("title"))];
        if !known["format"].is_null() && format.0 != format.1 && !wider.contains(&format) {
            self.tell(at, "has another format");
        }
        if way == Way::Request {
            self.bounds(at, old, new);
        }
        self.fields(at, old, new, way);
        if let (Some(was), Some(is)) = (old.get("items"), new.get("items")) {
            self.schema(&format!("{at}/0"), was, is, way);
        }
    }

    /// Bounds of a request that became narrower.
    fn bounds(&mut self, at: &str, old: &Value, new: &Value) {
        for name in ["maxLength", "maximum", "maxItems", "minLength", "minimum", "minItems"] {
            let Some(is) = new[name].as_f64() else { continue };
            let fits = |was: f64| if name.starts_with("max") { is >= was } else { is <= was };
            if !old[name].as_f64().is_some_and(fits) {
                self.tell(at, &format!("has a narrower {name}"));
            }
        }
        let (was, is) = (old["pattern"].as_str(), new["pattern"].as_str());
        let grows = || words(was?)?.is_subset(&words(is?)?).then_some(());
        if is.is_some() && was != is && grows().is_none() {
            self.tell(at, "has another pattern");
        }
    }

    fn fields(&mut self, at: &str, old: &Value, new: &Value, way: Way) {
        for (name, was) in object(&old["properties"]) {
            let at = format!("{at}/{name}");
            match new.get("properties").and_then(|all| all.get(name)) {
                None => self.tell(&at, "is gone"),
                Some(is) => self.schema(&at, was, is, way),
            }
        }
        let (must, may) = if way == Way::Request { (new, old) } else { (old, new) };
        let what = if way == Way::Request { "is required now" } else { "may be absent now" };
        for name in array(&must["required"]).iter().filter(|name| !array(&may["required"]).contains(name)) {
            // A removed field has been reported already.
            let is_there = new["properties"].get(name.as_str().unwrap_or_default()).is_some();
            if is_there {
                self.tell(&format!("{at}/{}", name.as_str().unwrap_or_default()), what);
            }
        }
        let closed = |shape: &Value| shape["additionalProperties"] == false;
        if way == Way::Request && closed(new) && !closed(old) {
            self.tell(at, "takes no other fields now");
        }
        let [was, is] = [old, new].map(|shape| &shape["additionalProperties"]);
        if was.is_object() && is.is_object() {
            self.schema(&format!("{at}/*"), was, is, way);
        }
    }
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The accepted credentials of an operation; an empty object for none.
fn credentials(operation: &Value) -> Vec<Value> {
    match array(&operation["security"]) {
        [] => vec![json!({})],
        all => all.to_vec(),
    }
}

/// The parameters of an operation by location and name.
fn parameters(operation: &Value) -> BTreeMap<String, &Value> {
    let named = |it| (format!("{} {}", text(it, "in"), text(it, "name")), it);
    array(&operation["parameters"]).iter().map(named).collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The words of a pattern for a comma-separated list.
fn words(pattern: &str) -> Option<BTreeSet<&str>> {
    let (one, more) = pattern.strip_prefix("^(")?.split_once(")(,(")?;
    (more.strip_suffix("))*$")? == one).then(|| one.split('|').collect())
}

/// Resolves a reference to a shared response.
fn shared<'a>(document: &'a Value, answer: &'a Value) -> &'a Value {
    let named = answer["$ref"].as_str().and_then(|path| document.pointer(path.trim_start_matches('#')));
    named.unwrap_or(answer)
}

/// Whether a type is a subset of another. No type means any type.
fn within(one: &Value, other: &Value) -> bool {
    other.is_null() || one == other || (one == "integer" && other == "number")
}

/// The alternatives of a schema, each of one type.
fn alternatives(document: &Value, schema: &Value) -> Vec<Value> {
    if let Some(path) = schema["$ref"].as_str() {
        return alternatives(document, document.pointer(path.trim_start_matches('#')).unwrap());
    }
    let any = [array(&schema["oneOf"]), array(&schema["anyOf"])].concat();
    if !any.is_empty() {
        return any.iter().flat_map(|one| alternatives(document, one)).collect();
    }
    let mut whole = schema.clone();
    for part in array(&schema["allOf"]).iter().flat_map(|part| alternatives(document, part)) {
        for (name, value) in object(&part) {
            match (value, &mut whole[name]) {
                (Value::Object(more), Value::Object(fields)) => fields.extend(more.clone()),
                (Value::Array(more), Value::Array(items)) => items.extend(more.clone()),
                (value, known) => *known = value.clone(),
            }
        }
    }
    match whole["type"].clone() {
        Value::Array(types) => types
            .into_iter()
            .map(|one| {
                let mut it = whole.clone();
                it["type"] = one;
                it
            })
            .collect(),
        _ => vec![whole],
    }
}
