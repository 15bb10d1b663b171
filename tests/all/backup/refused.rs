//! Backups and keys that do not match are refused.

use std::fs;

use tempfile::TempDir;

use crate::process::{Ran, command, run};

#[test]
fn foreign_or_incomplete_backup_is_refused() {
    let folder = TempDir::new().unwrap();
    let taskhub = |args: &str| -> Ran {
        run(&mut command(folder.path(), &args.split_whitespace().collect::<Vec<_>>()), "")
    };
    let _ = taskhub("tenant create Acme").said();
    let _ = taskhub("backup kept").said();
    let complaint = taskhub("backup kept").complained();
    assert!(complaint.contains("must be an empty folder"), "{complaint}");
    // With another key the encrypted values could not be decrypted.
    let _ = taskhub("keys generate --data-dir other").said();
    let complaint = taskhub("restore kept --data-dir other").complained();
    assert!(complaint.contains("not the key of the backup"), "{complaint}");
    let complaint = taskhub("restore kept --data-dir none --with-keys").complained();
    assert!(complaint.contains("no keys"), "{complaint}");
    fs::create_dir(folder.path().join("third")).unwrap();
    fs::copy(folder.path().join("taskhub-data/encryption-key"), folder.path().join("third/encryption-key"))
        .unwrap();
    // A changed file, a missing file, and an unfinished backup.
    let file = |name: &str| folder.path().join("kept").join(name);
    let whole = fs::read(file("database.sqlite")).unwrap();
    let broken = |change: &dyn Fn(), said: &str| {
        change();
        let complaint = taskhub("restore kept --data-dir third").complained();
        assert!(complaint.contains(said), "{complaint}");
    };
    broken(&|| fs::write(file("database.sqlite"), &whole[1..]).unwrap(), "digest");
    fs::write(file("database.sqlite"), &whole).unwrap();
    let manifest = fs::read_to_string(file("manifest.json")).unwrap();
    broken(&|| fs::remove_file(file("manifest.json")).unwrap(), "The backup is incomplete");
    fs::write(file("manifest.json"), manifest).unwrap();
    let said = taskhub("restore kept --data-dir third").said();
    assert!(said.contains("Restored"), "{said}");
    assert!(taskhub("tenant list --data-dir third").said().contains("acme"));
}

#[test]
fn server_with_another_encryption_key_does_not_start() {
    let folder = TempDir::new().unwrap();
    let taskhub = |args: &str| -> Ran {
        run(&mut command(folder.path(), &args.split_whitespace().collect::<Vec<_>>()), "")
    };
    let _ = taskhub("tenant create Acme").said();
    let key = folder.path().join("taskhub-data/encryption-key");
    let right = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    let complaint = taskhub("tenant list").complained();
    assert!(complaint.contains("encryption key is not the key of this database"), "{complaint}");
    fs::write(&key, right).unwrap();
    assert!(taskhub("tenant list").said().contains("acme"));
}
