//! The setting that says where the bytes are stored.

use tempfile::TempDir;

#[test]
fn files_setting_accepts_a_folder_or_a_bucket() {
    use taskhub::config::Settings;
    let folder = TempDir::new().unwrap();
    let set = |place: &str| {
        Settings::from_flags(&["--data-dir", &folder.path().display().to_string(), "--files", place])
    };
    for right in ["file:///var/files", "s3://bucket", "s3://bucket/a/prefix/"] {
        assert!(set(right).is_ok(), "{right}");
    }
    for wrong in ["", "files", "ftp://x", "file://host/x", "s3://", "s3://bucket?x=y", "https://bucket"] {
        assert!(set(wrong).is_err(), "{wrong}");
    }
}
