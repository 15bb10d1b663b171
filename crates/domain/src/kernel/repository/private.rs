//! The files of an embedded database are its owner's alone.
//!
//! SQLite makes the files beside the database (`-wal`, `-shm`) with the mode of the database
//! itself.

use std::{
    fs::{self, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// What nobody but the owner may do.
const OTHERS: u32 = 0o077;

/// Makes a database's file, if there is none, and takes from others what they may do with its
/// files.
///
/// # Errors
/// When the file can't be made. That a mode can't be changed is logged: the files may be another
/// user's.
pub(super) fn keep(database: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(database) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut file = database.as_os_str().to_owned();
        file.push(end);
        tighten(&PathBuf::from(file));
    }
    Ok(())
}

fn tighten(file: &Path) {
    let Ok(mode) = fs::metadata(file).map(|file| file.permissions().mode()) else { return };
    if mode & OTHERS == 0 {
        return;
    }
    match fs::set_permissions(file, Permissions::from_mode(mode & !OTHERS)) {
        Ok(()) => {
            tracing::info!(file = %file.display(), "others could read the database: its mode is 0600 now");
        }
        Err(error) => tracing::warn!(file = %file.display(), %error, "others can read the database"),
    }
}
