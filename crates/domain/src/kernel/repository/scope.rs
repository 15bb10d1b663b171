//! The scope: a tenant's rows, and the only way to a query on them.
//!
//! Invariant: every statement that leaves here names the context's tenant, and wraps the caller's own condition in it, so
//! that no OR escapes. `resolve` alone decides between 403 and 404.

use std::sync::Arc;

use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, Func, SelectStatement},
};
use uuid::Uuid;

use super::{
    conn::Conn,
    dependents::Dependents,
    evidence::{Act, Evidence, Read},
    failure,
    resource::{EntityOf, Owned, Resource},
    row::Positioned,
    sql::{Lock, Statements},
};
use crate::{
    Context, Error, Result,
    kernel::{
        crud::Child,
        error::Kind,
        policy::{self, Visibility},
    },
};

/// The rows of one tenant, as one caller may see them.
#[derive(Clone)]
pub struct Scope {
    pub(super) ctx: Context,
    pub(super) conn: Conn,
    pub(super) statements: Arc<Statements>,
    pub(super) secrets: Arc<super::Secrets>,
    pub(super) dependents: &'static Dependents,
}

impl Scope {
    /// The caller.
    pub fn ctx(&self) -> &Context {
        &self.ctx
    }

    /// The same rows as another caller of the tenant sees them, whatever this one does.
    pub(crate) fn seen_in(&self, ctx: Context) -> Self {
        Self { ctx, ..self.clone() }
    }

    /// The row with this id, if the caller may act on it so.
    ///
    /// # Errors
    /// `NotFound` for what is absent, another tenant's, or invisible to the caller; `Forbidden` for what they see.
    pub async fn resolve<N: Resource, A: Act>(&self, id: Uuid, act: A) -> Result<Evidence<N, A>> {
        let row = self.find::<N>(id, A::WRITES).await?.filter(|row| !row.is_removed());
        self.judged(row, act).await
    }

    async fn judged<N: Resource, A: Act>(&self, row: Option<N>, act: A) -> Result<Evidence<N, A>> {
        let Some(row) = row else {
            // Scopes are judged first for rows that exist, and so they are here.
            policy::permit(&self.ctx, N::TYPE, A::ACTION).or_else(|error| match error.kind() {
                Kind::InsufficientScope => Err(error),
                _ => Ok(()),
            })?;
            return Err(Kind::NotFound.into());
        };
        let relations = row.relations(self, A::ACTION).await?;
        policy::authorize(&self.ctx, N::TYPE, A::ACTION, relations)?;
        if let Some(record) = self.ctx.record() {
            record.authorized_on(N::TYPE, A::ACTION, row.id());
        }
        Ok(Evidence::new(row, act))
    }

    /// The row with the second id, if it lies in the row with the first, and the caller sees that one and may act so on this one.
    ///
    /// # Errors
    /// As [`Self::resolve`]; `NotFound` also for a row that lies elsewhere, whatever the caller may do with it there.
    pub(crate) async fn resolve_within<N: Child, A: Act>(
        &self,
        (parent, id): (Uuid, Uuid),
        act: A,
    ) -> Result<Evidence<N, A>> {
        let parent = self.resolve::<N::Parent, _>(parent, Read).await?;
        let elsewhere = |row: &N| row.parent() != parent.row().id();
        if self.find::<N>(id, false).await?.is_some_and(|row| elsewhere(&row)) {
            return Err(Kind::NotFound.into());
        }
        if let Some(shown) = N::shown(self, parent.row()).await? {
            let found = self.owned::<N>().filter(N::id_column().eq(id)).filter(shown);
            if self.count::<N>(found).await? == 0 {
                return Err(Kind::NotFound.into());
            }
        }
        self.resolve(id, act).await
    }

