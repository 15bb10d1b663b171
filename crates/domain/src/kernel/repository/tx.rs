//! The recorded write: the one way to create, update and delete rows.
//!
//! Invariant: a row is written only together with its audit row (the old and new values of what
//! changed) and its event, in one transaction. The caller was authorised for that row, and the row
//! still has the version that was authorised. A resource can't leave any of this out.
//!
//! This module must not know any resource. A resource adds to its writes through
//! [`Stored::follow_up`](super::resource::Stored::follow_up) and [`super::dependents`].

use std::{
    ops::Deref,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use sea_orm::{
    ColumnTrait, EntityName, EntityTrait, IdenStatic, Iterable, Select, Value,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};
use serde_json::{Map, Value as Json};
use taskhub_auth::Cipher;
use uuid::Uuid;

use super::{
    batch,
    dependents::Written,
    evidence::{Changes, Delete, Evidence, Precondition},
    failure,
    group::Group,
    pending::Pending,
    resource::{ColumnOf, Container, EntityOf, Owned, Resource},
    row::Positioned,
    scope::{Scope, field},
};
use crate::{
    Error, Result, Timestamp,
    kernel::{
        change::ChangeType,
        context::Actor,
        error::Kind,
        policy::{self, Action},
    },
};

/// A transaction of one caller. [`crate::Repository::write`] begins it, and commits it when the
/// operation succeeds.
pub struct Tx {
    scope: Scope,
    /// The timestamp of everything that the transaction writes.
    at: Timestamp,
    /// The other transactions of the same commit, on SQLite.
    pub(super) group: Option<Arc<Group>>,
    pub(super) savepoint: AtomicBool,
    pub(super) pending: Mutex<Pending>,
    /// The number of rows that were changed or removed because of another row.
    along: AtomicUsize,
}

/// The maximum of such rows for one request. It bounds the work that a single small request can
/// cause.
const MOST_CASCADED: usize = 1000;

impl Deref for Tx {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        &self.scope
    }
}

/// The first values of a new row: its tenant, its id and the timestamp of the transaction.
#[derive(Clone, Copy, Debug)]
pub struct Birth {
    pub(crate) tenant: Uuid,
    pub(crate) id: Uuid,
    pub(crate) at: Timestamp,
}

impl Tx {
    pub(super) fn new(scope: Scope, group: Option<Arc<Group>>) -> Self {
        let at = scope.ctx.now();
        Self {
            scope,
            at,
            group,
            savepoint: AtomicBool::new(false),
            pending: Mutex::default(),
            along: AtomicUsize::new(0),
        }
    }

    /// The first values of a new row. The id is a new UUIDv7 (RFC 9562).
    pub(crate) fn birth(&self) -> Birth {
        Birth { tenant: self.ctx.tenant(), id: self.at.new_id(self.ctx.tenant()), at: self.at }
    }

    /// The timestamp of everything that the transaction writes.
    pub(crate) fn now(&self) -> Timestamp {
        self.at
    }

    /// The secret of the installation.
    pub(crate) fn secret(&self) -> &[u8] {
        &self.scope.secrets.installation
    }

    /// The cipher for secrets that the server must read again.
    pub(crate) fn cipher(&self) -> &Cipher {
        &self.scope.secrets.cipher
    }

    /// As [`Scope::resolve`]. Batched rows are written first if the row can be one of them.
    ///
    /// # Errors
    /// As [`Scope::resolve`].
    pub async fn resolve<N: Resource, A: super::evidence::Act>(
        &self,
        id: Uuid,
        act: A,
    ) -> Result<Evidence<N, A>> {
        if N::BATCHED {
            self.flush().await?;
        }
        self.scope.resolve(id, act).await
    }

    /// As [`Scope::refer`]. Batched rows are written first if the row can be one of them.
    pub(crate) async fn refer<N: Resource>(&self, id: Option<Uuid>, field: &str) -> Result<Option<N>> {
        if N::BATCHED && id.is_some() {
            self.flush().await?;
        }
        self.scope.refer(id, field).await
    }

    /// As [`Scope::count`], after all batched rows were written.
    pub(crate) async fn count<N: Resource>(&self, rows: Select<EntityOf<N>>) -> Result<i64> {
        self.flush().await?;
        self.scope.count::<N>(rows).await
    }

