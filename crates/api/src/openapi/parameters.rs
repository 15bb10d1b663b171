//! The parameters of lists in the OpenAPI document.
//!
//! Invariant: they come from the tables by which the lists read them, so the document and the
//! server cannot differ.

use serde_json::{Value, json};
use taskhub_domain::{
    list::{self, Form, LONGEST_SEARCH, Parameter},
    repository::Resource,
    search,
    task::Task,
};

/// The description of `page_size` of a list. [`set_page_size`] finds the parameter by it.
const ROWS: &str = "The number of results on a page.";

/// A parameter of the query string.
pub(super) fn query(required: bool, name: &str, description: &str, schema: Value) -> Value {
    Value::from_iter([
        ("name", name.into()),
        ("in", "query".into()),
        ("required", required.into()),
        ("description", description.into()),
        ("schema", schema),
    ])
}

/// The description of a full-text search.
pub(super) const WORDS: &str = "One to ten words. Matches resources whose title or text contains all of them, ignoring case. The last may be the beginning of a word.";

/// The schema of a full-text search.
pub(super) fn words() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": search::LONGEST, "pattern": written(r"\p{L}\p{N}") })
}

/// Text without control characters, and with at least one character of a class.
fn written(of: &str) -> String {
    format!(r"^[^{CONTROLS}]*[{of}][^{CONTROLS}]*$")
}

/// Control characters, for a class of a pattern.
const CONTROLS: &str = r"\u0000-\u001f\u007f-\u009f";

/// Ids, or words in the place of an id, separated by commas.
fn ids(words: &str) -> Value {
    let id = format!("({words}[0-9a-fA-F]{{8}}(-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}})");
    json!({ "type": "string", "pattern": format!("^{id}(,{id}){{0,49}}$") })
}

/// Texts without spaces at their ends, separated by commas.
fn texts() -> Value {
    let (end, inner) = (format!(r"[^\s,{CONTROLS}]"), format!("[^,{CONTROLS}]"));
    let text = format!("({end}({inner}*{end})?)?");
    json!({ "type": "string", "maxLength": 254, "pattern": format!("^{text}(,{text}){{0,49}}$") })
}

/// Words as code, separated by commas.
fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The description of a filter by time; its name may end in an operator.
fn by_time(name: &str, takes_none: bool) -> String {
    let (field, operator) = name.split_once('[').unwrap_or((name, ""));
    let relation = match operator {
        "lt]" => "before",
        "lte]" => "at or before",
        "gt]" => "after",
        "gte]" => "at or after",
        _ => "at exactly",
    };
    let none = if takes_none { ", or `none` for resources without one" } else { "" };
    format!("Matches `{field}` {relation} this date and time (RFC 3339){none}.")
}

