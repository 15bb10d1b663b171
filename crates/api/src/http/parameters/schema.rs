//! The schemas of parameters: the accepted values, as patterns where a value is a list.

use serde_json::Value;
use taskhub_domain::{list::LONGEST_SEARCH, search};
use utoipa::{
    Number,
    openapi::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type, schema::AnyOfBuilder},
};

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn format(format: KnownFormat) -> ObjectBuilder {
    string().format(Some(SchemaFormat::KnownFormat(format)))
}

/// A text with its least and greatest length in characters; 0 sets no least length.
pub(crate) fn text(least: usize, most: usize, pattern: &str) -> Schema {
    let text = string().max_length(Some(most)).pattern(Some(pattern));
    if least == 0 { text } else { text.min_length(Some(least)) }.into()
}

/// One of these words.
pub(crate) fn one_of(words: &[&str], default: Option<&str>) -> Schema {
    string().enum_values(Some(words.iter().copied())).default(default.map(Value::from)).into()
}

/// One or more of these words, separated by commas.
pub(crate) fn several_of(words: &[&str]) -> Schema {
    string().pattern(Some(pattern(words))).into()
}

/// One to three of these sort keys, each with an optional `-` before it. The default is the first
/// key in descending order.
pub(super) fn sort_keys(keys: &[&str]) -> Schema {
    let keys: Vec<_> = keys.iter().flat_map(|key| [(*key).to_owned(), format!("-{key}")]).collect();
    let words: Vec<_> = keys.iter().map(String::as_str).collect();
    let pattern = pattern(&words).replace(")*$", "){0,2}$");
    string().pattern(Some(pattern)).default(keys.get(1).map(|key| key.as_str().into())).into()
}

/// The pattern of one or more words, separated by commas.
fn pattern(words: &[&str]) -> String {
    let any = words.join("|");
    format!("^({any})(,({any}))*$")
}

pub(crate) fn integer<N: Into<Number> + Into<Value>>(least: N, most: N, default: Option<N>) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(least))
        .maximum(Some(most))
        .default(default.map(Into::into))
        .into()
}

pub(crate) fn flag() -> Schema {
    ObjectBuilder::new().schema_type(Type::Boolean).into()
}

pub(crate) fn uuid() -> Schema {
    format(KnownFormat::Uuid).into()
}

pub(crate) fn date_time() -> Schema {
    format(KnownFormat::DateTime).into()
}

pub(super) fn date() -> Schema {
    format(KnownFormat::Date).into()
}

/// A value of this schema, or also `none`.
pub(super) fn or_none(schema: Schema, takes_none: bool) -> Schema {
    if !takes_none {
        return schema;
    }
    AnyOfBuilder::new().item(schema).item(string().enum_values(Some(["none"]))).into()
}

/// Control characters, for a class of a pattern.
const CONTROLS: &str = r"\u0000-\u001f\u007f-\u009f";

/// Text without control characters, and with at least one character of a class.
fn written(of: &str) -> String {
    format!(r"^[^{CONTROLS}]*[{of}][^{CONTROLS}]*$")
}

/// Words of a full-text search.
pub(crate) fn full_text() -> Schema {
    text(1, search::LONGEST, &written(r"\p{L}\p{N}"))
}

/// Words that are searched as parts of words.
pub(super) fn parts_of_words() -> Schema {
    text(1, LONGEST_SEARCH, &written(&format!(r"^\s{CONTROLS}")))
}

/// Ids, or words in the place of an id, separated by commas.
pub(super) fn ids(words: &str) -> Schema {
    let id = format!("({words}[0-9a-fA-F]{{8}}(-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}})");
    string().pattern(Some(format!("^{id}(,{id}){{0,49}}$"))).into()
}

/// Texts without spaces at their ends, separated by commas.
pub(super) fn texts() -> Schema {
    let (end, inner) = (format!(r"[^\s,{CONTROLS}]"), format!("[^,{CONTROLS}]"));
    let one = format!("({end}({inner}*{end})?)?");
    text(0, 254, &format!("^{one}(,{one}){{0,49}}$"))
}
