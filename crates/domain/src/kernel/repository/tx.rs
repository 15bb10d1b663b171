//! The recorded write: one door for create, update and delete.
//!
//! Invariant: a row is written only together with its audit row (with the old and new values of what changed) and its event,
//! in one transaction, by a caller who was judged, at the version that was judged. A noun can't forget any of it.

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
    Error, Instant, Result,
    kernel::{
        context::Actor,
        error::Kind,
        policy::{self, Action},
    },
};

/// One transaction of one caller, begun by [`crate::Store::write`] and committed by it when the operation succeeds.
pub struct Tx {
    scope: Scope,
    /// The one instant of everything that the transaction writes.
    at: Instant,
    /// The transactions that share a commit with this one, if they do (SQLite).
    pub(super) group: Option<Arc<Group>>,
    pub(super) savepoint: AtomicBool,
    pub(super) pending: Mutex<Pending>,
    /// How many rows were changed along with others.
    along: AtomicUsize,
}

/// How many rows one request may change along with those that it names.
const MOST_CASCADED: usize = 1000;

impl Deref for Tx {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        &self.scope
    }
}

/// What a new row begins with: its tenant, its id, and the instant of the transaction.
#[derive(Clone, Copy, Debug)]
pub struct Birth {
    pub(crate) tenant: Uuid,
    pub(crate) id: Uuid,
    pub(crate) at: Instant,
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

    /// What a new row begins with: the tenant, an id and the instant.
    pub(crate) fn birth(&self) -> Birth {
        Birth { tenant: self.ctx.tenant(), id: self.at.new_id(self.ctx.tenant()), at: self.at }
    }

    /// The one instant of everything that the transaction writes.
    pub(crate) fn now(&self) -> Instant {
        self.at
    }

    /// The installation's secret.
    pub(crate) fn secret(&self) -> &[u8] {
        &self.scope.secrets.installation
    }

    /// Seals what must be read again.
    pub(crate) fn cipher(&self) -> &Cipher {
        &self.scope.secrets.cipher
    }

    /// As [`Scope::resolve`], after what waits was written if it may concern the row.
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

    /// As [`Scope::refer`], likewise.
    pub(crate) async fn refer<N: Resource>(&self, id: Option<Uuid>, field: &str) -> Result<Option<N>> {
        if N::BATCHED && id.is_some() {
            self.flush().await?;
        }
        self.scope.refer(id, field).await
    }

    /// As [`Scope::count`], after what waits was written.
    pub(crate) async fn count<N: Resource>(&self, rows: Select<EntityOf<N>>) -> Result<i64> {
        self.flush().await?;
        self.scope.count::<N>(rows).await
    }

    /// As [`Scope::all`], after what waits was written.
    pub(crate) async fn all<T: Positioned>(&self, select: &SelectStatement) -> Result<Vec<T>> {
        self.flush().await?;
        self.scope.all(select).await
    }

    /// As [`Scope::rows`], after what waits was written.
    pub(crate) async fn rows(&self, select: &SelectStatement) -> Result<Vec<sea_orm::QueryResult>> {
        self.flush().await?;
        self.scope.rows(select).await
    }

    /// As [`Scope::all`], of rows that stay as they are until the transaction ends.
    pub(crate) async fn lock_all<T: Positioned>(&self, mut select: SelectStatement) -> Result<Vec<T>> {
        self.conn.lock(&mut select);
        self.all(&select).await
    }

