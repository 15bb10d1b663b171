//! Values that violate one rule of the schema of a field, and values exactly on its bounds. They
//! are derived from the OpenAPI document, so a difference between document and code is found.

use serde_json::{Value, json};

use super::{fixture::fresh, operation::Operation};

/// A field of a body.
pub(super) struct Field<'a> {
    /// Its JSON pointer.
    pub(super) pointer: String,
    /// Its schema, with references resolved and without null.
    schema: &'a Value,
    /// Whether it may be null.
    pub(super) nullable: bool,
}

impl<'a> Field<'a> {
    /// The field with this pointer and schema.
    pub(super) fn new(operation: &Operation<'a>, pointer: String, property: &'a Value) -> Self {
        let is_null = |schema: &Value| schema["type"] == "null";
        let some = property["oneOf"].as_array().and_then(|all| all.iter().find(|it| !is_null(it)));
        let listed = property["type"].as_array().is_some_and(|all| all.iter().any(|it| it == "null"));
        Self {
            pointer,
            schema: operation.resolve(some.unwrap_or(property)),
            nullable: some.is_some() || listed,
        }
    }

    /// The JSON type of its values.
    pub(super) fn kind(&self) -> &'a str {
        let kind = &self.schema["type"];
        kind.as_str().or_else(|| kind[0].as_str()).unwrap_or_else(|| panic!("{} has no type", self.pointer))
    }

    fn format(&self) -> &'a str {
        self.schema["format"].as_str().unwrap_or_default()
    }

    /// A bound of its length; none for a format of fixed length.
    fn length(&self, name: &str) -> Option<usize> {
        let shaped = matches!(self.format(), "uuid" | "date" | "date-time");
        let length = self.schema[name].as_u64().filter(|_| !shaped);
        length.map(|length| usize::try_from(length).unwrap())
    }

    /// Values that violate one rule each, with a description.
    pub(super) fn broken(&self) -> Vec<(&'static str, Value)> {
        let mut broken = Vec::new();
        if self.kind() != "array" {
            broken.push(("a list", json!([])));
        }
        if self.kind() != "object" {
            broken.push(("an object", json!({})));
        }
        if !self.nullable {
            broken.push(("null", Value::Null));
        }
        match self.kind() {
            "string" => broken.extend(self.broken_text()),
            "integer" => {
                broken.extend([
                    ("text", json!("7")),
                    ("a fraction", json!(1.5)),
                    ("too large for any", json!(1e30)),
                ]);
                // The largest integer is not a bound of the field itself.
                let beyond = |name: &str, by: i64| {
                    self.schema[name].as_i64()?.checked_add(by).map(|bound| json!(bound))
                };
                broken.extend(beyond("minimum", -1).map(|value| ("below the minimum", value)));
                broken.extend(beyond("maximum", 1).map(|value| ("above the maximum", value)));
            }
            "boolean" => broken.extend([("text", json!("true")), ("a number", json!(1))]),
            "object" => broken.extend([("text", json!("x")), ("a number", json!(1))]),
            "array" => {
                broken.extend([("text", json!("x")), ("a list of lists", json!([[]]))]);
                broken.push(("a strange item", json!(["a!b c"])));
                let most = self.length("maxItems").unwrap_or_else(|| panic!("{} has no bound", self.pointer));
                // One item more than allowed, each a valid one.
                broken.push(("too many items", json!(vec!["walks.example"; most + 1])));
            }
            other => panic!("{} is of the type {other}, of which no wrong values are known", self.pointer),
        }
        broken
    }

    fn broken_text(&self) -> Vec<(&'static str, Value)> {
        let mut broken = vec![
            ("a number", json!(7)),
            ("a flag", json!(true)),
            ("a NUL", json!("abc\u{0}def-ghi-jkl")),
            ("a control character", json!("abc\u{1b}def-ghi-jkl")),
        ];
        if let Some(length) = self.length("maxLength") {
            broken.push(("too long", json!(self.text(length + 1))));
        }
        if let Some(length) = self.length("minLength").filter(|length| *length > 0) {
            broken.push(("too short", json!(self.text(length - 1))));
            broken.push(("blank", json!(" ".repeat(length + 1))));
        }
        if self.schema["enum"].is_array() || self.schema["const"].is_string() {
            broken.extend([("another word", json!("nonsense")), ("no word", json!(""))]);
        }
        // Some patterns only restrict the characters, and refuse only the values above.
        let strange = json!("a!b c");
        if !jsonschema::is_valid(
            &json!({ "pattern": self.schema.get("pattern").unwrap_or(&json!("")) }),
            &strange,
        ) {
            broken.push(("against the pattern", strange));
        }
        match self.format() {
            "uuid" => broken.extend([("no id", json!("nonsense")), ("an empty id", json!(""))]),
            "date-time" => broken
                .extend([("no instant", json!("2027-01-01")), ("no day", json!("2027-02-30T00:00:00Z"))]),
            "date" => {
                broken.extend([("no date", json!("2027-01-01T00:00:00Z")), ("no day", json!("2027-02-30"))]);
            }
            "time-zone" => {
                broken.extend([
                    ("no zone", json!("Europe/Atlantis")),
                    ("another spelling", json!("europe/berlin")),
                ]);
            }
            "language-tag" => {
                broken.extend([("no tag", json!("english-language")), ("half a tag", json!("en-"))]);
            }
            "title" => {
                broken.extend([
                    ("two letters", json!("ab")),
                    ("one letter to see", json!("a\u{200b}\u{200b}")),
                ]);
            }
            "email" => broken.extend([
                ("no address", json!("nonsense")),
                ("two addresses", json!("a@b.example,c@d.example")),
            ]),
            _ => {}
        }
        broken
    }

    /// Values exactly on its bounds.
    pub(super) fn bounds(&self) -> Vec<Value> {
        let mut values = Vec::new();
        if self.nullable {
            values.push(Value::Null);
        }
        match self.kind() {
            "string" if self.schema["enum"].is_array() => {
                values.extend(self.schema["enum"].as_array().unwrap().clone());
            }
            "string" if self.format() == "time-zone" => {
                values.extend([json!("UTC"), json!("America/Argentina/ComodRivadavia")]);
            }
            "string" if self.format() == "rrule" => {
                values.extend([json!("FREQ=DAILY"), json!("FREQ=MONTHLY;INTERVAL=2;COUNT=9;BYDAY=-1FR")]);
            }
            "string" if self.format() == "time-of-day" => values.extend([json!("00:00"), json!("23:59")]),
            "string" if self.format() == "language-tag" => {
                values.extend([json!("de"), json!("en-x-abcdefgh-abcdefgh-abcdefgh-abc")]);
            }
            "string" => {
                let lengths = ["minLength", "maxLength"].map(|name| self.length(name));
                values.extend(lengths.into_iter().flatten().map(|length| json!(self.text(length))));
            }
            "integer" => values.extend(["minimum", "maximum"].map(|name| self.schema[name].clone())),
            "boolean" => values.extend([json!(true), json!(false)]),
            "array" if self.schema["minItems"].is_null() => values.push(json!([])),
            _ => {}
        }
        values.retain(|value| self.nullable || !value.is_null());
        values
    }

    /// A text of that length that violates no other rule, and is unique if it is long enough.
    fn text(&self, length: usize) -> String {
        let word: String = fresh().chars().filter(|letter| *letter != '-').collect();
        match self.format() {
            "email" => {
                let domain =
                    format!("{}.{}.{}", "b".repeat(63), "c".repeat(63), "d".repeat(length - 64 - 129));
                format!("{}{word}@{domain}", "a".repeat(64 - word.len()))
            }
            // The shortest title is one ideograph.
            "title" if length == 1 => "字".to_owned(),
            "color" => format!("#{}", "a".repeat(length - 1)),
            // A password that is strong at any length.
            "password" => "k7#Qz!vP2m@Xw9$Lr4".chars().cycle().take(length).collect(),
            _ => {
                // Umlauts take two bytes: lengths count characters. A pattern may not allow them.
                let filler = if self.schema["pattern"].is_string() { "a" } else { "ä" };
                let whole = format!("{}{word}", filler.repeat(length));
                whole.chars().skip(whole.chars().count() - length).collect()
            }
        }
    }
}
