//! The query parameters of operations, for the OpenAPI document.
//!
//! A handler names its parameters in `params(…)`, as types of this module or of its own. Invariant:
//! the parameters of lists come from the tables by which the lists read them, so the document and
//! the server cannot differ.

mod filters;
mod schema;

use std::marker::PhantomData;

use taskhub_domain::{
    list::{self, PAGE_SIZE},
    repository::Resource,
};
use utoipa::{
    IntoParams,
    openapi::{
        RefOr, Required, Schema,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

pub(crate) use self::{
    filters::{WORDS, filters, quoted, search_filters},
    schema::{date_time, full_text, integer, one_of, several_of, text, uuid},
};

/// The parameters of a list of `R`: filters, `sort`, page and `fields`.
pub(crate) struct ListOf<R>(PhantomData<R>);

/// The parameters of an export of `R`: filters and `sort`.
pub(crate) struct ExportOf<R>(PhantomData<R>);

impl<R: Resource> IntoParams for ListOf<R> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        [filters::<R>(), vec![sort::<R>()], page(), vec![fields::<R>()]].concat()
    }
}

impl<R: Resource> IntoParams for ExportOf<R> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        [filters::<R>(), vec![sort::<R>()]].concat()
    }
}

/// A parameter of the query string that can be left out.
pub(crate) fn optional(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    parameter(ParameterIn::Query, name, description, schema)
}

/// A parameter of the query string that must be sent.
pub(crate) fn required(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    let mut parameter = optional(name, description, schema);
    parameter.required = Required::True;
    parameter
}

/// A header that can be left out.
pub(crate) fn header(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    parameter(ParameterIn::Header, name, description, schema)
}

fn parameter(
    part: ParameterIn,
    name: &str,
    description: &str,
    schema: impl Into<RefOr<Schema>>,
) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(part)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn sort<R: Resource>() -> Parameter {
    let (_, keys) = list::parameters::<R>();
    let description = format!(
        "One to three sort keys, separated by commas: {}. A `-` before a key sorts in descending order.",
        quoted(&keys)
    );
    optional("sort", &description, schema::sort_keys(&keys))
}

/// The description of the `page_size` of a list.
pub(crate) const PAGE_SIZE_OF_LISTS: &str = "The number of results on a page.";

fn page() -> Vec<Parameter> {
    vec![
        optional(
            "page",
            // It has no default: some clients send defaults, and `page` together with `cursor` is
            // rejected.
            "The number of the page; the response has an exact `count`. Default: 1, unless `cursor` is sent. Not allowed together with `cursor`.",
            integer(1, 10_000, None),
        ),
        optional("page_size", PAGE_SIZE_OF_LISTS, integer(1, 200, Some(PAGE_SIZE))),
        optional(
            "cursor",
            "The cursor of the page, from `next` or `previous`; empty for the first page. Every page takes about the same time. The response has no `count`.",
            text(0, list::CURSOR, "^[A-Za-z0-9_-]*$"),
        ),
    ]
}

fn fields<R: Resource>() -> Parameter {
    optional(
        "fields",
        "The fields of each result, separated by commas. All other fields are left out, required ones included. Default: all fields.",
        several_of(&list::fields::<R>()),
    )
}
