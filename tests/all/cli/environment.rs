//! The sources of settings: `.env`, variables and files with secrets. A setting that cannot be read
//! prevents the start.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use tempfile::TempDir;

use super::taskhub;
use crate::process::{Ran, Served, command, run};

/// Runs `taskhub tenant list` in the folder with this `.env`.
fn with_env(folder: &TempDir, text: &str) -> Ran {
    fs::write(folder.path().join(".env"), text).unwrap();
    taskhub(folder.path(), "tenant list")
}

/// Runs `taskhub tenant list` with the variable.
fn with_variable(folder: &Path, name: &str, value: &str) -> Ran {
    run(command(folder, &["tenant", "list"]).env(name, value), "")
}

#[test]
fn invalid_line_in_dotenv_prevents_the_start() {
    let folder = TempDir::new().unwrap();
    for (text, line, sentence) in [
        (
            "TASKHUB_MAIL_FROM=TaskHub <hub@acme.example>\nTASKHUB_REGISTRATION=closed\n",
            1,
            "expected NAME=value",
        ),
        ("# first\n\nTASKHUB_REGISTRATION\n", 3, "expected NAME=value"),
        ("TASKHUB_LOG=\"info\nTASKHUB_REGISTRATION=closed\n", 1, "expected NAME=value"),
        ("A=1\nTASKHUB_REGISTRATON=closed\n", 2, "Did you mean TASKHUB_REGISTRATION?"),
        ("DATABSE_URL=postgres://hub@db/hub\n", 1, "Did you mean DATABASE_URL?"),
        ("TASKHUB_LOG=info\nTASKHUB_LOG=warn\n", 2, "line 1 already sets TASKHUB_LOG"),
        ("DATABASE_URL=postgres://hub:four$quiet@db/hub\n", 1, "$quiet is not set"),
    ] {
        let complaint = with_env(&folder, text).complained();
        let place = format!("Line {line} of {}/.env", folder.path().canonicalize().unwrap().display());
        assert!(complaint.contains(&place) && complaint.contains(sentence), "{text}: {complaint}");
        assert!(!complaint.contains("four"), "a secret is shown: {complaint}");
    }
    assert!(taskhub(folder.path(), "--help").ok, "help can be read nevertheless");
}

#[test]
fn every_line_of_the_example_env_can_be_set() {
    let folder = TempDir::new().unwrap();
    let example = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../.env.example")).unwrap();
    let _ = with_env(&folder, &example).said();
    // All settings except those that need something outside this folder.
    let elsewhere = ["_FILE=", "TASKHUB_MAIL=", "TASKHUB_FILES=", "_DIR=", "TASKHUB_DATABASE_PASSWORD="];
    let set: Vec<_> = example
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| line.starts_with("TASKHUB_") && !elsewhere.iter().any(|part| line.contains(part)))
        .collect();
    assert!(set.len() > 25, "{set:?}");
    let _ = with_env(&folder, &set.join("\n")).said();
}

#[test]
fn unknown_setting_prevents_the_start() {
    let folder = TempDir::new().unwrap();
    let complaint = with_variable(folder.path(), "TASKHUB_REGISTRATOIN", "closed").complained();
    assert!(
        complaint.contains("There is no setting TASKHUB_REGISTRATOIN. Did you mean TASKHUB_REGISTRATION?")
    );
    for name in ["TASKHUB_TEST_POSTGRES_URL", "TASKHUB_DATABASE_PASSWORD", "TASKHUB_PORT_8080_TCP"] {
        let _ = with_variable(folder.path(), name, "x").said();
    }
}

#[test]
fn only_the_dotenv_of_the_working_directory_is_read_and_logged() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::write(folder.path().join(".env"), "TASKHUB_REGISTRATION=closed\n").unwrap();
        let body = serde_json::json!({
            "organisation": { "name": "Acme" },
            "user": { "email": "ada@acme.example", "username": "ada", "password": "wide-green-rivers" },
        });
        let server = Served::start(&inner, &[]).await;
        let _ = server.gives(201, "POST", "/auth/register", "", body.clone()).await;
        assert!(!server.stop().await.contains(".env"));
        let server = Served::start(folder.path(), &[]).await;
        let _ = server.gives(403, "POST", "/auth/register", "", body).await;
        let said = server.stop().await;
        let file = folder.path().canonicalize().unwrap().join(".env").display().to_string();
        assert!(said.contains(&format!("settings were read from a file file={file}")), "{said}");
    });
}

#[test]
fn secret_is_read_from_a_file() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}/apart.db", folder.path().display());
    fs::write(folder.path().join("url"), format!("{url}\n")).unwrap();
    let _ = with_variable(folder.path(), "DATABASE_URL_FILE", "url").said();
    assert!(folder.path().join("apart.db").exists());
    let mut both = command(folder.path(), &["tenant", "list"]);
    let complaint = run(both.env("DATABASE_URL_FILE", "url").env("DATABASE_URL", url), "").complained();
    assert!(complaint.contains("DATABASE_URL and DATABASE_URL_FILE are both set"), "{complaint}");
    fs::write(folder.path().join("mail"), "smpt://hub:wide-green-rivers@mail.example").unwrap();
    let complaint = with_variable(folder.path(), "TASKHUB_MAIL_FILE", "mail").complained();
    assert!(
        complaint.contains("The file mail of TASKHUB_MAIL_FILE is invalid: expected off, files"),
        "{complaint}"
    );
    assert!(!complaint.contains("wide-green-rivers"), "{complaint}");
}

#[test]
fn sqlite_files_are_private_to_their_owner() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}/hub.db", folder.path().display());
        let server = Served::start(folder.path(), &["--database-url", &url]).await;
        let files = ["hub.db", "hub.db-wal", "hub.db-shm"].map(|name| folder.path().join(name));
        let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode() & 0o777;
        for file in &files {
            assert_eq!(mode(file), 0o600, "{}", file.display());
        }
        let _ = server.stop().await;
        // The permissions of existing files are tightened.
        fs::set_permissions(&files[0], Permissions::from_mode(0o644)).unwrap();
        let server = Served::start(folder.path(), &["--database-url", &url]).await;
        assert!(files.iter().all(|file| mode(file) == 0o600));
        let _ = server.stop().await;
    });
}
