//! Tenants, users and tokens, made beside the API.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{taskhub, taskhub_with};
use crate::{
    poll,
    process::{LIFTED, Served},
};

const PASSWORD: &str = "wide-green-rivers";

async fn serve(folder: &TempDir, more: &[&str]) -> Served {
    Served::start(folder.path(), &[&LIFTED[..], &["--public-url", "http://127.0.0.1:8080"], more].concat())
        .await
}

#[test]
fn an_operator_makes_tenants_and_users() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let hub = |args: &str| taskhub(folder.path(), args);
        let made = hub("tenant create Acme").said();
        let (id, slug) = made.trim().split_once(' ').unwrap();
        assert_eq!(slug, "acme");
        let _ = hub("tenant create Other --slug the-other").said();
        let complaint = hub("tenant create Acme").complained();
        assert!(complaint.contains("/slug"), "{complaint}");
        let listed = hub("tenant list").said();
        assert_eq!(listed.lines().count(), 2);
        assert!(listed.lines().next().unwrap().starts_with(id) && listed.contains("the-other"), "{listed}");
        let create = "user create --tenant acme --email ada@acme.example --username ada --role admin";
        let with = |args: &str, line: &str| taskhub_with(folder.path(), args, line);
        for (password, sentence) in [("short", "at least 10"), ("password1234", "guess"), ("", "at least 10")]
        {
            let complaint = with(create, password).complained();
            assert!(complaint.contains(sentence), "{complaint}");
        }
        let made = with(create, PASSWORD).said();
        assert!(made.contains("ada@acme.example") && !made.contains(PASSWORD), "{made}");
        assert!(with(create, PASSWORD).complained().contains("has this value already"));
        let nowhere = "user create --tenant nowhere --email a@b.example --username ada";
        let _ = with(nowhere, PASSWORD).complained();
        let server = serve(&folder, &[]).await;
        let sign_in = async |password: &str| {
            let body = json!({ "username": "ada", "tenant": "acme", "password": password });
            server.send("POST", "/auth/token", "", &body).await.unwrap()
        };
        let (status, pair) = sign_in(PASSWORD).await;
        assert_eq!(status, 200, "{pair}");
        let access = pair["access_token"].as_str().unwrap();
        let profile = server.gives(200, "GET", "/auth/profile", access, Value::Null).await;
        assert_eq!(profile["role"], "admin");
        // A new password ends all sessions, also at a server that runs meanwhile.
        let set = "user set-password --tenant acme --email ada@acme.example";
        let _ = with(set, "tall-quiet-mountains").said();
        refused(&server, access, "unauthenticated").await;
        assert_eq!((sign_in(PASSWORD).await.0, sign_in("tall-quiet-mountains").await.0), (401, 200));
        let access = sign_in("tall-quiet-mountains").await.1["access_token"].as_str().unwrap().to_owned();
        let said = hub("tenant suspend acme").said();
        assert_eq!(said.trim(), "acme is suspended.");
        refused(&server, &access, "tenant_suspended").await;
        assert!(hub("tenant list").said().contains("suspended"));
        let _ = hub("tenant activate acme").said();
        poll::within(Duration::from_secs(1), "the tenant is let in", async || {
            server.send("GET", "/tasks", &access, &Value::Null).await.unwrap().0 == 200
        })
        .await;
        let _ = hub("tenant suspend nowhere").complained();
        let _ = server.stop().await;
    });
}

/// The running server learns of it within a second.
async fn refused(server: &Served, token: &str, code: &str) {
    poll::within(Duration::from_secs(1), code, async || {
        server.send("GET", "/tasks", token, &Value::Null).await.unwrap().1["code"] == code
    })
    .await;
}

#[test]
fn an_operator_invites() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let invitation = taskhub(folder.path(), "tenant invite --hours 1").said();
        let server = serve(&folder, &["--registration", "invitation"]).await;
        let admin = json!({ "email": "ada@acme.example", "username": "ada", "password": PASSWORD });
        let mut body = json!({ "organisation": { "name": "Acme" }, "admin": admin });
        let _ = server.gives(403, "POST", "/auth/register", "", body.clone()).await;
        body["invitation"] = json!(invitation.trim());
        let _ = server.gives(201, "POST", "/auth/register", "", body.clone()).await;
        body["organisation"]["name"] = json!("Second");
        let _ = server.gives(403, "POST", "/auth/register", "", body).await;
        let _ = server.stop().await;
    });
}

#[test]
fn an_operator_mints_tokens() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let hub = |args: &str| taskhub(folder.path(), args);
        let _ = hub("tenant create Acme").said();
        let url = "--public-url http://127.0.0.1:8080";
        let service = hub(&format!("token --tenant acme --scope tasks:read,projects:read {url}")).said();
        let operator = hub(&format!("token --operator {url}")).said();
        let elsewhere =
            hub("token --tenant acme --scope tasks:read --public-url https://other.example").said();
        let _ = hub("token").complained();
        let _ = hub("token --tenant nowhere --scope tasks:read").complained();
        let _ = hub("token --operator --tenant acme").complained();
        let _ = hub("token --tenant acme --scope tasks:read --seconds 0").complained();
        let server = serve(&folder, &[]).await;
        let service = service.trim();
        let _ = server.gives(200, "GET", "/tasks", service, Value::Null).await;
        let _ = server.gives(200, "GET", "/projects", service, Value::Null).await;
        let _ = server.gives(403, "GET", "/users", service, Value::Null).await;
        let _ = server.gives(403, "POST", "/tasks", service, json!({ "title": "Beyond" })).await;
        let _ = server.gives(403, "GET", "/tasks", operator.trim(), Value::Null).await;
        let _ = server.gives(401, "GET", "/tasks", elsewhere.trim(), Value::Null).await;
        let _ = server.stop().await;
    });
}
