//! Backups: the database, the files and, on request, the keys, in one folder.
//!
//! ```text
//! manifest.json            what the backup contains: version, schema, rows by table, files
//! SHA256SUMS               the digests of all other files, for `sha256sum --check`
//! database.…               the database at one point in time
//! files/<tenant>/<id>      the files, copied after the database
//! keys/                    the keys, if they were requested
//! ```
//!
//! Invariant: a folder with the name of the backup is a complete backup. It is written under
//! another name, made durable, and then renamed. A file is stored before the row that refers to it,
//! and the files are copied after the database. So the backup has every file that its database
//! refers to, unless the file was removed during the backup.

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

/// The version of the format.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const SUMS: &str = "SHA256SUMS";

/// The source of a backup, or the target of a restore.
#[derive(Debug)]
pub struct Installation<'a> {
    /// The database.
    pub database: &'a Database,
    /// The blob store.
    pub blob_store: &'a BlobStore,
    /// The fingerprint of the encryption key.
    pub fingerprint: &'a str,
}

/// The description of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the format.
    pub format: u32,
    /// The version of TaskHub that wrote the backup.
    pub version: String,
    /// When the backup began.
    pub created_at: String,
    /// The database engine.
    pub engine: Engine,
    /// The applied migrations.
    pub migrations: Vec<String>,
    /// The fingerprint of the encryption key of the database.
    pub key_fingerprint: String,
    /// The number of rows of each table.
    pub rows: BTreeMap<String, i64>,
    /// The number of files.
    pub files: u64,
    /// The total size of the files, in bytes.
    pub file_bytes: u64,
    /// The files that the database refers to and that were missing.
    pub missing_files: Vec<String>,
    /// The names of the keys in the backup.
    pub keys: Vec<String>,
}

impl Manifest {
    /// The name of the copy of the database.
    fn database(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite => "database.sqlite",
            Engine::Postgres => "database.dump",
            Engine::MySql => "database.sql",
        }
    }
}

/// Backs up an installation into a folder that is empty or does not exist. The server may run
/// meanwhile.
///
/// # Errors
/// `Conflict` if the folder is not empty, the database has no schema, or the encryption key is not
/// that of the database. `Unavailable` if something cannot be read or written.
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

/// The applied migrations of a database.
async fn applied(database: &Database) -> Result<Vec<String>> {
    let migrations = database.migrations().await?;
    let applied: Vec<_> = migrations.into_iter().filter(|it| it.applied).map(|it| it.name).collect();
    if applied.is_empty() {
        let nothing = "There is nothing to back up: the database has no TaskHub schema.";
        return Err(Error::with(Kind::Conflict, nothing));
    }
    Ok(applied)
}

/// The fingerprint of the encryption key. Fails if the database was used with another key.
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
        // A missing file was removed since it was listed.
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

/// The expected files that were not copied, although the database still refers to them.
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
