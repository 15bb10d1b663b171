//! The sweep: removes objects that no row refers to any more, or never did.
//!
//! Invariant: every step can be repeated, so the sweep may run on several nodes at once and may be
//! interrupted anywhere.

use std::{collections::HashSet, fs, io, path::PathBuf, time::Duration};

use futures::TryStreamExt;
use sea_orm::{
    Condition,
    sea_query::{Expr, ExprTrait, Order, Query, SelectStatement},
};
use uuid::Uuid;

use super::{BlobStore, File, blob_store::PATIENCE, release};
use crate::{
    Error, Repository, Result, System, Timestamp,
    kernel::repository::{SWEEP, field},
};

/// The age at which an object without a row is removed. It is longer than the longest upload.
const ORPHANED: Duration = Duration::from_hours(24);
/// The number of objects that are looked up in the database at once.
const BATCH: usize = 100;

impl Repository {
    /// Removes unused objects: those of released files, those whose resource was deleted by a
    /// cascade, and those that were received a day ago and have no row. It reads the rows of all
    /// files and lists all objects.
    ///
    /// # Errors
    /// Those of the repository and of the blob store. The next sweep tries again.
    pub async fn sweep_files(&self, system: &System, blob_store: &BlobStore) -> Result<()> {
        // A step that fails does not prevent the others.
        let outcomes = [
            self.release_unreferenced(system).await,
            self.remove_discarded(system, blob_store).await,
            self.remove_orphans(system, blob_store).await,
            remove_leftovers(blob_store, system.now()).await,
        ];
        outcomes.into_iter().collect()
    }

    /// Releases files that nothing refers to: the deletion of a task deletes its attachments by a
    /// cascade.
    async fn release_unreferenced(&self, system: &System) -> Result<()> {
        let refers = |table: &'static str, column: &'static str| {
            Query::select()
                .expr(Expr::val(1))
                .from(table)
                .and_where(Expr::col((table, "tenant_id")).equals(("file", "tenant_id")))
                .and_where(Expr::col((table, column)).equals(("file", "id")))
                .take()
        };
        let unreferenced = files(
            Condition::all()
                .add(Expr::col(("file", "discarded_at")).is_null())
                .add(Expr::exists(refers("attachment", "id")).not())
                .add(Expr::exists(refers("document_version", "file_id")).not()),
        );
        loop {
            let found = self.ids_of(system, &unreferenced).await?;
            if found.is_empty() {
                return Ok(());
            }
            for (tenant, id) in found {
                let ctx = system.within(tenant);
                self.write(&ctx, id, |tx, id| Box::pin(release(tx, *id))).await?;
            }
        }
    }

