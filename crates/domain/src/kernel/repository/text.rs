//! The search terms of rows, and how each database finds them.
//!
//! Invariant: the terms of a row are written in the transaction that writes its text. They are
//! internal rows: no response shows them, and the audit has the text.

use sea_orm::{
    DbBackend, Select,
    entity::prelude::*,
    sea_query::{ExprTrait, Query, SelectStatement},
};
use taskhub_migration::text::FOLDING;

use super::{
    resource::{EntityOf, Resource, entity},
    scope::Scope,
    tokenizer::{Wanted, terms},
    tx::Tx,
};
use crate::Result;

/// The searchable text of a row.
#[derive(Clone, Copy, Debug)]
pub struct Searched<'a> {
    /// The title; empty for a resource without one.
    pub(crate) title: &'a str,
    /// The text below the title.
    pub(crate) body: Option<&'a str>,
    /// Further texts.
    pub(crate) more: [Option<&'a str>; 2],
    /// The project that the row is in.
    pub(crate) project_id: Option<Uuid>,
    /// The task that the row is in.
    pub(crate) task_id: Option<Uuid>,
}

impl<'a> Searched<'a> {
    /// All texts, for [`terms`].
    pub(crate) fn texts(self) -> [&'a str; 4] {
        let [one, other] = self.more;
        [Some(self.title), self.body, one, other].map(Option::unwrap_or_default)
    }
}

entity! {
    /// The terms of a row. It has the id of that row.
    struct SearchText in "search_text", unversioned {
        pub terms: String,
        /// The version of the folding that made the terms: see [`FOLDING`].
        pub folding: i16,
    }
}

impl Scope {
    /// A query for the ids of the tenant's rows that match, of all searchable resources.
    pub(crate) fn matching(&self, wanted: &Wanted) -> SelectStatement {
        let tenant = self.ctx.tenant();
        let (whole, last) = wanted.terms(tenant);
        let join = |before: &str, between: &str, after: &str| {
            let all = whole.iter().cloned().chain([format!("{last}{after}")]);
            all.map(|term| format!("{before}{term}")).collect::<Vec<_>>().join(between)
        };
        let own = Expr::col(entity::Column::TenantId).eq(tenant);
        let (own, holds) = match self.conn.backend() {
            DbBackend::Postgres => {
                let holds = "array_to_tsvector(string_to_array(terms, ' ')) @@ CAST($1 AS tsquery)";
                (own, Expr::cust_with_values(holds, [join("", " & ", ":*")]))
            }
            DbBackend::MySql => {
                let holds = "MATCH (terms) AGAINST (? IN BOOLEAN MODE)";
                (own, Expr::cust_with_values(holds, [join("+", " ", "*")]))
            }
            // The plus prevents SQLite from using the index on the tenant: it begins with the few
            // rows that match.
            _ => {
                let holds = "place IN (SELECT rowid FROM search_text_fts WHERE search_text_fts MATCH ?)";
                let own = Expr::cust_with_values("+tenant_id = ?", [tenant]);
                (own, Expr::cust_with_values(holds, [join("", " AND ", "*")]))
            }
        };
        Query::select().column(entity::Column::Id).from(entity::Entity).and_where(own).and_where(holds).take()
    }
}

/// The rows of a resource, of all tenants, whose terms are missing or were made by an older
/// folding.
pub(crate) fn unindexed<N: Resource>() -> Select<EntityOf<N>> {
    let row = EntityOf::<N>::default;
    let terms = Query::select()
        .expr(Expr::val(1))
        .from(entity::Entity)
        .and_where(Expr::col((entity::Entity, entity::Column::TenantId)).equals((row(), N::tenant_column())))
        .and_where(Expr::col((entity::Entity, entity::Column::Id)).equals((row(), N::id_column())))
        .and_where(Expr::col((entity::Entity, entity::Column::Folding)).eq(FOLDING))
        .take();
    EntityOf::<N>::find().filter(Expr::exists(terms).not())
}

impl Tx {
    /// Updates the terms of a searchable row after a write of it.
    pub(super) async fn index<N: Resource>(&self, old: Option<&N>, new: Option<&N>) -> Result<()> {
        let was = old.and_then(|row| Some((row.id(), row.searched()?.texts())));
        let is = new.and_then(|row| Some((row.id(), row.searched()?.texts())));
        if was == is {
            return Ok(());
        }
        if let Some((id, _)) = was {
            self.delete_internal::<SearchText>(id).await?;
        }
        if let Some((id, texts)) = is {
            let tenant_id = self.ctx().tenant();
            let row = SearchText { tenant_id, id, terms: terms(tenant_id, texts), folding: FOLDING };
            self.pending().rows.push(&row);
        }
        Ok(())
    }

    /// Writes the terms of a row, unless they are up to date.
    pub(crate) async fn index_again<N: Resource>(&self, id: Uuid) -> Result<()> {
        // The lock makes concurrent changes of the row wait.
        let Some(row) = self.find::<N>(id, true).await? else { return Ok(()) };
        match self.find_internal::<SearchText>(id).await? {
            Some(kept) if kept.folding == FOLDING => return Ok(()),
            Some(_) => self.delete_internal::<SearchText>(id).await?,
            None => {}
        }
        self.index(None, Some(&row)).await
    }
}
