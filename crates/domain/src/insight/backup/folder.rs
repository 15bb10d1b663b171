//! Writes the folder of a backup, and checks its digests when it is read.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use secrecy::ExposeSecret;
use taskhub_auth::secret::{self, Hashing};

use super::SUMS;
use crate::{Error, Result, kernel::error::Kind};

/// A folder that becomes a backup when it is finished. If it is dropped before, it is removed.
pub(super) struct Partial {
    target: PathBuf,
    folder: PathBuf,
    sums: BTreeMap<String, String>,
    finished: bool,
}

/// A file of the backup that is being written.
pub(super) struct Growing {
    name: String,
    file: File,
    hash: Hashing,
    size: u64,
}

impl Partial {
    /// Creates the folder, beside its target and under a temporary name.
    pub(super) fn begin(target: &Path) -> Result<Self> {
        if fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_some()) || target.is_file() {
            let filled = format!("{} must be an empty folder or not exist.", target.display());
            return Err(Error::with(Kind::Conflict, filled));
        }
        let target = std::path::absolute(target).map_err(|error| failed(target, &error))?;
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(Error::with(
                Kind::Conflict,
                "The path of a backup must end with the name of a folder, like /backups/monday.",
            ));
        };
        let random = secret::opaque();
        let random = random.expose_secret().get(..8).unwrap_or_default();
        let folder = parent.join(format!(".{}.partial-{random}", name.display()));
        make_folder(&folder)?;
        Ok(Self { target, folder, sums: BTreeMap::new(), finished: false })
    }

    /// The path of a name in the folder. Creates the parent folder.
    pub(super) fn path(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        path.parent().map_or(Ok(()), make_folder)?;
        Ok(path)
    }

    /// Makes a file that was written by others durable, and computes its digest.
    pub(super) fn seal(&mut self, name: &str) -> Result<()> {
        let path = self.path(name)?;
        let synced = File::open(&path).and_then(|file| file.sync_all());
        synced.map_err(|error| failed(&path, &error))?;
        self.sums.insert(name.to_owned(), digest(&path)?);
        Ok(())
    }

    /// Writes a small file.
    pub(super) fn put(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut file = self.create(name)?;
        file.write(bytes)?;
        self.keep(file).map(drop)
    }

    /// Creates a file.
    pub(super) fn create(&self, name: &str) -> Result<Growing> {
        let path = self.path(name)?;
        let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = created.map_err(|error| failed(&path, &error))?;
        Ok(Growing { name: name.to_owned(), file, hash: Hashing::default(), size: 0 })
    }

    /// Makes a file durable. Returns its size.
    pub(super) fn keep(&mut self, file: Growing) -> Result<u64> {
        file.file.sync_all().map_err(|error| failed(Path::new(&file.name), &error))?;
        self.sums.insert(file.name, HEXLOWER.encode(&file.hash.finish()));
        Ok(file.size)
    }

    /// Renames the folder to its target.
    pub(super) fn finish(mut self) -> Result<()> {
        let lines: Vec<_> = self.sums.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
        self.put(SUMS, lines.concat().as_bytes())?;
        let done = || {
            sync_folders(&self.folder)?;
            fs::rename(&self.folder, &self.target)?;
            self.target.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
        };
        done().map_err(|error| failed(&self.target, &error))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, folder = %self.folder.display(), "could not remove an unfinished backup");
        }
    }
}

impl Growing {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|error| failed(Path::new(&self.name), &error))
    }
}

/// Checks the digests of all files of a backup. Returns the names of the files.
pub(super) fn check_digests(folder: &Path) -> Result<Vec<String>> {
    let sums = read(&folder.join(SUMS))?;
    let mut names = Vec::new();
    for line in sums.lines() {
        let Some((sum, name)) = line.split_once("  ") else {
            return Err(broken("SHA256SUMS must have a digest and the name of a file on each line."));
        };
        // The list must not refer to files outside the backup.
        if name.starts_with('/') || name.split('/').any(|part| part == "..") {
            return Err(broken(format!("SHA256SUMS names {name}, which is outside the backup.")));
        }
        if digest(&folder.join(name))? != sum {
            return Err(broken(format!(
                "{name} is not the file that was backed up: its digest differs from that in SHA256SUMS."
            )));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

/// Reads a text file of a backup.
pub(super) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| {
        broken(format!("The backup is incomplete: {} cannot be read ({error}).", path.display()))
    })
}

pub(super) fn broken(sentence: impl Into<String>) -> Error {
    Error::with(Kind::Conflict, sentence)
}

pub(super) fn failed(path: &Path, error: &io::Error) -> Error {
    Error::with(Kind::Unavailable, format!("{} cannot be read or written: {error}", path.display()))
}

/// The SHA-256 of a file, in hexadecimal.
fn digest(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(|error| failed(path, &error))?;
    let (mut hash, mut piece) = (Hashing::default(), vec![0; 64 << 10]);
    loop {
        let length = file.read(&mut piece).map_err(|error| failed(path, &error))?;
        if length == 0 {
            return Ok(HEXLOWER.encode(&hash.finish()));
        }
        hash.update(piece.get(..length).unwrap_or_default());
    }
}

fn make_folder(folder: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| failed(folder, &error))
}

/// Makes the entries of a folder and of its subfolders durable.
fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    File::open(folder)?.sync_all()
}
