//! Reads the query string of a list, by the tables of the resource.
//!
//! Invariant: unknown parameters are rejected. A filter on a private field exists only for callers
//! who may read that field of every row.

use std::collections::HashSet;

use sea_orm::{
    ColumnTrait, Condition, IdenStatic, Iterable, Value,
    sea_query::{Expr, IntoColumnRef},
};
use uuid::Uuid;

use super::{Form, search};
use crate::{
    Date, Error, Result, Scope, Timestamp,
    kernel::{
        policy::{self, Action, Relations},
        repository::{
            resource::{ColumnOf, EntityOf, Listed, Owned, Resource},
            tokenizer::Wanted,
        },
    },
};

/// The default number of rows on a page.
pub const PAGE_SIZE: u64 = 50;
/// The greatest number of rows on a page.
const MOST: u64 = 200;
/// The last numbered page. Cursors go further.
pub(crate) const LAST_PAGE: u64 = 10_000;
/// The most values of a filter, and the most keys of a sort.
const VALUES: usize = 50;
const KEYS: usize = 3;

/// A filter of the lists of a resource.
pub struct Filter<N: Owned> {
    /// The name of the parameter.
    pub name: &'static str,
    /// The form of its values.
    pub form: Form,
    pub(crate) column: ColumnOf<N>,
}

impl<N: Owned> Filter<N> {
    /// Whether it is a filter by time or date that accepts `none`.
    fn takes_none(&self) -> bool {
        self.form.is_ordered() && self.column.def().is_null()
    }
}

/// A sort key of the lists of a resource.
pub struct Sort<N: Listed> {
    /// The value in the parameter `sort`.
    pub name: &'static str,
    pub(crate) column: &'static str,
    pub(crate) key: fn(&N::Item) -> Key,
}

impl<N: Listed> Sort<N> {
    pub(crate) fn expr<M: Resource>(&self) -> Expr {
        Expr::col((EntityOf::<M>::default(), self.column).into_column_ref())
    }
}

/// The value of a row in a sort. It is never null, so that every database sorts alike.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Key {
    /// A number or a timestamp.
    Number(i64),
    /// A small number, such as a priority.
    Rank(i16),
    /// Text, by code point.
    Text(String),
    /// An id.
    Id(Uuid),
    /// A date.
    Date(Date),
}

impl From<Uuid> for Key {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}

impl From<&String> for Key {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Date> for Key {
    fn from(date: Date) -> Self {
        Self::Date(date)
    }
}

impl From<Timestamp> for Key {
    fn from(at: Timestamp) -> Self {
        Self::Number(at.micros())
    }
}

impl From<Key> for Value {
    fn from(key: Key) -> Self {
        match key {
            Key::Number(number) => number.into(),
            Key::Rank(number) => number.into(),
            Key::Text(text) => text.into(),
            Key::Id(id) => id.into(),
            Key::Date(date) => date.into(),
        }
    }
}

/// A decoded query string, and the default of `page_size`.
#[derive(Clone, Debug)]
pub struct Query(pub Vec<(String, String)>, pub u64);

impl Default for Query {
    fn default() -> Self {
        Self(Vec::new(), PAGE_SIZE)
    }
}

pub(crate) enum Paging {
    Numbered { page: u64, size: u64 },
    Cursor { text: String, size: u64 },
}

pub(crate) struct Request<N: Resource> {
    pub(crate) condition: Condition,
    /// The keys, and whether they are descending. The id comes last, so that the order is total.
    pub(crate) sort: Vec<(&'static Sort<N>, bool)>,
    pub(crate) paging: Paging,
    pub(crate) fields: Option<Vec<String>>,
    /// The filter and sort to which a cursor is bound.
    pub(crate) canonical: String,
}

impl Query {
    /// Removes and returns a required parameter that is not a filter.
    ///
    /// # Errors
    /// `InvalidParameter` when it is missing or was sent twice.
    pub fn take(&mut self, name: &str) -> Result<String> {
        let (taken, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.0).into_iter().partition(|(key, _)| key == name);
        self.0 = rest;
        match <[_; 1]>::try_from(taken) {
            Ok([(_, value)]) => Ok(value),
            Err(_) => Err(Error::parameter(name, "This parameter is required exactly once.")),
        }
    }

    /// Removes and returns an optional parameter that is not a filter.
    ///
    /// # Errors
    /// `InvalidParameter` when it was sent twice.
    pub fn take_any(&mut self, name: &str) -> Result<Option<String>> {
        if self.0.iter().any(|(key, _)| key == name) { self.take(name).map(Some) } else { Ok(None) }
    }

