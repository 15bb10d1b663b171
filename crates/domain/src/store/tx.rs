//! The recorded write: one door for create, update and delete.
//!
//! Invariant: a row is written only together with its audit row (with the old and new values of what changed) and its event,
//! in one transaction, by a caller who was judged, at the version that was judged. A noun can't forget any of it.

use std::{
    ops::Deref,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use sea_orm::{
    ColumnTrait, EntityName, EntityTrait, IdenStatic, Iterable, Select, Value,
    sea_query::{Expr, Query, SelectStatement},
};
use serde_json::{Map, Value as Json};
use taskhub_auth::Cipher;
use uuid::Uuid;

use super::{
    evidence::{Changes, Delete, Evidence, Precondition},
    failure,
    group::Group,
    noun::{ColumnOf, EntityOf, Noun, Owned},
    row::Positioned,
    scope::Scope,
    stage::{self, Stage},
};
use crate::{
    Error, Instant, Result, audit,
    context::Actor,
    error::Kind,
    event::{self, Event},
    policy::{self, Action},
    project,
    session::Revocation,
    tally::Summand,
    tenant::Tenant,
};

/// One transaction of one caller, begun by [`crate::Store::write`] and committed by it when the operation succeeds.
pub struct Tx {
    scope: Scope,
    /// The one instant of everything that the transaction writes.
    at: Instant,
    /// The transactions that share a commit with this one, if they do (SQLite).
    group: Option<Arc<Group>>,
    savepoint: AtomicBool,
    pending: Mutex<Pending>,
    /// How many rows were changed along with others.
    along: AtomicUsize,
}

/// How many rows one request may change along with those that it names.
const ALONG: usize = 1000;

/// What waits until the transaction's end.
#[derive(Default)]
pub(super) struct Pending {
    /// Rows of nouns that nothing else reads.
    pub(super) rows: Stage,
    /// Audit rows, and what is tallied.
    pub(super) records: Stage,
    /// Events, in their order: they get their positions as the last thing before the commit.
    pub(super) events: Vec<Event>,
    /// What the commit revokes.
    pub(super) revocations: Vec<Revocation>,
    /// Whether other nodes are told to read it.
    pub(super) announced: bool,
    /// Whether the commit lets mail wait.
    pub(super) mail: bool,
}

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
    pub async fn resolve<N: Noun, A: super::evidence::Act>(
        &self,
        id: Uuid,
        act: A,
    ) -> Result<Evidence<N, A>> {
        if N::STAGED {
            self.settle().await?;
        }
        self.scope.resolve(id, act).await
    }

    /// As [`Scope::refer`], likewise.
    pub(crate) async fn refer<N: Noun>(&self, id: Option<Uuid>, field: &str) -> Result<Option<N>> {
        if N::STAGED && id.is_some() {
            self.settle().await?;
        }
        self.scope.refer(id, field).await
    }

    /// As [`Scope::count`], after what waits was written.
    pub(crate) async fn count<N: Noun>(&self, rows: Select<EntityOf<N>>) -> Result<i64> {
        self.settle().await?;
        self.scope.count::<N>(rows).await
    }

    /// As [`Scope::all`], after what waits was written.
    pub(crate) async fn all<T: Positioned>(&self, select: &SelectStatement) -> Result<Vec<T>> {
        self.settle().await?;
        self.scope.all(select).await
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
    pub async fn add<N: Noun>(&self, row: N) -> Result<N> {
        policy::permit(&self.ctx, N::NOUN, Action::Create)?;
        self.in_tenant(&row)?;
        self.stays_open(row.home(self).await?).await?;
        let row = row.derived();
        let brings = self.summand(&row).await?;
        if N::STAGED {
            self.pending().rows.push(&row);
        } else {
            self.begin_writing().await?;
            let insert = stage::insert_now(&row, &self.conn, &self.statements).await;
            insert.map_err(|error| failure::from_write(error, N::uniques()))?;
        }
        let new = serde_json::to_string(&row).map_err(Error::internal)?;
        self.record_row("create", &row, N::GIVES_SIGHT, None, Some(new));
        self.tally(None, brings);
        self.follow_up("create", None, Some(&row)).await?;
        Ok(row)
    }

    /// Changes a row to what is given, if it is still at the version that was judged, and counts its version up. A change of
    /// nothing is none.
    ///
    /// # Errors
    /// `Stale` when the precondition does not hold, `PreconditionRequired` when the tenant demands one, `Conflict` at the field
    /// whose value is taken, and in a project that is archived.
    pub async fn update<N: Noun, A: Changes>(
        &self,
        seen: Evidence<N, A>,
        row: N,
        pre: &Precondition,
    ) -> Result<N> {
        self.update_as("update", seen, row, pre).await
    }

    /// As [`Self::update`], under a name of its own in the audit.
    pub(crate) async fn update_as<N: Noun, A: Changes>(
        &self,
        name: &'static str,
        seen: Evidence<N, A>,
        row: N,
        pre: &Precondition,
    ) -> Result<N> {
        self.check(pre, seen.row().version()).await?;
        if !changed(seen.row(), &row).is_empty() {
            let (from, to) = (seen.row().home(self).await?, row.home(self).await?);
            self.stays_open(from).await?;
            if to != from {
                self.stays_open(to).await?;
            }
        }
        self.write(name, seen.into_row(), row).await
    }

    /// Changes a row because one that it lies in does: judged with that.
    pub(crate) async fn carry_along<N: Noun>(&self, name: &'static str, old: N, row: N) -> Result<N> {
        if name != "hand_over" {
            self.count_along()?;
        }
        self.write(name, old, row).await
    }

    /// Bounds what one request changes beside what it names.
    fn count_along(&self) -> Result<()> {
        let along = self.along.fetch_add(1, Ordering::Relaxed);
        if along < ALONG || self.ctx.actor() == Actor::System {
            return Ok(());
        }
        let detail =
            format!("This would change more than {ALONG} other rows at once. Begin with some of these.");
        Err(Error::with(Kind::Conflict, detail))
    }

    async fn write<N: Noun>(&self, name: &'static str, old: N, mut row: N) -> Result<N> {
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
        let (takes, brings) = (self.summand(&old).await?, self.summand(&row).await?);
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
        let moves = name == "restore" || changed.iter().any(|column| N::gives_sight(*column));
        self.record_row(name, &row, moves, Some(before), Some(after));
        self.tally(takes, brings);
        self.follow_up(name, Some(&old), Some(&row)).await?;
        Ok(row)
    }

    /// Removes a row, if it is still at the version that was judged; a noun's whose rows can be restored stays until it is purged.
    ///
    /// # Errors
    /// As [`Self::update`]; `InUse` when other rows refer to it.
    pub async fn remove<N: Noun>(&self, seen: Evidence<N, Delete>, pre: &Precondition) -> Result<()> {
        self.check(pre, seen.row().version()).await?;
        let old = seen.into_row();
        self.stays_open(old.home(self).await?).await?;
        match old.clone().removed(Some(self.at)) {
            Some(row) => self.write("delete", old, row).await.map(drop),
            None => self.erase("delete", old).await,
        }
    }

    /// Lets a removed row be there again.
    ///
    /// # Errors
    /// As [`Self::update`].
    pub(crate) async fn restore<N: Noun>(&self, seen: Evidence<N, Delete>, pre: &Precondition) -> Result<N> {
        self.check(pre, seen.row().version()).await?;
        let old = seen.into_row();
        self.stays_open(old.home(self).await?).await?;
        let row = old.clone().removed(None).ok_or(Kind::NotFound)?;
        self.write("restore", old, row).await
    }

    /// Removes for good a row that was removed and could be restored. What is absent already is no part of what an archived project keeps.
    ///
    /// # Errors
    /// As [`Self::remove`].
    pub(crate) async fn purge<N: Noun>(&self, seen: Evidence<N, Delete>, pre: &Precondition) -> Result<()> {
        self.check(pre, seen.row().version()).await?;
        self.erase("purge", seen.into_row()).await
    }

    /// As [`Self::purge`], for a row that goes because one that it lies in does: judged with that.
    pub(crate) async fn purge_along<N: Noun>(&self, row: N) -> Result<()> {
        self.count_along()?;
        let Some(row) = self.find::<N>(row.id(), true).await? else {
            return Err(Error::transient("the row went away while it was removed"));
        };
        self.erase("purge", row).await
    }

    async fn follow_up<N: Noun>(&self, name: &'static str, old: Option<&N>, new: Option<&N>) -> Result<()> {
        self.index(old, new).await?;
        match N::follow_up(self, name, old, new) {
            Some(rest) => rest.await,
            None => Ok(()),
        }
    }

    /// Removes a row that is locked, and before it all that goes with it.
    pub(super) async fn erase<N: Noun>(&self, name: &'static str, old: N) -> Result<()> {
        for part in old.parts() {
            part.remove(self).await?;
        }
        self.follow_up(name, Some(&old), None).await?;
        let takes = self.summand(&old).await?;
        self.begin_writing().await?;
        let mut delete = Query::delete();
        delete.from_table(EntityOf::<N>::default().table_ref()).cond_where(self.judged(&old));
        self.conn.change(&delete).await.map_err(failure::from_remove).and_then(Self::hit)?;
        self.record_row(name, &old, N::GIVES_SIGHT, Some(values(&old, None)?), None);
        self.tally(takes, None);
        Ok(())
    }

    /// Writes the audit rows that wait, for an operation that changes many rows: they don't pile up in memory. Events, which are small, go on waiting:
    /// they are numbered at the end.
    pub(crate) async fn write_records(&self) -> Result<()> {
        self.begin_writing().await?;
        let mut records = std::mem::take(&mut self.pending().records);
        let written = records.flush(&self.conn, &self.statements).await;
        written.map_err(|error| failure::from_write(error, &[]))
    }

    /// Adds a row that is no noun: what the server keeps for itself about a tenant, unaudited.
    pub(crate) async fn keep<M: Owned>(&self, row: &M) -> Result<()> {
        self.in_tenant(row)?;
        self.begin_writing().await?;
        let insert = stage::insert_now(row, &self.conn, &self.statements).await;
        insert.map_err(|error| failure::from_write(error, &[]))
    }

    /// As [`Self::keep`], at the transaction's end: for a row that refers to none that waits too, and clashes with none.
    pub(crate) fn keep_later<M: Owned>(&self, row: &M) -> Result<()> {
        self.in_tenant(row)?;
        self.pending().rows.push(row);
        Ok(())
    }

    /// As [`Self::keep_later`], for a row whose owner is told of it by the feed; what the server itself makes for a user is no affair of the audit.
    pub(crate) fn keep_and_tell<N: Noun>(&self, row: &N) -> Result<()> {
        self.keep_later(row)?;
        let Birth { tenant, id, at } = self.birth();
        let event = event::row(tenant, id, at, N::NOUN.as_str(), row.id(), "create", row.version());
        self.pending().events.push(Event { within_id: row.lies_in(), ..event });
        Ok(())
    }

    /// Removes a row that is no noun.
    pub(crate) async fn forget<M: Owned>(&self, id: Uuid) -> Result<()> {
        self.begin_writing().await?;
        let mut delete = Query::delete();
        let same = sea_orm::Condition::all()
            .add(M::tenant_column().eq(self.ctx.tenant()))
            .add(M::id_column().eq(id));
        delete.from_table(EntityOf::<M>::default().table_ref()).cond_where(same);
        self.conn.change(&delete).await.map(drop).map_err(failure::from_db)
    }

    /// Removes rows that are no nouns: all of them, or the transaction is tried again.
    pub(crate) async fn forget_all<M: Owned>(&self, ids: Vec<Uuid>) -> Result<()> {
        self.begin_writing().await?;
        let number = ids.len() as u64;
        let mut delete = Query::delete();
        delete.from_table(EntityOf::<M>::default().table_ref());
        delete.and_where(M::tenant_column().eq(self.ctx.tenant())).and_where(M::id_column().is_in(ids));
        let gone = self.conn.change(&delete).await.map_err(failure::from_db)?;
        if gone == number { Ok(()) } else { Err(Error::transient("rows went away while they were removed")) }
    }

    /// A row that is no noun.
    pub(crate) async fn kept<M: Owned>(&self, id: Uuid) -> Result<Option<M>> {
        self.scope.find(id, true).await
    }

    /// Notes in a row what the server keeps for itself about it, as when it was used last: unaudited, and without a new version.
    pub(crate) async fn stamp<N: Noun>(&self, id: Uuid, column: ColumnOf<N>) -> Result<()> {
        self.begin_writing().await?;
        let mut update = Query::update();
        update.table(EntityOf::<N>::default().table_ref()).value(column, self.at);
        update.and_where(N::tenant_column().eq(self.ctx.tenant())).and_where(N::id_column().eq(id));
        self.conn.change(&update).await.map(drop).map_err(failure::from_db)
    }

    /// Records what happened to a row without changing it: what was tried and refused, for the security log.
    pub(crate) fn note<N: Noun>(
        &self,
        name: &'static str,
        id: Uuid,
        what: &impl serde::Serialize,
    ) -> Result<()> {
        let what = serde_json::to_string(what).map_err(Error::internal)?;
        let Birth { id: record, at, .. } = self.birth();
        let row = audit::row(&self.ctx, record, at, N::NOUN.as_str(), id, name, None, Some(what));
        self.pending().records.push(&row);
        Ok(())
    }

    /// Refuses, from the commit on, the tokens that a revocation names.
    pub(crate) async fn revoke(&self, revocation: Revocation) -> Result<()> {
        self.keep(&revocation).await?;
        self.pending().revocations.push(revocation);
        self.announce();
        Ok(())
    }

    /// Lets the other nodes know with the commit that there is something for them to read about who is refused.
    pub(crate) fn announce(&self) {
        self.pending().announced = true;
    }

    /// Tells this node's sender, from the commit on, that mail waits.
    pub(crate) fn wake_the_sender(&self) {
        self.pending().mail = true;
    }

    /// Changes what belongs to no tenant, in the transaction of what it is for.
    pub(crate) async fn change_beyond(&self, statement: &impl sea_orm::StatementBuilder) -> Result<u64> {
        self.begin_writing().await?;
        self.conn.change(statement).await.map_err(|error| failure::from_write(error, &[]))
    }

    /// Reads what belongs to no tenant; what will be written is locked until the transaction ends.
    pub(crate) async fn find_beyond<T: Positioned>(
        &self,
        mut select: SelectStatement,
        locks: bool,
    ) -> Result<Vec<T>> {
        if locks {
            self.conn.lock(&mut select);
        }
        self.conn.all(&select).await.map_err(failure::from_db)
    }

    /// Lets one transaction at a time of the tenant pass, for rules that span its rows.
    pub(crate) async fn lock_tenant(&self) -> Result<Tenant> {
        self.scope.find::<Tenant>(self.ctx.tenant(), true).await?.ok_or_else(|| Kind::NotFound.into())
    }

    /// Checks what the caller knows of a row's version, for operations that do much before they write it.
    ///
    /// # Errors
    /// `Stale`, `PreconditionRequired`.
    pub(crate) async fn check(&self, pre: &Precondition, version: i64) -> Result<()> {
        if *pre == Precondition::None && self.ctx.user().is_some() {
            let tenant = self.scope.find::<Tenant>(self.ctx.tenant(), false).await?;
            if tenant.is_some_and(|tenant| tenant.require_if_match) {
                return Err(Kind::PreconditionRequired.into());
            }
        }
        pre.check(version)
    }

    /// The very row and version that were judged.
    fn judged<N: Noun>(&self, old: &N) -> sea_orm::Condition {
        sea_orm::Condition::all()
            .add(N::tenant_column().eq(self.ctx.tenant()))
            .add(N::id_column().eq(old.id()))
            .add_option(N::version_column().map(|column| column.eq(old.version())))
    }

    /// No row hit: somebody else was faster. Another try finds out what there is to answer.
    fn hit(rows: u64) -> Result<()> {
        if rows == 1 { Ok(()) } else { Err(Error::transient("the row changed while it was written")) }
    }

    fn in_tenant<M: Owned>(&self, row: &M) -> Result<()> {
        if row.tenant() == self.ctx.tenant() {
            Ok(())
        } else {
            Err(Error::internal("a row of another tenant"))
        }
    }

    /// Records a write: [`Self::add`], [`Self::update`] and [`Self::remove`] do so themselves. For what is written beside a row, and belongs to it.
    pub(crate) fn record<N: Noun>(
        &self,
        name: &'static str,
        id: Uuid,
        version: i64,
        old: Option<String>,
        new: Option<String>,
    ) {
        let Birth { tenant, id: record, at } = self.birth();
        let noun = N::NOUN.as_str();
        let mut pending = self.pending();
        pending.events.push(event::row(tenant, record, at, noun, id, name, version));
        pending.records.push(&audit::row(&self.ctx, record, at, noun, id, name, old, new));
    }

    /// As [`Self::record`], of the row itself; `moves`: it may have brought something into sight or out of it.
    pub(crate) fn record_row<N: Noun>(
        &self,
        name: &'static str,
        row: &N,
        moves: bool,
        old: Option<String>,
        new: Option<String>,
    ) {
        self.record::<N>(name, row.id(), row.version(), old, new);
        if let Some(event) = self.pending().events.last_mut() {
            *event = Event { within_id: row.lies_in(), moves, ..event.clone() };
        }
    }

    /// Refuses to change what lies in an archived project. The project stays as it is until the change is written.
    async fn stays_open(&self, project: Option<Uuid>) -> Result<()> {
        match project {
            Some(project) => project::stays_open(self, project).await,
            None => Ok(()),
        }
    }

    /// What a row adds to the figures of a project.
    async fn summand<N: Noun>(&self, row: &N) -> Result<Option<Summand>> {
        if row.is_removed() { Ok(None) } else { row.tally(self).await }
    }

    /// Tallies what a write takes away from the figures and what it brings to them.
    pub(crate) fn tally(&self, takes: Option<Summand>, brings: Option<Summand>) {
        if takes == brings {
            return;
        }
        for summand in takes.map(Summand::taken_away).into_iter().chain(brings) {
            let Birth { tenant, id, .. } = self.birth();
            self.pending().records.push(&summand.row(tenant, id));
        }
    }

    /// Makes ready for a statement that writes at once: what waits is written first, and in a group a savepoint lets this
    /// transaction fail alone.
    pub(super) async fn begin_writing(&self) -> Result<()> {
        self.settle().await?;
        self.set_savepoint().await
    }

    /// Writes the rows that wait.
    async fn settle(&self) -> Result<()> {
        if let Some(group) = &self.group {
            group.settle(&self.conn, &self.statements).await?;
        }
        let mut rows = std::mem::take(&mut self.pending().rows);
        if !rows.is_empty() {
            self.set_savepoint().await?;
            rows.flush(&self.conn, &self.statements)
                .await
                .map_err(|error| failure::from_write(error, &[]))?;
        }
        Ok(())
    }

    async fn set_savepoint(&self) -> Result<()> {
        if self.group.is_some() && !self.savepoint.swap(true, Ordering::Relaxed) {
            self.conn.execute("SAVEPOINT one", Vec::new()).await.map_err(failure::from_db)?;
        }
        Ok(())
    }

    /// Keeps or undoes what was written since the savepoint.
    pub(super) async fn end_savepoint(&self, keep: bool) -> Result<()> {
        if self.savepoint.swap(false, Ordering::Relaxed) {
            if !keep {
                self.conn.execute("ROLLBACK TO one", Vec::new()).await.map_err(failure::from_db)?;
            }
            self.conn.execute("RELEASE one", Vec::new()).await.map_err(failure::from_db)?;
        }
        Ok(())
    }

    pub(super) fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the transaction's use: what waits is the store's to write.
    pub(super) fn into_pending(self) -> Pending {
        self.pending.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The columns in which two rows differ.
fn changed<N: Noun>(old: &N, row: &N) -> Vec<ColumnOf<N>> {
    ColumnOf::<N>::iter().filter(|column| old.get(*column) != row.get(*column)).collect()
}

/// A row's values for the audit: all, or those of some columns. What an answer never shows, the audit does not either.
fn values<N: Noun>(row: &N, columns: Option<&[&str]>) -> Result<String> {
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
