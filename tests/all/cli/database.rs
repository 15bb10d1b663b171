//! Migrations, demonstration data, and wiping.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::taskhub;
use crate::process::{LIFTED, Served};

#[test]
fn migrations_go_up_and_down() {
    let folder = TempDir::new().unwrap();
    let status = || taskhub(folder.path(), "migrate status").said();
    assert!(status().lines().all(|line| line.starts_with("missing ")), "{}", status());
    let up = taskhub(folder.path(), "migrate up").said();
    assert!(up.contains("applied m0001_core"), "{up}");
    assert_eq!(taskhub(folder.path(), "migrate").said(), up);
    assert_eq!(status(), up);
    let down = taskhub(folder.path(), &format!("migrate down --steps {}", up.lines().count())).said();
    assert!(down.lines().all(|line| line.starts_with("missing ")), "{down}");
    assert_eq!(taskhub(folder.path(), "migrate up").said(), up);
    // A server that may not migrate does not serve an old schema.
    let _ = taskhub(folder.path(), &format!("migrate down --steps {}", up.lines().count())).said();
    let complaint = taskhub(folder.path(), "serve --migrate false --listen 127.0.0.1:0").complained();
    assert!(!complaint.contains("panicked"), "{complaint}");
}

#[test]
fn demonstration_data_can_be_used_at_once() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let said = taskhub(folder.path(), "seed --tenants 2 --tasks 30").said();
        assert!(said.contains("2 tenants with 30 tasks each"), "{said}");
        let tokens = fs::read_to_string(folder.path().join("test_tokens.json")).unwrap();
        let tokens: Value = serde_json::from_str(&tokens).unwrap();
        assert_eq!(tokens["tenants"].as_array().unwrap().len(), 2);
        // The issuer is the public URL: the same as when the tokens were made.
        let flags = [&LIFTED[..], &["--public-url", "http://127.0.0.1:8080"]].concat();
        let server = Served::start(folder.path(), &flags).await;
        let mut seen = Vec::new();
        for tenant in tokens["tenants"].as_array().unwrap() {
            let users = tenant["users"].as_array().unwrap();
            assert_eq!(users.len(), 6);
            for user in users {
                let token = user["access_token"].as_str().unwrap();
                let profile = server.gives(200, "GET", "/auth/profile", token, Value::Null).await;
                assert_eq!((&profile["id"], &profile["role"]), (&user["id"], &user["role"]));
                let tasks = server.gives(200, "GET", "/tasks?page_size=200", token, Value::Null).await;
                assert!(tasks["count"].as_i64().unwrap() >= 30, "{tasks}");
                seen.extend(tasks["results"].as_array().unwrap().iter().map(|task| task["id"].to_string()));
            }
            let body = serde_json::json!({ "email": users[0]["email"], "password": tokens["password"] });
            let _ = server.gives(200, "POST", "/auth/token", "", body).await;
        }
        seen.sort_unstable();
        seen.dedup();
        // And four of an office each, which managers see.
        assert_eq!(seen.len(), 68);
        let _ = server.stop().await;
    });
}

#[test]
fn wiping_asks_and_is_for_development() {
    let folder = TempDir::new().unwrap();
    let _ = taskhub(folder.path(), "tenant create Acme").said();
    let kept = || taskhub(folder.path(), "tenant list").said().contains("acme");
    let complaint = taskhub(folder.path(), "wipe").complained();
    assert!(complaint.contains("--yes") && kept(), "{complaint}");
    let keys = "--signing-keys-file taskhub-data/signing-keys.json --encryption-key-file taskhub-data/encryption-key --public-url https://hub.example.com";
    let complaint = taskhub(folder.path(), &format!("wipe --yes --profile production {keys}")).complained();
    assert!(complaint.contains("development") && kept(), "{complaint}");
    let said = taskhub(folder.path(), "wipe --yes").said();
    assert!(said.contains("empty") && !kept(), "{said}");
    let _ = taskhub(folder.path(), "tenant create Acme").said();
}