    /// The condition of the filters, for totals.
    ///
    /// # Errors
    /// `InvalidParameter` for unknown filters.
    pub(crate) fn condition<N: Resource>(&self, scope: &Scope) -> Result<Condition> {
        let mut seen = HashSet::new();
        self.0.iter().try_fold(Condition::all(), |condition, (name, value)| {
            if !seen.insert(name) {
                return Err(Error::parameter(name, "This parameter was sent more than once."));
            }
            Ok(condition.add(read_filter::<N>(name, value, scope)?))
        })
    }

    pub(crate) fn read<N: Resource>(&self, scope: &Scope) -> Result<Request<N>> {
        let (mut page, mut cursor, mut size, mut fields) = (None, None, self.1, None);
        let mut sort: Option<&str> = None;
        let mut condition = Condition::all();
        let mut canonical = Vec::new();
        let mut seen = HashSet::new();
        for (name, value) in &self.0 {
            if !seen.insert(name) {
                return Err(Error::parameter(name, "This parameter was sent more than once."));
            }
            match name.as_str() {
                "page" => page = Some(number(name, value, LAST_PAGE)?),
                "page_size" => size = number(name, value, MOST)?,
                "cursor" => cursor = Some(value.clone()),
                "sort" => sort = Some(value),
                "fields" => fields = Some(read_fields::<N>(value)?),
                _ => {
                    condition = condition.add(read_filter::<N>(name, value, scope)?);
                    canonical.push(format!("{name}={value}"));
                }
            }
        }
        canonical.sort_unstable();
        canonical.push(sort.unwrap_or_default().to_owned());
        let paging = match (page, cursor) {
            (Some(_), Some(_)) => return Err(Error::parameter("cursor", "Send page or cursor, not both.")),
            (page, None) => Paging::Numbered { page: page.unwrap_or(1), size },
            (None, Some(text)) => Paging::Cursor { text, size },
        };
        Ok(Request { condition, sort: read_sort::<N>(sort)?, paging, fields, canonical: canonical.join("&") })
    }
}

fn number(name: &str, value: &str, most: u64) -> Result<u64> {
    let number = value.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| Error::parameter(name, format!("Must be a number from 1 to {most}.")))
}

/// The fields of the results of a list.
pub fn fields<N: Resource>() -> Vec<&'static str> {
    let columns = N::item_columns();
    let shown = columns.iter().map(IdenStatic::as_str).filter(|name| !N::HIDDEN.contains(name));
    shown.chain(N::ADDED.iter().copied()).collect()
}

fn read_fields<N: Resource>(value: &str) -> Result<Vec<String>> {
    let known = fields::<N>();
    let check = |name: &str| {
        let unknown = || Error::parameter("fields", format!("Must be one or more of: {}.", known.join(", ")));
        if known.contains(&name) { Ok(name.to_owned()) } else { Err(unknown()) }
    };
    value.split(',').map(|name| check(name.trim())).collect()
}

fn read_sort<N: Resource>(value: Option<&str>) -> Result<Vec<(&'static Sort<N>, bool)>> {
    let [id, ..] = N::sorts() else { return Err(Error::internal("the resource has no sort key")) };
    let Some(value) = value else { return Ok(vec![(id, true)]) };
    let mut sort = Vec::new();
    for key in value.split(',') {
        let (name, downwards) = key.strip_prefix('-').map_or((key, false), |name| (name, true));
        let known = N::sorts().iter().find(|sort| sort.name == name);
        let twice = sort.iter().any(|(earlier, _): &(&Sort<N>, _)| earlier.name == name);
        match known {
            Some(known) if !twice && sort.len() < KEYS => sort.push((known, downwards)),
            _ => {
                let names: Vec<_> = N::sorts().iter().map(|sort| sort.name).collect();
                return Err(Error::parameter(
                    "sort",
                    format!(
                        "Must be at most {KEYS} of: {}; a minus before a key sorts in descending order.",
                        names.join(", ")
                    ),
                ));
            }
        }
    }
    if sort.iter().all(|(key, _)| key.name != id.name) {
        let downwards = sort.last().is_some_and(|(_, downwards)| *downwards);
        sort.push((id, downwards));
    }
    Ok(sort)
}

