//! Wiping the database.

use tempfile::TempDir;

use crate::cli::taskhub;

#[test]
fn wipe_requires_confirmation_and_a_development_profile() {
    let folder = TempDir::new().unwrap();
    let _ = taskhub(folder.path(), "tenant create Acme").said();
    let kept = || taskhub(folder.path(), "tenant list").said().contains("acme");
    let complaint = taskhub(folder.path(), "wipe").complained();
    assert!(complaint.contains("--yes") && kept(), "{complaint}");
    let keys = "--signing-keys-file taskhub-data/signing-keys.json --encryption-key-file taskhub-data/encryption-key --public-url https://hub.example.com";
    let complaint = taskhub(folder.path(), &format!("wipe --yes --profile production {keys}")).complained();
    assert!(complaint.contains("development") && kept(), "{complaint}");
    let said = taskhub(folder.path(), "wipe --yes").said();
    assert!(said.contains("no rows") && !kept(), "{said}");
    let _ = taskhub(folder.path(), "tenant create Acme").said();
}
