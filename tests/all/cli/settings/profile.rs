//! Private key files, the production profile, the port, and the OpenAPI document.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    cli::taskhub,
    process::{command, run},
};

#[test]
fn key_files_are_private_and_never_overwritten() {
    let folder = TempDir::new().unwrap();
    let said = taskhub(folder.path(), "keys generate").said();
    let path = folder.path().join("taskhub-data/signing-keys.json");
    assert!(said.contains("signing-keys.json has a new EdDSA key"), "{said}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read_to_string(&path).unwrap();
    assert!(
        !said.contains(serde_json::from_str::<Value>(&before).unwrap()["keys"][0]["d"].as_str().unwrap())
    );
    let complaint = taskhub(folder.path(), "keys generate").complained();
    assert!(complaint.contains("cannot be written"), "{complaint}");
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    for algorithm in ["ES256", "RS256", "HS256"] {
        let file = format!("{algorithm}.json");
        let flags = format!("keys generate --token-algorithm {algorithm} --signing-keys-file {file}");
        let _ = taskhub(folder.path(), &flags).said();
        // The new key signs tokens.
        let _ = taskhub(folder.path(), &format!("token --operator --signing-keys-file {file}")).said();
    }
    fs::write(folder.path().join("broken.json"), "{}").unwrap();
    let complaint = taskhub(folder.path(), "token --operator --signing-keys-file broken.json").complained();
    assert!(complaint.contains("broken.json cannot be used"), "{complaint}");
}

#[test]
fn openapi_command_prints_the_document() {
    let folder = TempDir::new().unwrap();
    let printed = taskhub(folder.path(), "openapi").said();
    let document: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(document, taskhub::openapi::build().unwrap());
    let yaml = taskhub(folder.path(), "openapi --yaml").said();
    assert!(yaml.starts_with("openapi: 3.1.0\n"));
    // The command creates no folder and no database.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn server_starts_with_the_production_profile() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let _ = taskhub(folder.path(), "keys generate").said();
        let keys = "taskhub-data/signing-keys.json";
        let flags = [
            "--profile",
            "production",
            "--encryption-key-file",
            "taskhub-data/encryption-key",
            "--signing-keys-file",
            keys,
            "--public-url",
            "https://hub.example.com/",
        ];
        let server = crate::process::Served::start(folder.path(), &flags).await;
        let _ = server.gives(401, "GET", "/tasks", "", Value::Null).await;
        let log = tokio::time::timeout(Duration::from_secs(30), server.stop()).await.unwrap();
        for line in log.lines() {
            assert!(serde_json::from_str::<Value>(line).is_ok(), "a line that is no JSON: {line}");
        }
    });
}

#[test]
fn port_variable_sets_the_port() {
    let listen = |flags: &[&str]| taskhub::config::Settings::from_flags(flags).unwrap().listen().to_string();
    assert_eq!(listen(&[]), "127.0.0.1:8080");
    assert_eq!(listen(&["--port", "9000"]), "0.0.0.0:9000");
    assert_eq!(listen(&["--port", "9000", "--listen", "127.0.0.1:7000"]), "127.0.0.1:7000");
    let folder = TempDir::new().unwrap();
    let mut by_variable = command(folder.path(), &["serve"]);
    let complaint = run(by_variable.env("PORT", "port"), "").complained();
    assert!(complaint.contains("--port"), "{complaint}");
}
