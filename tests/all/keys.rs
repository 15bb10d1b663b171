//! Signing keys change while a server runs, and another service verifies tokens with the public
//! keys alone.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    poll::until,
    process::{LIFTED, Ran, Served, command, example, run},
};

const ISSUER: &str = "http://127.0.0.1:8080";
const PASSWORD: &str = "wide-green-rivers";

fn hub(folder: &Path, args: &str) -> Ran {
    run(&mut command(folder, &args.split_whitespace().collect::<Vec<_>>()), PASSWORD)
}

/// A server with a tenant, an admin and a signing key.
async fn start(folder: &TempDir) -> Served {
    let _ = hub(folder.path(), "tenant create Acme").said();
    let user = "user create --tenant acme --email ada@acme.example --username ada --role admin";
    let _ = hub(folder.path(), user).said();
    Served::start(folder.path(), &[&LIFTED[..], &["--public-url", ISSUER]].concat()).await
}

async fn sign_in(server: &Served) -> String {
    let body = json!({ "email": "ada@acme.example", "password": PASSWORD });
    let pair = server.gives(200, "POST", "/auth/token", "", body).await;
    pair["access_token"].as_str().unwrap().to_owned()
}

/// Verifies the token as another service does, by the URL of the public keys.
fn stranger(server: &Served, token: &str) -> Ran {
    let url = format!("{}/.well-known/jwks.json", server.url());
    run(example().args([&url, ISSUER, "taskhub", token]), "")
}

async fn status(server: &Served, token: &str) -> u16 {
    server.send("GET", "/tasks", token, &Value::Null).await.unwrap().0
}

/// The ids of the keys and their states.
fn listed(text: &str) -> Vec<(String, String)> {
    text.lines()
        .map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            (words[0].to_owned(), words[2].to_owned())
        })
        .collect()
}

#[test]
fn verifier_follows_a_key_rotation() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let server = start(&folder).await;
        let service =
            format!("token --tenant acme --service importer --scope tasks:read --public-url {ISSUER}");
        let (user, service) = (sign_in(&server).await, hub(folder.path(), &service).said());
        let service = service.trim();
        assert!(stranger(&server, &user).said().contains("role: Some(\n        \"admin\""));
        assert!(stranger(&server, service).said().contains("\"tasks:read\""));
        for garbage in ["garbage", &format!("{}x", &user[..user.len() - 1]), "a.b.c"] {
            assert!(stranger(&server, garbage).complained().starts_with("refused: "));
        }
        // The new key signs at once. Only verifiers that fetch the keys each time can follow so
        // fast.
        let said = hub(folder.path(), "keys rotate --publish-seconds 0").said();
        let keys = listed(&said);
        assert_eq!(keys.iter().map(|(_, does)| does.as_str()).collect::<Vec<_>>(), ["verifies", "signs"]);
        let mode = fs::metadata(folder.path().join("taskhub-data/signing-keys.json")).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        until("the server reads the keys", async || server.has_said("the signing keys were reloaded")).await;
        let newer = sign_in(&server).await;
        assert_ne!(newer.split('.').next(), user.split('.').next(), "another key has signed");
        for token in [user.as_str(), service, &newer] {
            assert_eq!(status(&server, token).await, 200);
            let _ = stranger(&server, token).said();
        }
        // Removing a key invalidates the tokens that it signed.
        let _ = hub(folder.path(), &format!("keys remove {}", keys[0].0)).said();
        until("the old key is gone", async || status(&server, &user).await == 401).await;
        assert!(stranger(&server, &user).complained().contains("no key of the key set"));
        assert_eq!(status(&server, &newer).await, 200);
        let _ = stranger(&server, &newer).said();
        let _ = server.stop().await;
    });
}

#[test]
fn new_key_signs_only_after_its_publication_period() {
    let folder = TempDir::new().unwrap();
    let _ = hub(folder.path(), "keys generate").said();
    let does = |text: &str| listed(text).into_iter().map(|(_, does)| does).collect::<Vec<_>>();
    assert_eq!(does(&hub(folder.path(), "keys list").said()), ["signs"]);
    assert_eq!(does(&hub(folder.path(), "keys rotate").said()), ["signs", "signs"]);
    let said = hub(folder.path(), "keys list").said();
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].contains(" signs (verifies until 2") && lines[1].contains(" signs from 2"), "{said}");
    let complaint = hub(folder.path(), &format!("keys remove {}", listed(&said)[0].0)).complained();
    assert!(complaint.contains("the only key that can sign now"), "{complaint}");
    let _ = hub(folder.path(), "keys remove nothing").complained();
    let _ = hub(folder.path(), &format!("keys remove {}", listed(&said)[1].0)).said();
    assert_eq!(listed(&hub(folder.path(), "keys list").said()).len(), 1);
}

#[test]
fn invalid_key_file_keeps_the_current_keys() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let server = start(&folder).await;
        let user = sign_in(&server).await;
        let file = folder.path().join("taskhub-data/signing-keys.json");
        let good = fs::read_to_string(&file).unwrap();
        fs::write(&file, "{ \"keys\": [] }").unwrap();
        until("it is complained of", async || server.has_said("the previous ones stay in use")).await;
        assert_eq!(
            (status(&server, &user).await, status(&server, &sign_in(&server).await).await),
            (200, 200)
        );
        fs::write(&file, good).unwrap();
        until("the good file is back", async || server.has_said("the signing keys were reloaded")).await;
        let _ = server.stop().await;
    });
}