    /// Removes the objects of released files, and then their rows.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn remove_discarded(&self, system: &System, blob_store: &BlobStore) -> Result<()> {
        let mut last = None;
        loop {
            let mut discarded = Condition::all().add(Expr::col(("file", "discarded_at")).is_not_null());
            if let Some((tenant, id)) = last {
                let column = |name: &'static str| Expr::col(("file", name));
                let later = column("tenant_id").eq(tenant).and(column("id").gt(id));
                discarded = discarded.add(Condition::any().add(column("tenant_id").gt(tenant)).add(later));
            }
            let mut discarded = files(discarded);
            discarded.order_by(("file", "tenant_id"), Order::Asc).order_by(("file", "id"), Order::Asc);
            let found = self.ids_of(system, &discarded).await?;
            let Some(end) = found.last().copied() else { return Ok(()) };
            last = Some(end);
            for (tenant, id) in found {
                // The next sweep tries again.
                if let Err(error) = blob_store.remove(tenant, id).await {
                    tracing::warn!(%error, %tenant, %id, "could not remove a file");
                    continue;
                }
                let ctx = system.within(tenant);
                self.write(&ctx, id, |tx, id| Box::pin(tx.delete_internal::<File>(*id))).await?;
            }
        }
    }

    /// Removes the objects that were received long ago and have no row: their upload failed, or the
    /// server was killed during it.
    async fn remove_orphans(&self, system: &System, blob_store: &BlobStore) -> Result<()> {
        let before = system.now().minus(ORPHANED);
        let old = blob_store.list().try_filter(|(_, id)| std::future::ready(is_before(*id, before)));
        let mut batches = std::pin::pin!(old.try_chunks(BATCH));
        while let Some(batch) = tokio::time::timeout(PATIENCE, batches.try_next())
            .await
            .map_err(|_| Error::unavailable("the file store does not respond"))?
            .map_err(|error| error.1)?
        {
            let named = batch.iter().fold(Condition::any(), |any, (tenant, id)| {
                any.add(Expr::col("tenant_id").eq(*tenant).and(Expr::col("id").eq(*id)))
            });
            let known = self.ids_of(system, &files(named)).await?;
            let own = self.tenants_among(system, batch.iter().map(|(tenant, _)| *tenant)).await?;
            for (tenant, id) in batch.into_iter().filter(|ids| !known.contains(ids)) {
                // An object of an unknown tenant may belong to another installation, so it stays.
                if !own.contains(&tenant) {
                    tracing::warn!(%tenant, %id, "kept a file of a tenant that is not in this database");
                    continue;
                }
                tracing::info!(%tenant, %id, "removing a file whose upload did not complete");
                if let Err(error) = blob_store.remove(tenant, id).await {
                    tracing::warn!(%error, %tenant, %id, "could not remove a file");
                }
            }
        }
        Ok(())
    }

    /// The tenants among these ids that exist.
    async fn tenants_among(
        &self,
        system: &System,
        tenants: impl Iterator<Item = Uuid>,
    ) -> Result<HashSet<Uuid>> {
        let those = Expr::col("id").is_in(tenants.collect::<HashSet<_>>());
        let select = Query::select().column("id").from("tenant").and_where(those).take();
        let rows = self.unscoped(system).rows(&select).await?;
        rows.iter().map(|row| field(row, 0)).collect()
    }

    async fn ids_of(&self, system: &System, files: &SelectStatement) -> Result<Vec<(Uuid, Uuid)>> {
        let rows = self.unscoped(system).rows(files).await?;
        rows.iter().map(|row| Ok((field(row, 0)?, field(row, 1)?))).collect()
    }
}

/// Selects the ids of some files.
fn files(those: Condition) -> SelectStatement {
    let columns = [("file", "tenant_id"), ("file", "id")];
    Query::select().columns(columns).from("file").cond_where(those).limit(SWEEP).take()
}

/// Whether an id was generated before a time.
fn is_before(id: Uuid, instant: Timestamp) -> bool {
    let made = id.get_timestamp().and_then(|at| i64::try_from(at.to_unix().0).ok());
    made.is_some_and(|seconds| seconds < instant.seconds())
}

/// Removes partly written files that a kill left in the folder. The lists of the blob store do not have
/// them.
async fn remove_leftovers(blob_store: &BlobStore, now: Timestamp) -> Result<()> {
    let Some(folder) = blob_store.folder.clone() else { return Ok(()) };
    let before = now.minus(ORPHANED);
    let removal = tokio::task::spawn_blocking(move || remove_staged(folder, before));
    removal.await.map_err(Error::internal)?.map_err(Error::unavailable)
}

/// Removes old files named `id#1`: the store writes to such a file and then renames it to `id`.
fn remove_staged(folder: PathBuf, before: Timestamp) -> io::Result<()> {
    for tenant in fs::read_dir(folder)? {
        let tenant = tenant?;
        let is_ours = tenant.file_name().to_str().is_some_and(|name| name.parse::<Uuid>().is_ok());
        if !is_ours || !tenant.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(tenant.path())? {
            let file = file?;
            let name = file.file_name();
            let staged = name.to_str().and_then(|name| name.split_once('#')?.0.parse().ok());
            if staged.is_some_and(|id| is_before(id, before)) {
                fs::remove_file(file.path())?;
            }
        }
    }
    Ok(())
}