/// The filters of the lists of a resource.
pub(super) fn filters<N: Resource>(required: &[&str]) -> Vec<Value> {
    list::parameters::<N>()
        .0
        .iter()
        .map(|Parameter { name, form, private, takes_none }| {
            let (description, schema) = match form {
                Form::Words(words) | Form::Ranks(words) => (
                    format!("Matches `{name}`: one or more of {}, separated by commas.", quoted(words)),
                    json!({ "type": "string", "pattern": pattern(words) }),
                ),
                Form::Id | Form::Through(_) => (
                    format!("Ids for `{name}`, separated by commas. `none` matches resources without one."),
                    ids("none|"),
                ),
                Form::Person => (
                    format!(
                        "Ids of users for `{name}`, separated by commas. `me` is the caller, and `none` matches resources without one."
                    ),
                    ids("me|none|"),
                ),
                Form::Timestamp if *takes_none => (
                    by_time(name, true),
                    json!({ "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "string", "enum": ["none"] }] }),
                ),
                Form::Timestamp => {
                    (by_time(name, false), json!({ "type": "string", "format": "date-time" }))
                }
                Form::Flag | Form::Unset => (
                    format!("Matches `{name}`: `true` or `false`."),
                    json!({ "type": "boolean" }),
                ),
                Form::Text => (
                    format!("Matches `{name}` exactly: one or more texts, separated by commas."),
                    texts(),
                ),
                Form::Search => (
                    "One or more words. Matches resources that contain all of them, ignoring case, also as parts of words.".to_owned(),
                    json!({ "type": "string", "minLength": 1, "maxLength": LONGEST_SEARCH, "pattern": written(&format!(r"^\s{CONTROLS}")) }),
                ),
                Form::FullText => (WORDS.to_owned(), words()),
            };
            let whose = if *private { " Only for admins." } else { "" };
            query(required.contains(&name.as_str()), name, &format!("{description}{whose}"), schema)
        })
        .collect()
}

/// The filters of the search: those of tasks, with the statuses of all searched resources.
pub(super) fn search_filters() -> Vec<Value> {
    let mut filters = filters::<Task>(&[]);
    filters.retain(|filter| {
        let name = filter["name"].as_str().unwrap_or_default();
        search::FILTERS.contains(&name.split('[').next().unwrap_or_default())
    });
    for filter in filters.iter_mut().filter(|filter| filter["name"] == "status") {
        filter["schema"] = json!({ "type": "string", "pattern": pattern(&search::statuses()) });
        let statuses = quoted(&search::statuses());
        filter["description"] =
            format!("Matches `status`: one or more of {statuses}, separated by commas.").into();
    }
    filters
}

/// The filters of the lists of a resource, and `sort`.
pub(super) fn filter_parameters<N: Resource>(required: &[&str]) -> Vec<Value> {
    let mut all = filters::<N>(required);
    let (_, sorts) = list::parameters::<N>();
    let keys = quoted(&sorts);
    let sorts: Vec<_> = sorts.iter().flat_map(|name| [(*name).to_owned(), format!("-{name}")]).collect();
    let words: Vec<_> = sorts.iter().map(String::as_str).collect();
    let default = sorts.get(1);
    all.push(query(
        false,
        "sort",
        &format!("One to three sort keys, separated by commas: {keys}. A `-` before a key sorts in descending order."),
        json!({ "type": "string", "pattern": pattern(&words).replace(")*$", "){0,2}$"), "default": default }),
    ));
    all
}

/// The filters, `sort`, and the parameters of pages and fields.
pub(super) fn list_parameters<N: Resource>(required: &[&str]) -> Vec<Value> {
    let mut all = filter_parameters::<N>(required);
    all.extend([
        query(
            false,
            "page",
            // It has no default: some clients send defaults, and `page` together with `cursor` is
            // rejected.
            "The number of the page; the response has an exact `count`. Default: 1, unless `cursor` is sent. Not allowed together with `cursor`.",
            json!({ "type": "integer", "minimum": 1, "maximum": 10_000 }),
        ),
        query(
            false,
            "page_size",
            ROWS,
            json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": list::PAGE_SIZE }),
        ),
        query(
            false,
            "cursor",
            "The cursor of the page, from `next` or `previous`; empty for the first page. Every page takes about the same time. The response has no `count`.",
            json!({ "type": "string", "maxLength": list::CURSOR, "pattern": "^[A-Za-z0-9_-]*$" }),
        ),
        query(
            false,
            "fields",
            "The fields of each result, separated by commas. All other fields are left out, required ones included. Default: all fields.",
            json!({ "type": "string", "pattern": pattern(&list::fields::<N>()) }),
        ),
    ]);
    all
}

/// The pattern of one or more words, separated by commas.
pub(super) fn pattern(words: &[&str]) -> String {
    let any = words.join("|");
    format!("^({any})(,({any}))*$")
}

/// Sets the default of `page_size` in a document.
pub(super) fn set_page_size(document: &mut Value, rows: u64) {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let operations = paths.flat_map(|(_, path)| path.as_object_mut().into_iter().flatten());
    let parameters = operations.flat_map(|(_, operation)| {
        operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten()
    });
    for parameter in parameters.filter(|parameter| parameter["description"] == ROWS) {
        if let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) {
            schema.insert("default".to_owned(), rows.into());
        }
    }
}
