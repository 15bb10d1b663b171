//! Restores a backup: checks everything, writes it, and then counts the rows.

use std::{fs::File, io::Read, path::Path};

use bytes::Bytes;
use futures::TryStreamExt;
use uuid::Uuid;

use super::{
    FORMAT, Installation, MANIFEST, Manifest,
    folder::{broken, check_digests, failed, read},
};
use crate::{Error, Result, work::file::BlobStore};

/// How many bytes of a file are read at once.
const PIECE: usize = 1 << 20;

/// A backup that was verified.
#[derive(Debug)]
pub struct Verified<'a> {
    /// The description of the backup.
    pub manifest: Manifest,
    folder: &'a Path,
    names: Vec<String>,
}

/// Checks that a backup is complete and unchanged.
///
/// # Errors
/// `Conflict` with a detail.
pub fn verify(folder: &Path) -> Result<Verified<'_>> {
    let text = read(&folder.join(MANIFEST))?;
    let manifest: Manifest =
        serde_json::from_str(&text).map_err(|_| broken("manifest.json is not the manifest of a backup."))?;
    if manifest.format != FORMAT {
        return Err(broken(
            "The backup was written by a newer version of TaskHub. Restore it with that version.",
        ));
    }
    let names = check_digests(folder)?;
    let has = |name: &str| names.iter().any(|known| known == name);
    let files = names.iter().filter(|name| name.starts_with("files/")).count() as u64;
    let keys = manifest.keys.iter().all(|key| has(&format!("keys/{key}")));
    if has(MANIFEST) && has(manifest.database()) && files == manifest.files && keys {
        return Ok(Verified { manifest, folder, names });
    }
    Err(broken("SHA256SUMS does not list every file of the backup."))
}

/// Restores a backup into an empty installation.
///
/// # Errors
/// `Conflict` with a detail if the backup does not match the installation, or the installation is
/// not empty. Nothing was changed then. `Unavailable` if something cannot be read or written. Then
/// the installation must be emptied before the next attempt.
pub async fn restore(into: &Installation<'_>, backup: &Verified<'_>) -> Result<()> {
    let manifest = &backup.manifest;
    check_fit(into, manifest)?;
    check_empty(into).await?;
    // The files come first, so the database never refers to a missing file.
    put_files(into.blob_store, backup).await?;
    into.database.load(&backup.folder.join(manifest.database())).await?;
    let rows = into.database.counts().await?;
    if rows != manifest.rows {
        let different = rows.iter().find(|(table, rows)| manifest.rows.get(*table) != Some(*rows));
        let table = different.map_or("a table", |(table, _)| table.as_str());
        return Err(Error::internal(format!("{table} has another number of rows than in the backup")));
    }
    into.database.analyze().await
}

fn check_fit(into: &Installation<'_>, manifest: &Manifest) -> Result<()> {
    if manifest.engine != into.database.engine() {
        return Err(broken(
            "The backup is of another database engine. Restore it into a database of the same engine.",
        ));
    }
    crate::kernel::repository::check_known(&manifest.migrations)?;
    if manifest.key_fingerprint != into.fingerprint {
        return Err(broken(
            "The encryption key of this installation is not the key of the backup. Set \
             TASKHUB_ENCRYPTION_KEY_FILE to the file of the backup's key. If the backup contains the key, move \
             the present key file away and use --with-keys.",
        ));
    }
    Ok(())
}

async fn check_empty(into: &Installation<'_>) -> Result<()> {
    if !into.database.counts().await?.is_empty() {
        return Err(broken("The database has tables already. Restore into an empty database."));
    }
    if std::pin::pin!(into.blob_store.list()).try_next().await?.is_some() {
        return Err(broken("The file store has files already. Restore into an empty file store."));
    }
    Ok(())
}

async fn put_files(blob_store: &BlobStore, backup: &Verified<'_>) -> Result<()> {
    for name in backup.names.iter().filter_map(|name| name.strip_prefix("files/")) {
        let ids = name
            .split_once('/')
            .and_then(|(tenant, id)| Some((tenant.parse::<Uuid>().ok()?, id.parse::<Uuid>().ok()?)));
        let (tenant, id) =
            ids.ok_or_else(|| broken(format!("files/{name} must be named files/<tenant>/<id>.")))?;
        let path = backup.folder.join("files").join(name);
        let unread = |error: std::io::Error| failed(&path, &error);
        let mut file = File::open(&path).map_err(unread)?;
        let (mut receiving, mut piece) = (blob_store.receive(tenant, id), vec![0; PIECE]);
        loop {
            let length = file.read(&mut piece).map_err(unread)?;
            if length == 0 {
                break;
            }
            receiving.take(Bytes::copy_from_slice(piece.get(..length).unwrap_or_default())).await?;
        }
        receiving.finish().await?;
    }
    Ok(())
}
