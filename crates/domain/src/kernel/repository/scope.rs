//! The scope: the rows of one tenant, and the only way to query them.
//!
//! Invariant: every statement that leaves here names the tenant of the context. The condition of
//! the caller is nested in an AND, so an OR in it can't widen the result. [`Scope::resolve`] alone
//! decides between 403 and 404.
//!
//! This module must not know any resource or any role: the policy decides what the caller may read.

use std::sync::Arc;

use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, Func, SelectStatement},
};
use uuid::Uuid;

use super::{
    conn::Conn,
    dependents::Dependents,
    evidence::{Act, Evidence},
    failure,
    resource::{EntityOf, Owned, Resource, Stored},
    row::Positioned,
    sql::{Lock, Statements},
};
use crate::{
    Context, Error, Result,
    kernel::{
        error::Kind,
        policy::{self, Visibility},
    },
};

/// The rows of one tenant, as one caller sees them.
#[derive(Clone)]
pub struct Scope {
    pub(super) ctx: Context,
    pub(super) conn: Conn,
    pub(super) statements: Arc<Statements>,
    pub(super) secrets: Arc<super::Secrets>,
    pub(super) dependents: &'static Dependents,
}

impl Scope {
    /// The context of the caller.
    pub fn ctx(&self) -> &Context {
        &self.ctx
    }

    /// The same rows as another caller of the tenant sees them, in the same transaction. It does
    /// not depend on the rights of the present caller.
    pub(crate) fn seen_in(&self, ctx: Context) -> Self {
        Self { ctx, ..self.clone() }
    }

    /// Finds a row and authorises the caller: the result proves the right `A` to the row. The row
    /// is locked if the right is one to write.
    ///
    /// # Errors
    /// - `NotFound` when the row is absent, deleted, another tenant's or invisible to the caller.
    /// - `Forbidden` when the caller sees the row but may not act on it.
    /// - `InsufficientScope` when the credential lacks the scope for the action. It does not depend
    ///   on the row.
    pub async fn resolve<N: Resource, A: Act>(&self, id: Uuid, act: A) -> Result<Evidence<N, A>> {
        let row = self.find::<N>(id, A::WRITES).await?.filter(|row| !row.is_removed());
        self.authorized(row, act).await
    }

