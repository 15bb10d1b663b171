//! `taskhub backup` and `taskhub restore`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use secrecy::SecretString;
use taskhub_domain::{
    Clock,
    backup::{self, Installation, Manifest},
};

use super::{complain, say};
use crate::{
    config::Settings,
    state::{StartError, load_cipher, make_folder, open_depot, write_secret},
};

/// The names of the keys in a backup.
const ENCRYPTION_KEY: &str = "encryption-key";
const SIGNING_KEYS: &str = "signing-keys.json";

#[derive(Args, Debug)]
pub(super) struct Backup {
    /// The target folder; it must be absent or empty
    folder: PathBuf,
    /// Also back up the encryption key and the signing keys; keep such a backup as secret as the
    /// keys
    #[arg(long)]
    with_keys: bool,
}

#[derive(Args, Debug)]
pub(super) struct Restore {
    /// The folder that `taskhub backup` wrote
    folder: PathBuf,
    /// Also restore the keys; existing keys are not replaced
    #[arg(long)]
    with_keys: bool,
}

impl Backup {
    pub(super) async fn run(self, settings: &Settings) -> Result<(), StartError> {
        has_encryption_key(settings)?;
        let (cipher, blob_store, database) =
            (load_cipher(settings)?, open_depot(settings)?, settings.database());
        let from =
            Installation { database: &database, blob_store: &blob_store, fingerprint: cipher.fingerprint() };
        let keys = if self.with_keys { read_keys(settings)? } else { Vec::new() };
        let begun = (env!("CARGO_PKG_VERSION"), Clock::System.now());
        let manifest = backup::create(&from, begun, &keys, &self.folder).await?;
        for file in &manifest.missing_files {
            complain(format_args!("the file {file} is missing from the file store and from the backup"));
        }
        let contents = contents(&manifest, !manifest.keys.is_empty());
        say(format_args!("The backup in {} has {contents}.", self.folder.display()))?;
        match manifest.missing_files.len() {
            0 => Ok(()),
            missing => Err(StartError::Setting(format!(
                "The backup is incomplete: {missing} of the files in the database are missing from the file store."
            ))),
        }
    }
}

impl Restore {
    pub(super) async fn run(self, settings: &Settings) -> Result<(), StartError> {
        // Nothing is written before the backup is verified.
        let kept = backup::verify(&self.folder)?;
        make_folder(&settings.data_dir)?;
        if self.with_keys {
            self.write_keys(settings, &kept.manifest)?;
        }
        has_encryption_key(settings)?;
        let (cipher, blob_store, database) =
            (load_cipher(settings)?, open_depot(settings)?, settings.database());
        let into =
            Installation { database: &database, blob_store: &blob_store, fingerprint: cipher.fingerprint() };
        backup::restore(&into, &kept).await?;
        let contents = contents(&kept.manifest, self.with_keys);
        say(format_args!("Restored the backup of {}: {contents}.", kept.manifest.created_at))
    }

    /// Writes the keys to the configured files. Existing files are not replaced.
    fn write_keys(&self, settings: &Settings, manifest: &Manifest) -> Result<(), StartError> {
        if manifest.keys.is_empty() {
            return Err(StartError::Setting("The backup contains no keys.".to_owned()));
        }
        for (name, path) in
            [(ENCRYPTION_KEY, settings.encryption_file()), (SIGNING_KEYS, settings.keys_file())]
        {
            if !path.exists() && manifest.keys.iter().any(|key| key == name) {
                write_secret(&path, &read(&self.folder.join("keys").join(name))?)?;
            }
        }
        Ok(())
    }
}

/// Fails without the encryption key, because a new one could not decrypt the data.
fn has_encryption_key(settings: &Settings) -> Result<(), StartError> {
    let path = settings.encryption_file();
    if path.exists() {
        return Ok(());
    }
    let shown = path.display();
    Err(StartError::Setting(format!(
        "There is no encryption key at {shown}. Set TASKHUB_ENCRYPTION_KEY_FILE to the file of the key with which the database was used."
    )))
}

fn read_keys(settings: &Settings) -> Result<Vec<(&'static str, SecretString)>, StartError> {
    Ok(vec![
        (ENCRYPTION_KEY, read(&settings.encryption_file())?),
        (SIGNING_KEYS, read(&settings.keys_file())?),
    ])
}

fn read(path: &Path) -> Result<SecretString, StartError> {
    let unread = |why| StartError::File { what: format!("{} cannot be read", path.display()), why };
    fs::read_to_string(path).map(SecretString::from).map_err(unread)
}

/// The contents of a backup, for people.
fn contents(manifest: &Manifest, with_keys: bool) -> String {
    let rows: i64 = manifest.rows.values().sum();
    let Manifest { files, file_bytes, .. } = manifest;
    let with_keys = if with_keys { "and the keys" } else { "without the keys" };
    format!("{rows} rows of {} tables, {files} files of {file_bytes} bytes, {with_keys}", manifest.rows.len())
}