    /// A row that was removed, if the caller may act on it so: for restoring it, and for removing it for good.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub(crate) async fn resolve_removed<N: Resource, A: Act>(
        &self,
        id: Uuid,
        act: A,
    ) -> Result<Evidence<N, A>> {
        let row = self.find::<N>(id, A::WRITES).await?.filter(Resource::is_removed);
        self.judged(row, act).await
    }

    /// As [`Self::resolve`], for a row that must change because another does: a scope for the other is enough.
    ///
    /// # Errors
    /// `NotFound` and `Forbidden`.
    pub(crate) async fn follow<N: Resource, A: Act>(&self, id: Uuid, act: A) -> Result<Evidence<N, A>> {
        let row = self.find::<N>(id, A::WRITES).await?.ok_or(Kind::NotFound)?;
        let relations = row.relations(self, A::ACTION).await?;
        policy::authorize_row(&self.ctx, N::TYPE, A::ACTION, relations)?;
        Ok(Evidence::new(row, act))
    }

    /// Authorizes again what was authorized before, by the caller's present scopes and role and by
    /// the row as it is now.
    ///
    /// # Errors
    /// `InsufficientScope`, `Forbidden`, and `NotFound` for a row that is gone or invisible.
    pub(crate) async fn authorize_recorded(&self, before: policy::Authorization) -> Result<()> {
        (self.dependents.authorize_again)(self, before).await
    }

    /// Authorizes an action on a row again, present or removed, whatever the credential's scopes.
    ///
    /// # Errors
    /// `NotFound` and `Forbidden`.
    pub(crate) async fn authorize_again<N: Resource>(&self, id: Uuid, action: policy::Action) -> Result<()> {
        let row = self.find::<N>(id, false).await?.ok_or(Kind::NotFound)?;
        policy::authorize_row(&self.ctx, N::TYPE, action, row.relations(self, action).await?)
    }

    /// The row that a body refers to, if the caller may read it.
    ///
    /// # Errors
    /// `Invalid` at the field, alike for what is absent and what is invisible.
    pub(crate) async fn refer<N: Resource>(&self, id: Option<Uuid>, field: &str) -> Result<Option<N>> {
        let Some(id) = id else { return Ok(None) };
        let absent = |error: Error| match error.kind() {
            Kind::NotFound => Error::reference(field),
            _ => error,
        };
        // A scope for the row that refers is enough to refer: what is read of the other is only that it is there.
        let row = self.find::<N>(id, false).await?.filter(|row| !row.is_removed());
        let Some(row) = row else { return Err(Error::reference(field)) };
        let relations = row.relations(self, policy::Action::Read).await?;
        policy::authorize_row(&self.ctx, N::TYPE, policy::Action::Read, relations).map_err(absent)?;
        Ok(Some(row))
    }

    /// The row with this id in the tenant, unjudged.
    pub(crate) async fn find<N: Owned>(&self, id: Uuid, locks: bool) -> Result<Option<N>> {
        self.find_and(id, locks.then_some(Lock::Own)).await
    }

    /// The same, as it stays until the transaction ends.
    pub(crate) async fn hold<N: Owned>(&self, id: Uuid) -> Result<Option<N>> {
        self.find_and(id, Some(Lock::Shared)).await
    }

    async fn find_and<N: Owned>(&self, id: Uuid, lock: Option<Lock>) -> Result<Option<N>> {
        let sql = self.statements.find::<N>(lock, || {
            let mut select = self.owned::<N>().filter(N::id_column().eq(Uuid::nil())).into_query();
            match lock {
                Some(Lock::Own) => self.conn.lock(&mut select),
                Some(Lock::Shared) => Conn::hold(&mut select),
                None => {}
            }
            self.conn.build(&select)
        });
        let values = vec![self.ctx.tenant().into(), id.into()];
        self.conn.one(&sql, values).await.map_err(failure::from_db)
    }

    /// The tenant's rows, unjudged.
    pub(crate) fn owned<N: Owned>(&self) -> sea_orm::Select<EntityOf<N>> {
        EntityOf::<N>::find().filter(N::tenant_column().eq(self.ctx.tenant()))
    }

    /// The tenant's rows that the caller may read and that meet the condition.
    ///
    /// # Errors
    /// `InsufficientScope` or `Forbidden`, for the collection as a whole.
    pub(crate) fn visible<N: Resource>(&self, condition: Condition) -> Result<sea_orm::Select<EntityOf<N>>> {
        policy::permit(&self.ctx, N::TYPE, policy::Action::Read)?;
        let there = Condition::all().add_option(N::not_removed());
        Ok(self.owned::<N>().filter(condition).filter(there).filter(readable::<N>(&self.ctx)))
    }

    /// As [`Self::visible`], of the rows that were removed and can be restored.
    ///
    /// # Errors
    /// As [`Self::visible`].
    pub(crate) fn visible_removed<N: Resource>(
        &self,
        condition: Condition,
    ) -> Result<sea_orm::Select<EntityOf<N>>> {
        policy::permit(&self.ctx, N::TYPE, policy::Action::Read)?;
        let removed = N::not_removed().ok_or(Kind::NotFound)?.not();
        Ok(self.owned::<N>().filter(condition).filter(removed).filter(readable::<N>(&self.ctx)))
    }

    /// How many rows a query has.
    pub(crate) async fn count<N: Resource>(&self, rows: sea_orm::Select<EntityOf<N>>) -> Result<i64> {
        let count = Func::count(Expr::col((EntityOf::<N>::default(), N::id_column())));
        let select = rows.select_only().column_as(Expr::from(count), "rows").into_query();
        let row = self.rows(&select).await?.into_iter().next();
        let count = row.map(|row| row.try_get_by_index(0)).transpose().map_err(failure::from_db)?;
        Ok(count.unwrap_or_default())
    }

    /// A sum as a whole number, to be read by position.
    pub(crate) fn sum(&self, expr: Expr) -> Expr {
        self.conn.sum(expr)
    }

    /// The rows of a query that [`Self::owned`] or [`Self::visible`] began.
    pub(crate) async fn all<T: Positioned>(&self, select: &SelectStatement) -> Result<Vec<T>> {
        self.conn.all(select).await.map_err(failure::from_db)
    }

    /// The rows of such a query, to be read by position.
    pub(crate) async fn rows(&self, select: &SelectStatement) -> Result<Vec<sea_orm::QueryResult>> {
        self.conn.rows(select).await.map_err(failure::from_db)
    }
}

