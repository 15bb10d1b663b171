//! Makes the files of an embedded database accessible only to their owner.
//!
//! SQLite creates the files beside the database (`-wal`, `-shm`) with the mode of the database
//! itself.

use std::{
    fs::{self, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The permissions of everybody but the owner.
const OTHERS: u32 = 0o077;

/// Creates the file of a database with mode 0600 if there is none. Otherwise it removes the
/// permissions of others on the existing files.
///
/// # Errors
/// When the file can't be created. A mode that can't be changed is only logged, because the files
/// may belong to another user.
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
            tracing::info!(file = %file.display(), "removed the permissions of other users on a database file");
        }
        Err(error) => {
            tracing::warn!(file = %file.display(), %error, "other users can access a database file");
        }
    }
}
