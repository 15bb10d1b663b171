//! The filters of lists, from the tables of the domain.

use taskhub_domain::{
    list::{self, Form},
    repository::Resource,
    search,
    task::Task,
};
use utoipa::openapi::path::Parameter;

use super::{optional, schema};

/// The description of a full-text search.
pub(crate) const WORDS: &str = "One to ten words. Matches resources whose title or text contains all of them, ignoring case. The last may be the beginning of a word.";

/// Words as code, separated by commas.
pub(crate) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn words(name: &str, words: &[&str]) -> String {
    format!("Matches `{name}`: one or more of {}, separated by commas.", quoted(words))
}

/// The description of a filter by time; its name may end in an operator.
fn by_time(name: &str, takes_none: bool) -> String {
    compared(name, ["at exactly", "at or before", "at or after"], "date and time (RFC 3339)", takes_none)
}

/// The description of a filter by date; its name may end in an operator.
fn by_date(name: &str, takes_none: bool) -> String {
    compared(name, ["on", "on or before", "on or after"], "date, such as 2026-01-31", takes_none)
}

fn compared(name: &str, [equal, until, from]: [&str; 3], value: &str, takes_none: bool) -> String {
    let (field, operator) = name.split_once('[').unwrap_or((name, ""));
    let relation = match operator {
        "lt]" => "before",
        "lte]" => until,
        "gt]" => "after",
        "gte]" => from,
        _ => equal,
    };
    let none = if takes_none { ", or `none` for resources without one" } else { "" };
    format!("Matches `{field}` {relation} this {value}{none}.")
}

/// The filters of the lists of a resource.
pub(crate) fn filters<R: Resource>() -> Vec<Parameter> {
    list::parameters::<R>().0.iter().map(filter).collect()
}

fn filter(list::Parameter { name, form, private, takes_none }: &list::Parameter) -> Parameter {
    let (description, schema) = match form {
        Form::Words(all) | Form::Ranks(all) => (words(name, all), schema::several_of(all)),
        Form::Id | Form::Through(_) => (
            format!("Ids for `{name}`, separated by commas. `none` matches resources without one."),
            schema::ids("none|"),
        ),
        Form::Person => (
            format!(
                "Ids of users for `{name}`, separated by commas. `me` is the caller, and `none` matches resources without one."
            ),
            schema::ids("me|none|"),
        ),
        Form::Timestamp => (by_time(name, *takes_none), schema::or_none(schema::date_time(), *takes_none)),
        Form::Date => (by_date(name, *takes_none), schema::or_none(schema::date(), *takes_none)),
        Form::Flag | Form::Unset => (format!("Matches `{name}`: `true` or `false`."), schema::flag()),
        Form::Text => (
            format!("Matches `{name}` exactly: one or more texts, separated by commas."),
            schema::texts(),
        ),
        Form::Search => (
            "One or more words. Matches resources that contain all of them, ignoring case, also as parts of words.".to_owned(),
            schema::parts_of_words(),
        ),
        Form::FullText => (WORDS.to_owned(), schema::full_text()),
    };
    let whose = if *private { " Only for admins." } else { "" };
    optional(name, &format!("{description}{whose}"), schema)
}

/// The filters of the search: those of tasks, with the statuses of all searched resources.
pub(crate) fn search_filters() -> Vec<Parameter> {
    let mut filters = filters::<Task>();
    filters.retain(|filter| search::FILTERS.contains(&filter.name.split('[').next().unwrap_or_default()));
    let statuses = search::statuses();
    for filter in filters.iter_mut().filter(|filter| filter.name == "status") {
        *filter = optional("status", &words("status", &statuses), schema::several_of(&statuses));
    }
    filters
}
