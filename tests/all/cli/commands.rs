//! Runs every command of the program.

use std::fs;

use tempfile::TempDir;

use super::{taskhub, taskhub_with};
use crate::process::{Served, command};

const PASSWORD: &str = "wide-green-rivers";

/// One command line per command, in an order in which each finds the data that it needs. `KID` is
/// the retired signing key.
const TYPED: &[&str] = &[
    "openapi",
    "keys generate",
    "keys list",
    "keys rotate --publish-seconds 0",
    "keys remove KID",
    "migrate up",
    "migrate status",
    "tenant create Acme",
    "tenant list",
    "tenant quota acme --max-bytes 1000000 --max-files 100",
    "tenant suspend acme",
    "tenant activate acme",
    "tenant invite",
    "user create --tenant acme --email ada@acme.example --username ada --role admin",
    "user set-password --tenant acme --email ada@acme.example",
    "token --operator",
    "backup copy",
    "wipe --yes",
    "seed --tasks 0",
];
/// Commands that other tests run.
const ELSEWHERE: &[&str] = &["serve", "migrate down", "restore"];

#[test]
fn every_command_succeeds() {
    let folder = TempDir::new().unwrap();
    for line in TYPED {
        let line = line.replace("KID", &retired(&folder));
        let ran = taskhub_with(folder.path(), &line, PASSWORD);
        assert!(ran.ok, "taskhub {line}: {ran:?}");
    }
    for command in taskhub::cli::commands() {
        let is_run = TYPED.iter().chain(ELSEWHERE).any(|line| line.starts_with(&command));
        assert!(is_run, "`taskhub {command}` is not run by a test");
        let help = taskhub(folder.path(), &format!("{command} --help")).said();
        assert!(help.contains("--database-url"), "{command}: {help}");
    }
}

/// The id of the first signing key, which `keys rotate` retires.
fn retired(folder: &TempDir) -> String {
    let keys = fs::read_to_string(folder.path().join("taskhub-data/signing-keys.json")).unwrap_or_default();
    let keys: serde_json::Value = serde_json::from_str(&keys).unwrap_or_default();
    keys["keys"][0]["kid"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn quota_set_by_the_operator_is_enforced() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let _ = taskhub(folder.path(), "tenant create Acme").said();
        let said = taskhub(folder.path(), "tenant quota acme --max-bytes 1000 --max-files 3").said();
        assert_eq!(said.trim(), "The quota of acme is now 3 files and 1000 bytes.");
        let create = "user create --tenant acme --email ada@acme.example --username ada --role admin";
        let _ = taskhub_with(folder.path(), create, PASSWORD).said();
        let server = Served::start(folder.path(), &[]).await;
        let body = serde_json::json!({ "email": "ada@acme.example", "password": PASSWORD });
        let pair = server.gives(200, "POST", "/auth/token", "", body).await;
        let token = pair["access_token"].as_str().unwrap();
        let tenant = server.gives(200, "GET", "/tenant", token, serde_json::Value::Null).await;
        assert_eq!((&tenant["file_bytes_quota"], &tenant["file_count_quota"]), (&1000.into(), &3.into()));
        let _ = server.stop().await;
    });
}

#[test]
fn unwritable_output_is_a_failure() {
    let folder = TempDir::new().unwrap();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = command(folder.path(), &["keys", "generate"]).stdout(full).output().unwrap();
    let complaint = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success() && complaint.contains("The output cannot be written"), "{complaint}");
}

#[test]
fn seed_is_refused_in_production() {
    let folder = TempDir::new().unwrap();
    let complaint = taskhub(folder.path(), "seed --profile production").complained();
    assert!(complaint.contains("Demonstration data is for a development server"), "{complaint}");
}