    /// As [`Scope::all`], after all batched rows were written.
    pub(crate) async fn all<T: Positioned>(&self, select: &SelectStatement) -> Result<Vec<T>> {
        self.flush().await?;
        self.scope.all(select).await
    }

    /// As [`Scope::rows`], after all batched rows were written.
    pub(crate) async fn rows(&self, select: &SelectStatement) -> Result<Vec<sea_orm::QueryResult>> {
        self.flush().await?;
        self.scope.rows(select).await
    }

    /// As [`Scope::all`], and locks the rows until the transaction ends.
    pub(crate) async fn lock_all<T: Positioned>(&self, mut select: SelectStatement) -> Result<Vec<T>> {
        self.conn.lock(&mut select);
        self.all(&select).await
    }

    /// Inserts a row with its audit row and event, and returns it. The operation has resolved the
    /// references of the row before: the foreign keys reject the others.
    ///
    /// # Errors
    /// - `Forbidden` or `InsufficientScope` when the caller may not create such a row.
    /// - `Conflict` at the field whose value must be unique and is taken.
    /// - `Conflict` when the row is in an archived project.
    pub async fn add<N: Resource>(&self, row: N) -> Result<N> {
        policy::permit(&self.ctx, N::TYPE, Action::Create)?;
        self.in_tenant(&row)?;
        self.ensure_open(row.container(self).await?).await?;
        self.record_added(&row);
        let row = row.derived();
        if N::BATCHED {
            self.pending().rows.push(&row);
        } else {
            self.begin_writing().await?;
            let insert = batch::insert_now(&row, &self.conn, &self.statements).await;
            insert.map_err(|error| failure::from_write(error, N::uniques()))?;
        }
        let new = serde_json::to_string(&row).map_err(Error::internal)?;
        self.record_row(ChangeType::Create, &row, N::GRANTS_VISIBILITY, None, Some(new));
        self.follow_up(Written { name: ChangeType::Create, old: None, new: Some(&row) }).await?;
        Ok(row)
    }

    /// Updates a row to the values of `row`, increments its version and returns it. It writes only
    /// the changed columns. An update without a change writes nothing: no version, no audit row, no
    /// event.
    ///
    /// # Errors
    /// - `Stale` when the precondition does not hold (RFC 9110 section 13.1).
    /// - `PreconditionRequired` when the tenant requires a precondition and there is none (RFC 6585
    ///   section 3).
    /// - `Conflict` at the field whose value must be unique and is taken.
    /// - `Conflict` when the row is in an archived project, or moves to one.
    pub async fn update<N: Resource, A: Changes>(
        &self,
        seen: Evidence<N, A>,
        row: N,
        pre: &Precondition,
    ) -> Result<N> {
        self.update_as(ChangeType::Update, seen, row, pre).await
    }

    /// As [`Self::update`], with another name of the change in the audit, such as `complete`.
    pub(crate) async fn update_as<N: Resource, A: Changes>(
        &self,
        name: ChangeType,
        seen: Evidence<N, A>,
        row: N,
        pre: &Precondition,
    ) -> Result<N> {
        self.check(pre, seen.row().version()).await?;
        if !changed(seen.row(), &row).is_empty() {
            let (from, to) = (seen.row().container(self).await?, row.container(self).await?);
            let moved = from.as_ref().map(|from| from.row) != to.as_ref().map(|to| to.row);
            self.ensure_open(from).await?;
            if moved {
                self.ensure_open(to).await?;
            }
        }
        self.write(name, seen.into_row(), row).await
    }

    /// Updates a row because of a change of another row. It is authorised by that change. It is
    /// also allowed in an archived project. The rows that a leaving user owns or is assigned to are
    /// not counted, so that their number never keeps a user from leaving.
    pub(crate) async fn cascade_update<N: Resource>(&self, name: ChangeType, old: N, row: N) -> Result<N> {
        if !matches!(name, ChangeType::Transfer | ChangeType::Unassign) {
            self.count_cascade()?;
        }
        self.write(name, old, row).await
    }

