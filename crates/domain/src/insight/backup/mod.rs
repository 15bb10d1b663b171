//! Backups: the database, the files and, on request, the keys, in one folder.
//!
//! ```text
//! manifest.json            what the backup is of: version, schema, rows by table, files
//! SHA256SUMS               the digest of everything else, as `sha256sum --check` reads it
//! database.…               the database at one instant
//! files/<tenant>/<id>      the files, which were copied after the database
//! keys/                    the keys, if they were asked for
//! ```
//!
//! Invariant: a folder with the backup's name is a whole backup. It is written under another name, made durable and renamed
//! at the end. Every file of which the database's copy speaks was there before that copy was made, and so is in the backup,
//! unless it was removed meanwhile.

mod folder;
mod restore;

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
};

use futures::{StreamExt, TryStreamExt};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::folder::Partial;
pub use self::restore::{Verified, restore, verify};
use crate::{
    Error, Instant, Result,
    kernel::{
        error::Kind,
        repository::{Conn, Database, Engine},
    },
    work::file::BlobStore,
};

/// The form of the folder.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const SUMS: &str = "SHA256SUMS";

/// What is backed up, or restored into.
#[derive(Debug)]
pub struct Installation<'a> {
    /// The database.
    pub database: &'a Database,
    /// Where files lie.
    pub blob_store: &'a BlobStore,
    /// The fingerprint of the encryption key.
    pub fingerprint: &'a str,
}

/// What a backup is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the folder.
    pub format: u32,
    /// The version of TaskHub that wrote it.
    pub version: String,
    /// When it was begun.
    pub created_at: String,
    /// The kind of the database.
    pub engine: Engine,
    /// The migrations that the database has.
    pub migrations: Vec<String>,
    /// The fingerprint of the encryption key that the database is used with.
    pub key_fingerprint: String,
    /// How many rows each table has.
    pub rows: BTreeMap<String, i64>,
    /// How many files there are.
    pub files: u64,
    /// How many bytes they have.
    pub file_bytes: u64,
    /// The files that the database speaks of and that were missing.
    pub missing_files: Vec<String>,
    /// The names of the keys in the backup.
    pub keys: Vec<String>,
}

impl Manifest {
    /// The name of the database's copy.
    fn database(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite => "database.sqlite",
            Engine::Postgres => "database.dump",
            Engine::MySql => "database.sql",
        }
    }
}

/// Backs up an installation into a folder that is not there or is empty. The server may run meanwhile.
///
/// # Errors
/// `Conflict` when the folder is filled, the database is unfinished or its key is another; `Unavailable` when something
/// can't be read or written.
pub async fn create(
    from: &Installation<'_>,
    (version, at): (&str, Instant),
    keys: &[(&str, SecretString)],
    folder: &Path,
) -> Result<Manifest> {
    let mut partial = Partial::begin(folder)?;
    let mut manifest = Manifest {
        format: FORMAT,
        version: version.to_owned(),
        created_at: at.to_string(),
        engine: from.database.engine(),
        migrations: applied(from.database).await?,
        key_fingerprint: checked_fingerprint(from).await?,
        rows: BTreeMap::new(),
        files: 0,
        file_bytes: 0,
        missing_files: Vec::new(),
        keys: keys.iter().map(|(name, _)| (*name).to_owned()).collect(),
    };
    let expected = from.database.files().await?;
    manifest.rows = from.database.dump(&partial.path(manifest.database())?).await?;
    partial.seal(manifest.database())?;
    let copied = copy_files(from.blob_store, &mut partial, &mut manifest).await?;
    manifest.missing_files = missing(from.database, expected, &copied).await?;
    for (name, key) in keys {
        partial.put(&format!("keys/{name}"), key.expose_secret().as_bytes())?;
    }
    let text = serde_json::to_string_pretty(&manifest).map_err(Error::internal)?;
    partial.put(MANIFEST, text.as_bytes())?;
    partial.finish()?;
    Ok(manifest)
}

/// The migrations of a database of which none is unfinished.
async fn applied(database: &Database) -> Result<Vec<String>> {
    let migrations = database.migrations().await?;
    let applied: Vec<_> = migrations.into_iter().filter(|it| it.applied).map(|it| it.name).collect();
    if applied.is_empty() {
        let nothing = "There is nothing to back up: the database has no schema of TaskHub's.";
        return Err(Error::with(Kind::Conflict, nothing));
    }
    Ok(applied)
}

/// The fingerprint of the encryption key, if it is the one that the database was used with.
async fn checked_fingerprint(from: &Installation<'_>) -> Result<String> {
    let conn = Conn::Pool(from.database.open_writer().await?, None);
    // A schema of an older version has no fingerprint.
    let recorded = crate::kernel::repository::key_fingerprint(&conn).await.unwrap_or_default();
    if recorded.is_some_and(|recorded| recorded != from.fingerprint) {
        return Err(Error::with(Kind::Conflict, crate::kernel::repository::WRONG_KEY));
    }
    Ok(from.fingerprint.to_owned())
}

async fn copy_files(
    blob_store: &BlobStore,
    partial: &mut Partial,
    manifest: &mut Manifest,
) -> Result<HashSet<(Uuid, Uuid)>> {
    let mut copied = HashSet::new();
    let mut objects = std::pin::pin!(blob_store.list());
    while let Some((tenant, id)) = objects.try_next().await? {
        // One that is gone was removed after it was listed.
        let Some(mut bytes) = blob_store.whole(tenant, id).await? else { continue };
        let mut file = partial.create(&format!("files/{tenant}/{id}"))?;
        while let Some(piece) = bytes.next().await {
            file.write(&piece?)?;
        }
        manifest.file_bytes += partial.keep(file)?;
        manifest.files += 1;
        copied.insert((tenant, id));
    }
    Ok(copied)
}

/// The files that were expected and not copied, and that the database still speaks of.
async fn missing(
    database: &Database,
    expected: HashSet<(Uuid, Uuid)>,
    copied: &HashSet<(Uuid, Uuid)>,
) -> Result<Vec<String>> {
    let lost: Vec<_> = expected.into_iter().filter(|ids| !copied.contains(ids)).collect();
    if lost.is_empty() {
        return Ok(Vec::new());
    }
    let still = database.files().await?;
    let lost = lost.into_iter().filter(|ids| still.contains(ids));
    Ok(lost.map(|(tenant, id)| format!("{tenant}/{id}")).collect())
}
