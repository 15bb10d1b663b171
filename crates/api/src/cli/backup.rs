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

/// What the keys are called in a backup.
const ENCRYPTION_KEY: &str = "encryption-key";
const SIGNING_KEYS: &str = "signing-keys.json";

#[derive(Args, Debug)]
pub(super) struct Backup {
    /// The folder to write; it must not be there, or be empty
    folder: PathBuf,
    /// Back up the encryption key and the signing keys too: keep such a backup as secret as they are
    #[arg(long)]
    with_keys: bool,
}

#[derive(Args, Debug)]
pub(super) struct Restore {
    /// The folder that `taskhub backup` wrote
    folder: PathBuf,
    /// Restore the keys too, where there are none
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
            complain(format_args!("the file {file} is missing, and so it is not in the backup"));
        }
        let contents = contents(&manifest, !manifest.keys.is_empty());
        say(format_args!("The backup in {} has {contents}.", self.folder.display()))?;
        match manifest.missing_files.len() {
            0 => Ok(()),
            missing => Err(StartError::Setting(format!(
                "The backup is incomplete: {missing} of the files that the database names are not in the file store."
            ))),
        }
    }
}

impl Restore {
    pub(super) async fn run(self, settings: &Settings) -> Result<(), StartError> {
        // Nothing is written before the backup is found to be whole.
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
        say(format_args!("Restored {contents} of {}.", kept.manifest.created_at))
    }

    /// Writes the keys to where the settings name them. A key that is there stays.
    fn write_keys(&self, settings: &Settings, manifest: &Manifest) -> Result<(), StartError> {
        if manifest.keys.is_empty() {
            return Err(StartError::Setting("This backup has no keys.".to_owned()));
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

/// Refuses to go on without the encryption key: one that is made now would open nothing.
fn has_encryption_key(settings: &Settings) -> Result<(), StartError> {
    let path = settings.encryption_file();
    if path.exists() {
        return Ok(());
    }
    let shown = path.display();
    Err(StartError::Setting(format!(
        "There is no encryption key at {shown}. Name the file of the key that the database was used with in TASKHUB_ENCRYPTION_KEY_FILE."
    )))
}

fn read_keys(settings: &Settings) -> Result<Vec<(&'static str, SecretString)>, StartError> {
    Ok(vec![
        (ENCRYPTION_KEY, read(&settings.encryption_file())?),
        (SIGNING_KEYS, read(&settings.keys_file())?),
    ])
}

fn read(path: &Path) -> Result<SecretString, StartError> {
    let unread = |why| StartError::File { what: format!("{} can't be read", path.display()), why };
    fs::read_to_string(path).map(SecretString::from).map_err(unread)
}

/// What was backed up or restored, for people.
fn contents(manifest: &Manifest, with_keys: bool) -> String {
    let rows: i64 = manifest.rows.values().sum();
    let Manifest { files, file_bytes, .. } = manifest;
    let with_keys = if with_keys { "and the keys" } else { "without the keys" };
    format!("{rows} rows of {} tables, {files} files of {file_bytes} bytes, {with_keys}", manifest.rows.len())
}