fn read_filter<N: Resource>(name: &str, value: &str, scope: &Scope) -> Result<Condition> {
    let ctx = scope.ctx();
    let (plain, operator) = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
        Some((plain, operator)) => (plain, Some(operator)),
        None => (name, None),
    };
    let unknown = || {
        let names: Vec<_> = N::filters().iter().map(|filter| filter.name).collect();
        Error::parameter(name, format!("There is no such parameter. Filters: {}.", names.join(", ")))
    };
    // A filter on a private field would reveal the field row by row. It exists only for callers who
    // may read that field of every row.
    let reads_all = policy::authorize(ctx, N::TYPE, Action::ReadPrivate, Relations::default()).is_ok();
    let private = if reads_all { N::private_filters() } else { &[] };
    let mut found = N::filters().iter().chain(private).filter(|filter| filter.name == plain).peekable();
    let filter = *found.peek().ok_or_else(unknown)?;
    let column = filter.column;
    if matches!(filter.form, Form::Search) && operator.is_none() {
        let columns: Vec<_> = found.map(|filter| filter.column).collect();
        return search::condition(name, value, &columns);
    }
    if let (Form::FullText, None) = (filter.form, operator) {
        let matching = scope.matching(&Wanted::read(name, value)?);
        return Ok(Condition::all().add(column.in_subquery(matching)));
    }
    let Some(operator) = operator else {
        let mut values: Vec<_> = value.split(',').collect();
        if matches!(filter.form, Form::Words(_) | Form::Ranks(_)) {
            // Repeated words do not count towards the limit of values.
            values.sort_unstable();
            values.dedup();
        }
        if values.len() > VALUES {
            return Err(Error::parameter(name, format!("Must have at most {VALUES} values.")));
        }
        let mut any = Condition::any();
        for value in values {
            let is_none = value == "none" && filter.takes_none();
            let read = if is_none { None } else { filter.form.read(name, value, ctx)? };
            any = any.add(match (filter.form, read) {
                (Form::Through(ids), value) => column.in_subquery(ids(ctx, value)),
                (Form::Unset, Some(Value::Bool(Some(true)))) => column.is_null(),
                (Form::Unset, _) => column.is_not_null(),
                (_, Some(value)) => column.eq(value),
                (_, None) => column.is_null(),
            });
        }
        return Ok(any);
    };
    let (true, Some(value)) = (filter.form.is_ordered(), filter.form.read(name, value, ctx)?) else {
        return Err(unknown());
    };
    Ok(Condition::all().add(match operator {
        "lt" => column.lt(value),
        "lte" => column.lte(value),
        "gt" => column.gt(value),
        "gte" => column.gte(value),
        _ => return Err(Error::parameter(name, "Must have one of the operators lt, lte, gt, gte.")),
    }))
}

/// A filter parameter of a list, for the OpenAPI document.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// The name of the parameter, with its operator.
    pub name: String,
    /// The form of its values.
    pub form: Form,
    /// Whether it exists only for callers who may read the private fields of every row.
    pub private: bool,
    /// Whether a filter by time accepts `none`.
    pub takes_none: bool,
}

/// The filter parameters of the lists of a resource, with every operator, and its sort keys.
pub fn parameters<N: Resource>() -> (Vec<Parameter>, Vec<&'static str>) {
    let mut filters: Vec<Parameter> = Vec::new();
    let all = N::filters().iter().map(|filter| (filter, false));
    for (filter, private) in all.chain(N::private_filters().iter().map(|it| (it, true))) {
        let Filter { name, form, .. } = filter;
        if filters.iter().any(|known| known.name == *name) {
            continue;
        }
        let takes_none = filter.takes_none();
        filters.push(Parameter { name: (*name).to_owned(), form: *form, private, takes_none });
        if form.is_ordered() {
            let operators = ["lt", "lte", "gt", "gte"];
            filters.extend(operators.map(|op| Parameter {
                name: format!("{name}[{op}]"),
                form: *form,
                private,
                takes_none: false,
            }));
        }
    }
    (filters, N::sorts().iter().map(|sort| sort.name).collect())
}

/// All columns of a row, for resources whose lists have whole rows.
pub(crate) fn whole<N: Owned>() -> Vec<ColumnOf<N>> {
    ColumnOf::<N>::iter().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::work::task::Task;

    proptest! {
        /// A sort has known keys, each once, with the id at the end.
        #[test]
        fn a_sort_is_of_known_keys(text in "(-?(created_at|due_at|priority|title|rank|x|),?){0,5}|.*") {
            if let Ok(sort) = read_sort::<Task>(Some(&text)) {
                let mut names: Vec<_> = sort.iter().map(|(key, _)| key.name).collect();
                prop_assert!(names.len() <= KEYS + 1);
                prop_assert!(text.split(',').zip(&names).all(|(asked, name)| asked.trim_start_matches('-') == *name));
                prop_assert!(names.contains(&"created_at"));
                names.sort_unstable();
                names.dedup();
                prop_assert_eq!(names.len(), sort.len());
            }
        }

        /// Only known fields are returned.
        #[test]
        fn fields_are_known(text in "((id|title|tenant_id|search_text| ),?){0,5}|.*") {
            for field in read_fields::<Task>(&text).into_iter().flatten() {
                prop_assert!(fields::<Task>().contains(&field.as_str()));
                prop_assert!(field != "tenant_id");
            }
        }

        /// A number is within its bounds.
        #[test]
        fn a_number_is_in_its_bounds(text in "[-+]?[0-9]{0,25}|.*", most: u64) {
            if let Ok(number) = number("it", &text, most) {
                prop_assert!((1..=most).contains(&number));
            }
        }
    }
}