/// Which rows of a noun the caller may read: the policy's table as a condition.
pub(crate) fn readable<N: Resource>(ctx: &Context) -> Condition {
    match policy::visibility(N::TYPE, ctx.role()) {
        Visibility::All => Condition::all(),
        Visibility::Any(relations) => {
            // The arm that is never true keeps the condition closed when no fact can hold.
            let never = Condition::any().add(Expr::val(1).eq(0));
            // Closed in an AND, whatever is added to it.
            Condition::all().add(
                relations
                    .into_iter()
                    .filter_map(|relation| N::related(relation, ctx))
                    .fold(never, Condition::add),
            )
        }
    }
}

/// The ids of the rows that the caller may read, for what lies in them.
pub(crate) fn readable_ids<N: Resource>(ctx: &Context) -> SelectStatement {
    let own = N::tenant_column().eq(ctx.tenant());
    let rows = EntityOf::<N>::find().select_only().column(N::id_column());
    let there = Condition::all().add_option(N::not_removed());
    rows.filter(own).filter(there).filter(readable::<N>(ctx)).into_query()
}

/// Whether a column has the id of a row that the caller may read, which may have been removed and
/// can be restored. It is asked row by row, and so is for lists of few rows.
pub(crate) fn names_readable<N: Resource>(ctx: &Context, column: impl ColumnTrait) -> Expr {
    let same = Expr::col((EntityOf::<N>::default(), N::id_column())).equals(column.as_column_ref());
    let row =
        EntityOf::<N>::find().select_only().expr(Expr::val(1)).filter(N::tenant_column().eq(ctx.tenant()));
    Expr::exists(row.filter(same).filter(readable::<N>(ctx)).into_query())
}

/// One row of values, read by position.
pub(crate) fn field<T: sea_orm::TryGetable>(row: &sea_orm::QueryResult, position: usize) -> Result<T> {
    row.try_get_by_index(position).map_err(failure::from_db)
}