    /// Limits the number of rows that one request changes or removes beside the rows that it names.
    /// The server's own work has no limit.
    fn count_cascade(&self) -> Result<()> {
        let along = self.along.fetch_add(1, Ordering::Relaxed);
        if along < MOST_CASCADED || self.ctx.actor() == Actor::System {
            return Ok(());
        }
        let detail = format!(
            "This would change more than {MOST_CASCADED} other rows. Make the change in smaller steps."
        );
        Err(Error::with(Kind::Conflict, detail))
    }

    async fn write<N: Resource>(&self, name: ChangeType, old: N, mut row: N) -> Result<N> {
        self.in_tenant(&row)?;
        let mut changed = changed(&old, &row);
        if changed.is_empty() {
            return Ok(old);
        }
        let named =
            |name: &str| <EntityOf<N> as EntityTrait>::Column::iter().find(|column| column.as_str() == name);
        let stamps: [(_, Value); 2] =
            [(named("updated_at"), self.at.into()), (named("version"), (old.version() + 1).into())];
        for (column, value) in stamps {
            if let Some(column) = column {
                row.try_set(column, value).map_err(failure::from_db)?;
                changed.push(column);
            }
        }
        let row = row.derived();
        let written = self::changed(&old, &row).into_iter().map(|it| (it, Expr::val(row.get(it))));
        let mut update = Query::update();
        update.table(EntityOf::<N>::default().table_ref()).values(written);
        self.begin_writing().await?;
        self.conn
            .change(update.cond_where(self.still_authorized(&old)))
            .await
            .map_err(|error| failure::from_write(error, N::uniques()))
            .and_then(Self::hit)?;
        let columns: Vec<_> = changed.iter().map(IdenStatic::as_str).collect();
        let (before, after) = (values(&old, Some(&columns))?, values(&row, Some(&columns))?);
        // A restored row brings the rows in it back into sight.
        let moves =
            name == ChangeType::Restore || changed.iter().any(|column| N::affects_visibility(*column));
        self.record_row(name, &row, moves, Some(before), Some(after));
        self.follow_up(Written { name, old: Some(&old), new: Some(&row) }).await?;
        Ok(row)
    }

    /// Deletes a row that still has the authorised version. A restorable row is marked as deleted
    /// instead, and stays until it is purged.
    ///
    /// # Errors
    /// As [`Self::update`], and `InUse` when other rows refer to the row.
    pub async fn remove<N: Resource>(&self, seen: Evidence<N, Delete>, pre: &Precondition) -> Result<()> {
        self.check(pre, seen.row().version()).await?;
        let old = seen.into_row();
        self.ensure_open(old.container(self).await?).await?;
        match old.clone().removed(Some(self.at)) {
            Some(row) => self.write(ChangeType::Delete, old, row).await.map(drop),
            None => self.erase(ChangeType::Delete, old).await,
        }
    }

    /// Restores a deleted row, and returns it.
    ///
    /// # Errors
    /// As [`Self::update`], and `NotFound` for a resource whose rows can't be restored.
    pub(crate) async fn restore<N: Resource>(
        &self,
        seen: Evidence<N, Delete>,
        pre: &Precondition,
    ) -> Result<N> {
        self.check(pre, seen.row().version()).await?;
        let old = seen.into_row();
        self.ensure_open(old.container(self).await?).await?;
        let row = old.clone().removed(None).ok_or(Kind::NotFound)?;
        self.write(ChangeType::Restore, old, row).await
    }

    /// Deletes a row permanently that was marked as deleted. It is also allowed in an archived
    /// project, because the row is not part of what an archived project preserves.
    ///
    /// # Errors
    /// As [`Self::remove`].
    pub(crate) async fn purge<N: Resource>(
        &self,
        seen: Evidence<N, Delete>,
        pre: &Precondition,
    ) -> Result<()> {
        self.check(pre, seen.row().version()).await?;
        self.erase(ChangeType::Purge, seen.into_row()).await
    }

    /// As [`Self::purge`], because of another row that is purged. It is authorised by that purge.
    pub(crate) async fn cascade_purge<N: Resource>(&self, row: N) -> Result<()> {
        self.count_cascade()?;
        let Some(row) = self.find::<N>(row.id(), true).await? else {
            return Err(Error::transient("the row was deleted concurrently"));
        };
        self.erase(ChangeType::Purge, row).await
    }

