//! No password, token or hash appears in the log, even at debug level, or in the audit.

use std::fs;

use serde_json::{Value, json};
use taskhub_tests::Mail;
use tempfile::TempDir;

use crate::{
    poll,
    process::{LIFTED, Served},
};

const PASSWORDS: [&str; 4] =
    ["wide-green-rivers", "tall-quiet-mountains", "deep-blue-lakes-77", "a-wrong-guess-of-one"];

#[test]
fn no_secret_is_logged_in_development() {
    actix_web::rt::System::new().block_on(nothing_secret_is_written(&[]));
}

#[test]
fn no_secret_is_logged_in_production() {
    actix_web::rt::System::new().block_on(nothing_secret_is_written(&[
        "--profile",
        "production",
        "--public-url",
        "https://api.example.com",
    ]));
}

async fn nothing_secret_is_written(more: &[&str]) {
    let folder = TempDir::new().unwrap();
    let generate = crate::process::command(folder.path(), &["keys", "generate"]);
    let _ = crate::process::run(&mut { generate }, "").said();
    let keys = [
        "--signing-keys-file",
        "taskhub-data/signing-keys.json",
        "--encryption-key-file",
        "taskhub-data/encryption-key",
        "--log",
        "debug",
        "--log-dir",
        "logs",
        "--mail",
        "files",
    ];
    let flags = [&keys[..], &LIFTED, more].concat();
    let server = Served::start(folder.path(), &flags).await;
    let (mut tokens, audit) = scenario(&server).await;
    // Mail may contain secrets of its recipient.
    let mails = || {
        let files = fs::read_dir(folder.path().join("taskhub-data/mail")).unwrap();
        files
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "eml"))
    };
    poll::until("the mails are sent", async || mails().count() >= 3).await;
    let links =
        mails().map(|path| Mail::read(&fs::read(path).unwrap()).1.token).filter(|token| !token.is_empty());
    let links: Vec<_> = links.collect();
    assert_eq!(links.len(), 2, "one for each account");
    for token in &links {
        let _ = server.gives(204, "POST", "/auth/verify-email", "", json!({ "token": token })).await;
        let _ = server.gives(403, "POST", "/auth/verify-email", "", json!({ "token": token })).await;
    }
    tokens.extend(links);
    let mut written = vec![("the output".to_owned(), server.stop().await), ("the audit".to_owned(), audit)];
    for file in fs::read_dir(folder.path().join("logs")).unwrap() {
        let path = file.unwrap().path();
        written.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
    }
    // The logs are not empty: they name the requests.
    for (place, text) in written.iter().filter(|(place, _)| !place.contains("errors") && place != "the audit")
    {
        assert!(text.contains("/api/v1/auth/token") && text.contains("request_id"), "{place}");
    }
    let key = fs::read_to_string(folder.path().join("taskhub-data/signing-keys.json")).unwrap();
    let key: Value = serde_json::from_str(&key).unwrap();
    let mut secrets: Vec<&str> = tokens.iter().map(String::as_str).collect();
    secrets.extend(PASSWORDS);
    let sealing = fs::read_to_string(folder.path().join("taskhub-data/encryption-key")).unwrap();
    secrets.extend(["$argon2", &sealing, key["keys"][0]["d"].as_str().unwrap()]);
    for (place, text) in &written {
        for secret in &secrets {
            assert!(!text.contains(secret), "{secret} stands in {place}");
            // The last part of a token would be enough to search for it.
            let tail = &secret[secret.len().saturating_sub(20)..];
            assert!(secret.len() < 60 || !text.contains(tail), "the end of {secret} stands in {place}");
        }
        assert!(!text.contains("Bearer ey"), "{place}");
    }
}

/// Uses everything that has a secret. Returns the issued tokens and the text of the audit.
async fn scenario(server: &Served) -> (Vec<String>, String) {
    let [first, second, third, wrong] = PASSWORDS;
    let email = "ada@secrets.example";
    let admin = json!({ "email": email, "username": "ada", "password": first });
    let body = json!({ "organisation": { "name": "Secrets" }, "user": admin, "invitation": wrong });
    let _ = server.gives(201, "POST", "/auth/register", "", body.clone()).await;
    let _ = server.gives(409, "POST", "/auth/register", "", body).await;
    let mut tokens = Vec::new();
    let mut sign_in = async |path: &str, body: Value| {
        let pair = server.gives(200, "POST", path, "", body).await;
        let pair = ["access_token", "refresh_token"].map(|name| pair[name].as_str().unwrap().to_owned());
        tokens.extend(pair.clone());
        pair
    };
    let [access, refresh] = sign_in("/auth/token", json!({ "email": email, "password": first })).await;
    let guess = json!({ "email": email, "password": wrong });
    let _ = server.gives(401, "POST", "/auth/token", "", guess).await;
    let misplaced = json!({ "email": wrong, "password": [wrong] });
    let _ = server.gives(422, "POST", "/auth/token", "", misplaced).await;
    let [_, successor] = sign_in("/auth/token/refresh", json!({ "refresh_token": refresh })).await;
    let [newest, _] = sign_in("/auth/token/refresh", json!({ "refresh_token": successor })).await;
    let _ = server.gives(200, "POST", "/auth/token/verify", "", json!({ "token": newest })).await;
    let change = json!({ "old_password": first, "new_password": second });
    let _ = server.gives(204, "POST", "/auth/change-password", &newest, change).await;
    let user = json!({ "email": "grace@secrets.example", "username": "grace", "password": third });
    let _ = server.gives(201, "POST", "/users", &newest, user.clone()).await;
    let _ = server.gives(409, "POST", "/users", &newest, user).await;
    // A token in the wrong place: in the query and in the path.
    let _ = server.gives(400, "GET", &format!("/tasks?access_token={newest}"), &newest, Value::Null).await;
    let _ = server.gives(404, "GET", &format!("/tasks/{newest}"), &newest, Value::Null).await;
    let _ = server.gives(404, "GET", &format!("/{newest}"), &newest, Value::Null).await;
    let audit = server.gives(200, "GET", "/audit?page_size=200", &newest, Value::Null).await.to_string();
    assert!(audit.contains("change_password") && audit.contains("[redacted]"));
    // The session ends by reuse of a refresh token, the others by signing out.
    let _ = server.gives(401, "POST", "/auth/token/refresh", "", json!({ "refresh_token": refresh })).await;
    let _ = server.gives(401, "POST", "/auth/logout", &access, Value::Null).await;
    let [access, _] = sign_in("/auth/token", json!({ "email": email, "password": second })).await;
    let _ = server.gives(204, "POST", "/auth/logout", &access, Value::Null).await;
    (tokens, audit)
}
