//! The parameters of lists in the document, from the tables that the lists go by.

use serde_json::{Value, json};
use taskhub_domain::{
    list::{self, Form, LONGEST_SEARCH, Parameter},
    search,
    store::Noun,
    task::Task,
};

/// What the size of a list's pages is described by.
const ROWS: &str = "Rows a page.";

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

/// What full text is asked by.
pub(super) const WORDS: &str = "One to ten words, all of which occur in the title or in the text, in any case; the last may be the beginning of one.";

/// As [`WORDS`].
pub(super) fn words() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": search::LONGEST, "pattern": written(r"\p{L}\p{N}") })
}

/// Text without control characters, with something of a class in it.
fn written(of: &str) -> String {
    format!(r"^[^{CONTROLS}]*[{of}][^{CONTROLS}]*$")
}

/// Control characters, in a class of a pattern.
const CONTROLS: &str = r"\u0000-\u001f\u007f-\u009f";

/// Ids, or words that stand for some, separated by commas.
fn ids(words: &str) -> Value {
    let id = format!("({words}[0-9a-fA-F]{{8}}(-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}})");
    json!({ "type": "string", "pattern": format!("^{id}(,{id}){{0,49}}$") })
}

/// Texts without blanks at the ends, separated by commas.
fn texts() -> Value {
    let (end, inner) = (format!(r"[^\s,{CONTROLS}]"), format!("[^,{CONTROLS}]"));
    let text = format!("({end}({inner}*{end})?)?");
    json!({ "type": "string", "maxLength": 254, "pattern": format!("^{text}(,{text}){{0,49}}$") })
}

/// The filters of a noun's lists.
pub(super) fn filters<N: Noun>(required: &[&str]) -> Vec<Value> {
    list::parameters::<N>()
        .0
        .iter()
        .map(|Parameter { name, form, private, takes_none }| {
            let (description, schema) = match form {
                Form::Words(words) | Form::Ranks(words) => (
                    "Some of these, separated by commas.",
                    json!({ "type": "string", "pattern": pattern(words) }),
                ),
                Form::Id | Form::Through(_) => {
                    ("Ids, separated by commas; `none` for rows without.", ids("none|"))
                }
                Form::Person => (
                    "Ids of users, or `me`, separated by commas; `none` for rows without.",
                    ids("me|none|"),
                ),
                Form::Instant if *takes_none => (
                    "An instant (RFC 3339), or `none` for rows without.",
                    json!({ "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "string", "enum": ["none"] }] }),
                ),
                Form::Instant => {
                    ("An instant (RFC 3339).", json!({ "type": "string", "format": "date-time" }))
                }
                Form::Flag | Form::Unset => ("Whether it is so.", json!({ "type": "boolean" })),
                Form::Text => ("Exactly this; several separated by commas.", texts()),
                Form::Search => (
                    "Words, all of which occur, in any case and as parts of words too.",
                    json!({ "type": "string", "minLength": 1, "maxLength": LONGEST_SEARCH, "pattern": written(&format!(r"^\s{CONTROLS}")) }),
                ),
                Form::FullText => (WORDS, words()),
            };
            let whose = if *private { " For admins." } else { "" };
            query(required.contains(&name.as_str()), name, &format!("{description}{whose}"), schema)
        })
        .collect()
}

/// The filters of the search: as tasks have them, with the words of all that is searched.
pub(super) fn search_filters() -> Vec<Value> {
    let mut filters = filters::<Task>(&[]);
    filters.retain(|filter| {
        let name = filter["name"].as_str().unwrap_or_default();
        search::FILTERS.contains(&name.split('[').next().unwrap_or_default())
    });
    for filter in filters.iter_mut().filter(|filter| filter["name"] == "status") {
        filter["schema"] = json!({ "type": "string", "pattern": pattern(&search::statuses()) });
    }
    filters
}

/// The filters of a noun's lists, and what they can be sorted by.
pub(super) fn filter_parameters<N: Noun>(required: &[&str]) -> Vec<Value> {
    let mut all = filters::<N>(required);
    let (_, sorts) = list::parameters::<N>();
    let sorts: Vec<_> = sorts.iter().flat_map(|name| [(*name).to_owned(), format!("-{name}")]).collect();
    let words: Vec<_> = sorts.iter().map(String::as_str).collect();
    let default = sorts.get(1);
    all.push(query(
        false,
        "sort",
        "At most three keys, separated by commas; a minus before one sorts downwards.",
        json!({ "type": "string", "pattern": pattern(&words).replace(")*$", "){0,2}$"), "default": default }),
    ));
    all
}

/// The same, and the pages.
pub(super) fn list_parameters<N: Noun>(required: &[&str]) -> Vec<Value> {
    let mut all = filter_parameters::<N>(required);
    all.extend([
        query(
            false,
            "page",
            // Without a default, because there are clients that send a default, and it would stand beside every cursor, which is refused.
            "A numbered page, with an exact `count`; without it and without `cursor`, the first.",
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
            "A position from `next` or `previous`; empty to begin. Costs the same however far the list.",
            json!({ "type": "string", "maxLength": list::CURSOR, "pattern": "^[A-Za-z0-9_-]*$" }),
        ),
        query(
            false,
            "fields",
            "Fields to show of each row, separated by commas: the others are left out, also those that a whole row always has.",
            json!({ "type": "string", "pattern": pattern(&list::fields::<N>()) }),
        ),
    ]);
    all
}

/// Words, separated by commas.
pub(super) fn pattern(words: &[&str]) -> String {
    let any = words.join("|");
    format!("^({any})(,({any}))*$")
}

/// Puts another default size of pages into a document.
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