    async fn follow_up<N: Resource>(&self, written: Written<'_, N>) -> Result<()> {
        self.index(written.old, written.new).await?;
        if let Some(rest) = N::follow_up(self, written) {
            rest.await?;
        }
        self.dependents.react(self, written).await
    }

    /// Deletes a locked row permanently, and the rows that belong to it before.
    pub(super) async fn erase<N: Resource>(&self, name: ChangeType, old: N) -> Result<()> {
        self.dependents.cascade(self, &old).await?;
        self.follow_up(Written { name, old: Some(&old), new: None }).await?;
        self.begin_writing().await?;
        let mut delete = Query::delete();
        delete.from_table(EntityOf::<N>::default().table_ref()).cond_where(self.still_authorized(&old));
        self.conn
            .change(&delete)
            .await
            .map_err(|error| failure::from_remove::<N>(error))
            .and_then(Self::hit)?;
        self.record_row(name, &old, N::GRANTS_VISIBILITY, Some(values(&old, None)?), None);
        Ok(())
    }

    /// Checks the precondition against a version, for operations that do much work before they
    /// write the row.
    ///
    /// # Errors
    /// `Stale` and `PreconditionRequired`, as [`Self::update`].
    pub(crate) async fn check(&self, pre: &Precondition, version: i64) -> Result<()> {
        if pre.is_missing() && self.ctx.user().is_some() {
            let tenant = Query::select()
                .column("require_if_match")
                .from("tenant")
                .and_where(Expr::col("id").eq(self.ctx.tenant()))
                .take();
            let rows = self.scope.rows(&tenant).await?;
            if rows.first().map(|row| field(row, 0)).transpose()?.unwrap_or_default() {
                return Err(Kind::PreconditionRequired.into());
            }
        }
        pre.check(version)
    }

    /// The condition for the authorised row at its authorised version.
    fn still_authorized<N: Resource>(&self, old: &N) -> sea_orm::Condition {
        sea_orm::Condition::all()
            .add(N::tenant_column().eq(self.ctx.tenant()))
            .add(N::id_column().eq(old.id()))
            .add_option(N::version_column().map(|column| column.eq(old.version())))
    }

    /// Checks that the statement changed one row. Otherwise another transaction was faster, and the
    /// retry finds out what to return.
    fn hit(rows: u64) -> Result<()> {
        if rows == 1 { Ok(()) } else { Err(Error::transient("the row was changed concurrently")) }
    }

    pub(super) fn in_tenant<M: Owned>(&self, row: &M) -> Result<()> {
        if row.tenant() == self.ctx.tenant() {
            Ok(())
        } else {
            Err(Error::internal("a row of another tenant"))
        }
    }

    /// Fails if the containing row forbids changes, as an archived project does.
    async fn ensure_open(&self, container: Option<Container>) -> Result<()> {
        match container {
            Some(Container { row: (_, id), ensure_open }) => ensure_open(self, id).await,
            None => Ok(()),
        }
    }
}

/// The columns in which two rows differ.
fn changed<N: Resource>(old: &N, row: &N) -> Vec<ColumnOf<N>> {
    ColumnOf::<N>::iter().filter(|column| old.get(*column) != row.get(*column)).collect()
}

/// The values of a row as JSON for the audit: all, or those of some columns. A column that no
/// response shows is `[redacted]`.
fn values<N: Resource>(row: &N, columns: Option<&[&str]>) -> Result<String> {
    let Json::Object(shown) = serde_json::to_value(row).map_err(Error::internal)? else {
        return Err(Error::internal("a row does not serialize to a JSON object"));
    };
    let Some(columns) = columns else { return serde_json::to_string(&shown).map_err(Error::internal) };
    let pick = |name: &&str| {
        ((*name).to_owned(), shown.get(*name).cloned().unwrap_or_else(|| Json::from("[redacted]")))
    };
    let picked: Map<String, Json> = columns.iter().map(pick).collect();
    serde_json::to_string(&picked).map_err(Error::internal)
}