    async fn authorized<N: Resource, A: Act>(&self, row: Option<N>, act: A) -> Result<Evidence<N, A>> {
        let Some(row) = row else {
            // A missing scope comes first for rows that exist, so it does here: the error does not
            // reveal whether the row exists.
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

    /// As [`Self::resolve`], for a deleted row: to restore it or to purge it.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub(crate) async fn resolve_removed<N: Resource, A: Act>(
        &self,
        id: Uuid,
        act: A,
    ) -> Result<Evidence<N, A>> {
        let row = self.find::<N>(id, A::WRITES).await?.filter(Stored::is_removed);
        self.authorized(row, act).await
    }

    /// As [`Self::resolve`], for a row that must change because of another row. The scope for the
    /// other row is enough.
    ///
    /// # Errors
    /// `NotFound` and `Forbidden`, as [`Self::resolve`].
    pub(crate) async fn follow<N: Resource, A: Act>(&self, id: Uuid, act: A) -> Result<Evidence<N, A>> {
        let row = self.find::<N>(id, A::WRITES).await?.ok_or(Kind::NotFound)?;
        let relations = row.relations(self, A::ACTION).await?;
        policy::authorize_row(&self.ctx, N::TYPE, A::ACTION, relations)?;
        Ok(Evidence::new(row, act))
    }

    /// Authorises the creation of a row by the relations of the caller to it.
    ///
    /// # Errors
    /// `InsufficientScope` and `Forbidden`.
    pub(crate) async fn authorize_create<N: Resource>(&self, row: &N) -> Result<()> {
        let relations = row.relations(self, policy::Action::Create).await?;
        policy::authorize(&self.ctx, N::TYPE, policy::Action::Create, relations)
    }

    /// Authorises again an action that was authorised before. It uses the caller's present scopes
    /// and role, and the row as it is now. The replay of a stored response needs it.
    ///
    /// # Errors
    /// `InsufficientScope`, `Forbidden`, and `NotFound` for a row that is gone or invisible.
    pub(crate) async fn authorize_recorded(&self, before: policy::Authorization) -> Result<()> {
        (self.dependents.authorize_again)(self, before).await
    }

    /// Authorises an action on a row again, whether or not the row was deleted and whatever the
    /// scopes of the credential.
    ///
    /// # Errors
    /// `NotFound` and `Forbidden`.
    pub(crate) async fn authorize_again<N: Resource>(&self, id: Uuid, action: policy::Action) -> Result<()> {
        let row = self.find::<N>(id, false).await?.ok_or(Kind::NotFound)?;
        policy::authorize_row(&self.ctx, N::TYPE, action, row.relations(self, action).await?)
    }

    /// Finds the row that a field of a body refers to, if the caller may read it. `None` refers to
    /// no row.
    ///
    /// # Errors
    /// `Invalid` at the field, with the same message for an absent and an invisible row.
    pub(crate) async fn refer<N: Resource>(&self, id: Option<Uuid>, field: &str) -> Result<Option<N>> {
        let Some(id) = id else { return Ok(None) };
        let absent = |error: Error| match error.kind() {
            Kind::NotFound => Error::reference(field),
            _ => error,
        };
        // The scope for the referring row is enough: the caller learns only that the other row
        // exists.
        let row = self.find::<N>(id, false).await?.filter(|row| !row.is_removed());
        let Some(row) = row else { return Err(Error::reference(field)) };
        let relations = row.relations(self, policy::Action::Read).await?;
        policy::authorize_row(&self.ctx, N::TYPE, policy::Action::Read, relations).map_err(absent)?;
        Ok(Some(row))
    }

    /// Finds the row with this id in the tenant, without authorisation. `locks` locks it until the
    /// transaction ends.
    pub(crate) async fn find<N: Owned>(&self, id: Uuid, locks: bool) -> Result<Option<N>> {
        self.find_and(id, locks.then_some(Lock::Own)).await
    }

    /// As [`Self::find`], and keeps the row unchanged until the transaction ends. Any number of
    /// transactions can do so at once.
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

    /// A query for the rows of the tenant, without authorisation.
    pub(crate) fn owned<N: Owned>(&self) -> sea_orm::Select<EntityOf<N>> {
        EntityOf::<N>::find().filter(N::tenant_column().eq(self.ctx.tenant()))
    }

    /// A query for the rows that meet the condition and that the caller may read. Deleted rows are
    /// left out.
    ///
    /// # Errors
    /// `InsufficientScope` or `Forbidden` when the caller may read no row of the resource.
    pub(crate) fn visible<N: Resource>(&self, condition: Condition) -> Result<sea_orm::Select<EntityOf<N>>> {
        policy::permit(&self.ctx, N::TYPE, policy::Action::Read)?;
        let there = Condition::all().add_option(N::not_removed());
        Ok(self.owned::<N>().filter(condition).filter(there).filter(readable::<N>(&self.ctx)))
    }

    /// As [`Self::visible`], for deleted rows that can be restored.
    ///
    /// # Errors
    /// As [`Self::visible`], and `NotFound` for a resource whose rows can't be restored.
    pub(crate) fn visible_removed<N: Resource>(
        &self,
        condition: Condition,
    ) -> Result<sea_orm::Select<EntityOf<N>>> {
        policy::permit(&self.ctx, N::TYPE, policy::Action::Read)?;
        let removed = N::not_removed().ok_or(Kind::NotFound)?.not();
        Ok(self.owned::<N>().filter(condition).filter(removed).filter(readable::<N>(&self.ctx)))
    }

    /// The number of rows of a query.
    pub(crate) async fn count<N: Resource>(&self, rows: sea_orm::Select<EntityOf<N>>) -> Result<i64> {
        let count = Func::count(Expr::col((EntityOf::<N>::default(), N::id_column())));
        let select = rows.select_only().column_as(Expr::from(count), "rows").into_query();
        let row = self.rows(&select).await?.into_iter().next();
        let count = row.map(|row| row.try_get_by_index(0)).transpose().map_err(failure::from_db)?;
        Ok(count.unwrap_or_default())
    }

    /// A sum as a 64-bit integer, to be read by position.
    pub(crate) fn sum(&self, expr: Expr) -> Expr {
        self.conn.sum(expr)
    }

    /// The rows of a query that began with [`Self::owned`] or [`Self::visible`].
    pub(crate) async fn all<T: Positioned>(&self, select: &SelectStatement) -> Result<Vec<T>> {
        self.conn.all(select).await.map_err(failure::from_db)
    }

    /// The rows of such a query, to be read by position.
    pub(crate) async fn rows(&self, select: &SelectStatement) -> Result<Vec<sea_orm::QueryResult>> {
        self.conn.rows(select).await.map_err(failure::from_db)
    }
}

/// The rows of a resource that the caller may read: the policy table as a condition.
pub(crate) fn readable<N: Resource>(ctx: &Context) -> Condition {
    match policy::visibility(N::TYPE, ctx.role()) {
        Visibility::All => Condition::all(),
        Visibility::Any(relations) => {
            // This condition is never true. It keeps the result empty when no relation can hold.
            let never = Condition::any().add(Expr::val(1).eq(0));
            // The outer AND keeps what callers add from widening the OR.
            Condition::all().add(
                relations
                    .into_iter()
                    .filter_map(|relation| N::related(relation, ctx))
                    .fold(never, Condition::add),
            )
        }
    }
}

/// A query for the ids of the rows that the caller may read, for conditions on the rows in them.
pub(crate) fn readable_ids<N: Resource>(ctx: &Context) -> SelectStatement {
    let own = N::tenant_column().eq(ctx.tenant());
    let rows = EntityOf::<N>::find().select_only().column(N::id_column());
    let there = Condition::all().add_option(N::not_removed());
    rows.filter(own).filter(there).filter(readable::<N>(ctx)).into_query()
}

/// Whether a column has the id of a row that the caller may read. The database looks this row up for
/// each candidate. Use it where other conditions leave few candidates: [`readable_ids`] would select
/// all readable rows of the tenant first.
pub(crate) fn lies_in_readable<N: Resource>(ctx: &Context, column: impl ColumnTrait) -> Expr {
    exists::<N>(ctx, column, Condition::all().add_option(N::not_removed()))
}

/// As [`lies_in_readable`], but the row may also be in the trash.
pub(crate) fn names_readable<N: Resource>(ctx: &Context, column: impl ColumnTrait) -> Expr {
    exists::<N>(ctx, column, Condition::all())
}

fn exists<N: Resource>(ctx: &Context, column: impl ColumnTrait, condition: Condition) -> Expr {
    let same = Expr::col((EntityOf::<N>::default(), N::id_column())).equals(column.as_column_ref());
    let row =
        EntityOf::<N>::find().select_only().expr(Expr::val(1)).filter(N::tenant_column().eq(ctx.tenant()));
    Expr::exists(row.filter(same).filter(condition).filter(readable::<N>(ctx)).into_query())
}

/// The value at a position of a row, from 0.
pub(crate) fn field<T: sea_orm::TryGetable>(row: &sea_orm::QueryResult, position: usize) -> Result<T> {
    row.try_get_by_index(position).map_err(failure::from_db)
}