    /// Adds a row. Its references were resolved before: the foreign keys refuse what was not.
    ///
    /// # Errors
    /// `Forbidden` when the caller may not make one, `Conflict` at the field whose value is taken, and in a project that is archived.
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
        self.record_row("create", &row, N::GRANTS_VISIBILITY, None, Some(new));
        self.follow_up(Written { name: "create", old: None, new: Some(&row) }).await?;
        Ok(row)
    }

    /// Changes a row to what is given, if it is still at the version that was judged, and counts its version up. A change of
    /// nothing is none.
    ///
    /// # Errors
    /// `Stale` when the precondition does not hold, `PreconditionRequired` when the tenant demands one, `Conflict` at the field
    /// whose value is taken, and in a project that is archived.
    pub async fn update<N: Resource, A: Changes>(
        &self,
        seen: Evidence<N, A>,
        row: N,
        pre: &Precondition,
    ) -> Result<N> {
        self.update_as("update", seen, row, pre).await
    }

    /// As [`Self::update`], under a name of its own in the audit.
    pub(crate) async fn update_as<N: Resource, A: Changes>(
        &self,
        name: &'static str,
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

    /// Changes a row because one that it lies in does: judged with that. However many a user leaves
    /// behind, nothing keeps them from leaving.
    pub(crate) async fn cascade_update<N: Resource>(&self, name: &'static str, old: N, row: N) -> Result<N> {
        if !matches!(name, "hand_over" | "unassign") {
            self.count_cascade()?;
        }
        self.write(name, old, row).await
    }

    /// Bounds what one request changes beside what it names.
    fn count_cascade(&self) -> Result<()> {
        let along = self.along.fetch_add(1, Ordering::Relaxed);
        if along < MOST_CASCADED || self.ctx.actor() == Actor::System {
            return Ok(());
        }
        let detail = format!(
            "This would change more than {MOST_CASCADED} other rows at once. Begin with some of these."
        );
        Err(Error::with(Kind::Conflict, detail))
    }

    async fn write<N: Resource>(&self, name: &'static str, old: N, mut row: N) -> Result<N> {
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
            .change(update.cond_where(self.judged(&old)))
            .await
            .map_err(|error| failure::from_write(error, N::uniques()))
            .and_then(Self::hit)?;
        let columns: Vec<_> = changed.iter().map(IdenStatic::as_str).collect();
        let (before, after) = (values(&old, Some(&columns))?, values(&row, Some(&columns))?);
        // What comes back brings along what lies in it.
        let moves = name == "restore" || changed.iter().any(|column| N::affects_visibility(*column));
        self.record_row(name, &row, moves, Some(before), Some(after));
        self.follow_up(Written { name, old: Some(&old), new: Some(&row) }).await?;
        Ok(row)
    }

    /// Removes a row, if it is still at the version that was judged; a noun's whose rows can be restored stays until it is purged.
    ///
    /// # Errors
    /// As [`Self::update`]; `InUse` when other rows refer to it.
    pub async fn remove<N: Resource>(&self, seen: Evidence<N, Delete>, pre: &Precondition) -> Result<()> {
        self.check(pre, seen.row().version()).await?;
        let old = seen.into_row();
        self.ensure_open(old.container(self).await?).await?;
        match old.clone().removed(Some(self.at)) {
            Some(row) => self.write("delete", old, row).await.map(drop),
            None => self.erase("delete", old).await,
        }
    }

    /// Lets a removed row be there again.
    ///
    /// # Errors
    /// As [`Self::update`].
    pub(crate) async fn restore<N: Resource>(
        &self,
        seen: Evidence<N, Delete>,
        pre: &Precondition,
    ) -> Result<N> {
        self.check(pre, seen.row().version()).await?;
        let old = seen.into_row();
        self.ensure_open(old.container(self).await?).await?;
        let row = old.clone().removed(None).ok_or(Kind::NotFound)?;
        self.write("restore", old, row).await
    }

    /// Removes for good a row that was removed and could be restored. What is absent already is no part of what an archived project keeps.
    ///
    /// # Errors
    /// As [`Self::remove`].
    pub(crate) async fn purge<N: Resource>(
        &self,
        seen: Evidence<N, Delete>,
        pre: &Precondition,
    ) -> Result<()> {
        self.check(pre, seen.row().version()).await?;
        self.erase("purge", seen.into_row()).await
    }

    /// As [`Self::purge`], for a row that goes because one that it lies in does: judged with that.
    pub(crate) async fn cascade_purge<N: Resource>(&self, row: N) -> Result<()> {
        self.count_cascade()?;
        let Some(row) = self.find::<N>(row.id(), true).await? else {
            return Err(Error::transient("the row went away while it was removed"));
        };
        self.erase("purge", row).await
    }

    async fn follow_up<N: Resource>(&self, written: Written<'_, N>) -> Result<()> {
        self.index(written.old, written.new).await?;
        if let Some(rest) = N::follow_up(self, written) {
            rest.await?;
        }
        self.dependents.react(self, written).await
    }

    /// Removes a row that is locked, and before it all that goes with it.
    pub(super) async fn erase<N: Resource>(&self, name: &'static str, old: N) -> Result<()> {
        self.dependents.cascade(self, &old).await?;
        self.follow_up(Written { name, old: Some(&old), new: None }).await?;
        self.begin_writing().await?;
        let mut delete = Query::delete();
        delete.from_table(EntityOf::<N>::default().table_ref()).cond_where(self.judged(&old));
        self.conn.change(&delete).await.map_err(failure::from_remove).and_then(Self::hit)?;
        self.record_row(name, &old, N::GRANTS_VISIBILITY, Some(values(&old, None)?), None);
        Ok(())
    }

    /// Checks what the caller knows of a row's version, for operations that do much before they write it.
    ///
    /// # Errors
    /// `Stale`, `PreconditionRequired`.
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

    /// The very row and version that were judged.
    fn judged<N: Resource>(&self, old: &N) -> sea_orm::Condition {
        sea_orm::Condition::all()
            .add(N::tenant_column().eq(self.ctx.tenant()))
            .add(N::id_column().eq(old.id()))
            .add_option(N::version_column().map(|column| column.eq(old.version())))
    }

    /// No row hit: somebody else was faster. Another try finds out what there is to answer.
    fn hit(rows: u64) -> Result<()> {
        if rows == 1 { Ok(()) } else { Err(Error::transient("the row changed while it was written")) }
    }

    pub(super) fn in_tenant<M: Owned>(&self, row: &M) -> Result<()> {
        if row.tenant() == self.ctx.tenant() {
            Ok(())
        } else {
            Err(Error::internal("a row of another tenant"))
        }
    }

    /// Fails while the container forbids changes.
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

/// A row's values for the audit: all, or those of some columns. What an answer never shows, the audit does not either.
fn values<N: Resource>(row: &N, columns: Option<&[&str]>) -> Result<String> {
    let Json::Object(shown) = serde_json::to_value(row).map_err(Error::internal)? else {
        return Err(Error::internal("a row that is no object"));
    };
    let Some(columns) = columns else { return serde_json::to_string(&shown).map_err(Error::internal) };
    let pick = |name: &&str| {
        ((*name).to_owned(), shown.get(*name).cloned().unwrap_or_else(|| Json::from("[redacted]")))
    };
    let picked: Map<String, Json> = columns.iter().map(pick).collect();
    serde_json::to_string(&picked).map_err(Error::internal)
}
