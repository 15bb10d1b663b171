//! Lists: filters, sorting and both ways of paging, the same for every resource.
//!
//! Invariant: only the filters and sort keys in the tables of a resource exist, and the condition
//! of the caller is inside the condition of the scope. The parameters in the OpenAPI document come
//! from the same tables. This module does not know any single resource.

pub(crate) mod cursor;
mod form;
pub(crate) mod query;
mod search;

use sea_orm::{Condition, QueryOrder, QuerySelect, QueryTrait, sea_query::Order};
use uuid::Uuid;

pub use self::cursor::CURSOR;
use self::query::Paging;
pub(crate) use self::query::whole;
pub use self::search::LONGEST as LONGEST_SEARCH;
pub use self::{
    form::Form,
    query::{Filter, Key, PAGE_SIZE, Parameter, Query, Sort, fields, parameters},
};
use crate::{
    Error, Repository, Result, Scope,
    kernel::repository::resource::{ColumnOf, Resource},
};

/// One page of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// The number of rows of the list; only for numbered pages.
    pub count: Option<u64>,
    /// The rows of this page.
    pub results: Vec<T>,
    /// The parameter for the next page.
    pub next: Option<Link>,
    /// The parameter for the previous page.
    pub previous: Option<Link>,
    /// The fields that the caller requested.
    pub fields: Option<Vec<String>>,
}

/// The part of the rows of a resource that a list covers.
#[derive(Clone, Debug)]
pub struct Within {
    /// The parent of the rows; the nil id for all rows.
    place: Uuid,
    condition: Condition,
    /// Whether it covers the rows in the trash instead of the others.
    removed: bool,
}

impl Within {
    /// All rows.
    pub(crate) fn all() -> Self {
        Self { place: Uuid::nil(), condition: Condition::all(), removed: false }
    }

    /// The rows in a parent.
    pub(crate) fn of(place: Uuid, condition: Condition) -> Self {
        Self { place, condition, removed: false }
    }

    /// The rows in the trash.
    pub(crate) fn removed() -> Self {
        // A different list from that of all rows: their cursors are not interchangeable.
        Self { place: Uuid::max(), removed: true, ..Self::all() }
    }
}

/// The link to another page: the value of `page` or of `cursor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// A numbered page.
    Page(u64),
    /// A position in the list.
    Cursor(String),
}

/// The requested page of the list of a resource.
///
/// # Errors
/// `InvalidParameter` for unknown filters and sort keys; `Forbidden` for the collection as a whole.
pub(crate) async fn page<N: Resource>(
    repository: &Repository,
    scope: &Scope,
    query: &Query,
    within: Within,
) -> Result<Page<N::Item>>
where
    ColumnOf<N>: sea_orm::ColumnTrait,
{
    let request = query.read::<N>(scope)?;
    let condition = within.condition.add(request.condition.clone());
    let rows = if within.removed {
        scope.visible_removed::<N>(condition)?
    } else {
        scope.visible::<N>(condition)?
    };
    let select = |ascending: bool| {
        let mut select = rows.clone().select_only().columns(N::item_columns());
        for (sort, downwards) in &request.sort {
            let order = if *downwards == ascending { Order::Desc } else { Order::Asc };
            select = select.order_by(sort.expr::<N>(), order);
        }
        select
    };
    match &request.paging {
        Paging::Numbered { page, size } => {
            let offset = (page - 1) * size;
            let count = u64::try_from(scope.count::<N>(rows.clone()).await?).unwrap_or_default();
            let select = select(true).limit(*size).offset(offset).into_query();
            let mut results = if offset < count { scope.all(&select).await? } else { Vec::new() };
            scope.mark_removed(&mut results).await?;
            Ok(Page {
                count: Some(count),
                next: (offset + size < count && *page < query::LAST_PAGE).then_some(Link::Page(page + 1)),
                previous: (*page > 1).then(|| Link::Page((page - 1).min(count.div_ceil(*size).max(1)))),
                results,
                fields: request.fields,
            })
        }
        Paging::Cursor { text, size } => {
            let seal = cursor::Seal::new(
                repository.secret(),
                scope.ctx().tenant(),
                N::TYPE,
                within.place,
                &request.canonical,
            );
            let position = if text.is_empty() { None } else { Some(seal.open(text, &request.sort)?) };
            let backwards = position.as_ref().is_some_and(|position| position.backwards);
            let mut select = select(!backwards);
            if let Some(position) = &position {
                select = sea_orm::QueryFilter::filter(select, position.condition::<N>(&request.sort));
            }
            let mut results: Vec<N::Item> = scope.all(&select.limit(size + 1).into_query()).await?;
            let more = results.len() as u64 > *size;
            results.truncate(usize::try_from(*size).unwrap_or_default());
            if backwards {
                results.reverse();
            }
            scope.mark_removed(&mut results).await?;
            let link = |row: Option<&N::Item>, backwards| {
                row.map(|row| seal.close(row, &request.sort, backwards).map(Link::Cursor)).transpose()
            };
            let (after, before) = if backwards { (true, more) } else { (more, position.is_some()) };
            Ok(Page {
                count: None,
                next: if after { link(results.last(), false)? } else { None },
                previous: if before { link(results.first(), true)? } else { None },
                results,
                fields: request.fields,
            })
        }
    }
}

/// The error for a cursor that is forged or belongs to another list.
fn bad_cursor() -> Error {
    Error::parameter("cursor", "The cursor does not belong to this list. Start again with an empty cursor.")
}
