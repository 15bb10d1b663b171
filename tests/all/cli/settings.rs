//! Every setting is a flag, a variable and a line of `.env.example`. A wrong value is refused with
//! a sentence.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use serde_json::Value;
use tempfile::TempDir;

use super::taskhub;
use crate::process::{command, run};

#[test]
fn help_shows_flag_variable_and_default_of_every_setting() {
    let folder = TempDir::new().unwrap();
    let help = taskhub(folder.path(), "--help").said();
    let variables = taskhub::cli::variables();
    assert!(variables.len() > 20, "{variables:?}");
    for (variable, _) in variables {
        let (before, _) =
            help.split_once(&format!("[env: {variable}")).unwrap_or_else(|| panic!("{variable}"));
        let entry = &before[before.rfind("\n      --").unwrap()..];
        let flag = variable.strip_prefix("TASKHUB_").unwrap_or(&variable).to_lowercase().replace('_', "-");
        assert!(entry.contains(&format!("--{flag} <")), "{variable}: {entry}");
        assert!(entry.trim().lines().count() > 1, "{variable} is not explained");
        let after = help.split_once(&format!("[env: {variable}")).unwrap().1;
        let after = &after[..after.find("\n      --").unwrap_or(after.len())];
        let optional = entry.contains("Default:")
            || ["FILE", "DIR", "PROXIES", "ORIGINS", "PORT"].iter().any(|end| variable.ends_with(end));
        assert!(optional || after.contains("[default: "), "{variable} shows no default: {after}");
    }
    for command in ["serve", "migrate", "seed", "wipe", "tenant", "user", "token", "keys", "openapi"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
        assert!(taskhub(folder.path(), &format!("{command} --help")).ok);
    }
}

#[test]
fn example_env_names_every_variable() {
    let example = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../.env.example")).unwrap();
    for (variable, _) in taskhub::cli::variables() {
        let line = example
            .lines()
            .find(|line| line.trim_start_matches(['#', ' ']).starts_with(&format!("{variable}=")));
        assert!(line.is_some(), "{variable} is missing in .env.example");
    }
}

#[test]
fn invalid_setting_is_refused_with_a_message() {
    let folder = TempDir::new().unwrap();
    let wrong = [
        ("--database-url oracle://db", "expected sqlite://…, postgres://… or mysql://…"),
        ("--database-url sqlite::memory:", "a database in memory is not supported"),
        ("--database-url postgres://hub:secret@db:99999/hub", "a port from 1 to 65535"),
        ("--listen nonsense", "expected an address and a port from 0 to 65535, such as 0.0.0.0:8080"),
        ("--listen 127.0.0.1:99999", "expected an address and a port from 0 to 65535, such as 0.0.0.0:8080"),
        ("--port 99999", "1..=65535"),
        ("--public-url ftp://example.com", "expected http://… or https://…"),
        ("--cors-origins https://example.com/path", "without a path"),
        ("--trusted-proxies somewhere", "invalid IP address"),
        ("--workers 0", "1..=256"),
        ("--rate-principal 0", "1..=1000000000"),
        ("--access-token-seconds 1", "10..=86400"),
        ("--body-limit 1", "1024..=67108864"),
        ("--token-algorithm none", "--token-algorithm"),
        ("--registration sometimes", "possible values: open, invitation, closed"),
        ("--mail sometimes", "expected off, files, smtp://user:password@host:port or smtps://…"),
        ("--mail-from nobody", "--mail-from"),
        ("--app-url app.example.com", "expected http://… or https://…"),
        ("--profile staging", "possible values: development, production"),
        ("--log inof", "“inof” is neither a level"),
        ("--log info,taskhub=loud", "“taskhub=loud” is neither a level"),
        ("--database-url-file nowhere", "DATABASE_URL_FILE cannot be read from nowhere"),
        ("--mail smtp://mail.invalid", "the host mail.invalid was not found"),
        ("--files file:///proc", "the folder /proc is not writable"),
        ("--files s3://bucket", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"),
        ("--signing-keys-file nowhere.json", "The signing keys in nowhere.json cannot be read"),
        ("--profile production --public-url https://example.com", "There are no signing keys"),
        ("--nonsense", "unexpected argument"),
    ];
    for (flags, sentence) in wrong {
        let args: Vec<_> = ["serve"].into_iter().chain(flags.split(' ')).collect();
        // Port 0 is free, whatever else runs on this machine.
        let mut serve = command(folder.path(), &args);
        let complaint = run(serve.env("TASKHUB_LISTEN", "127.0.0.1:0"), "").complained();
        assert!(complaint.contains(sentence), "{flags}: {complaint}");
        assert!(!complaint.contains("panicked"), "{complaint}");
        assert!(!folder.path().join("taskhub-data/taskhub.db").exists(), "{flags}: the database was made");
    }
    let mut by_variable = command(folder.path(), &["serve"]);
    let complaint = run(by_variable.env("TASKHUB_LISTEN", "nonsense"), "").complained();
    assert!(complaint.contains("expected an address and a port"), "{complaint}");
    // The password of the database does not appear in the message.
    let mut misspelt = command(folder.path(), &["serve"]);
    let complaint =
        run(misspelt.env("DATABASE_URL", "postgress://hub:wide-green-rivers@db/hub"), "").complained();
    assert!(complaint.contains("expected sqlite://…, postgres://… or mysql://…"), "{complaint}");
    assert!(!complaint.contains("wide-green-rivers"), "{complaint}");
    // The password of the mail server does not, either.
    let mut misspelt = command(folder.path(), &["serve"]);
    let complaint =
        run(misspelt.env("TASKHUB_MAIL", "smpt://hub:wide-green-rivers@mail.example"), "").complained();
    assert!(
        complaint.contains("expected off, files") && !complaint.contains("wide-green-rivers"),
        "{complaint}"
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let flags = format!("serve --listen {}", taken.local_addr().unwrap());
    let complaint = taskhub(folder.path(), &flags).complained();
    assert!(complaint.contains("cannot listen on 127.0.0.1:"), "{complaint}");
}

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
