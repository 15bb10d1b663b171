//! Creating tenants, users and tokens from the command line.

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
fn operator_creates_tenants_and_users() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let hub = |args: &str| taskhub(folder.path(), args);
        let made = hub("tenant create Acme").said();
        let (id, slug) = made.trim().split_once(' ').unwrap();
        assert_eq!(slug, "acme");
        let _ = hub("tenant create Other --slug the-other").said();
        let complaint = hub("tenant create Acme").complained();
        let taken = "slug: Another resource has this value already. Use a different value.";
        assert_eq!(complaint.trim(), format!("taskhub: {taken}"));
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
        let unknown = "taskhub: No tenant has the slug \"nowhere\".";
        assert_eq!(with(nowhere, PASSWORD).complained().trim(), unknown);
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
        // A new password ends all sessions, even on a running server.
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
        for command in ["suspend nowhere", "activate nowhere", "quota nowhere --max-bytes 1 --max-files 1"] {
            assert_eq!(hub(&format!("tenant {command}")).complained().trim(), unknown);
        }
        let _ = server.stop().await;
    });
}

/// Waits until the running server refuses the token, for at most a second.
async fn refused(server: &Served, token: &str, code: &str) {
    poll::within(Duration::from_secs(1), code, async || {
        server.send("GET", "/tasks", token, &Value::Null).await.unwrap().1["code"] == code
    })
    .await;
}

#[test]
fn operator_invites_to_register_an_organisation() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let invitation = taskhub(folder.path(), "tenant invite --hours 1").said();
        let server = serve(&folder, &["--registration", "invitation"]).await;
        let admin = json!({ "email": "ada@acme.example", "username": "ada", "password": PASSWORD });
        let mut body = json!({ "organisation": { "name": "Acme" }, "user": admin });
        let _ = server.gives(403, "POST", "/auth/register", "", body.clone()).await;
        body["invitation"] = json!(invitation.trim());
        let _ = server.gives(201, "POST", "/auth/register", "", body.clone()).await;
        body["organisation"]["name"] = json!("Second");
        let _ = server.gives(403, "POST", "/auth/register", "", body).await;
        let _ = server.stop().await;
    });
}

#[test]
fn operator_mints_service_and_operator_tokens() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let hub = |args: &str| taskhub(folder.path(), args);
        let _ = hub("tenant create Acme").said();
        let url = "--public-url http://127.0.0.1:8080";
        let importer = "token --tenant acme --service importer";
        let complaint = hub(importer).complained();
        let unknown =
            "The tenant has no service account \"importer\". To create it, give its scopes with --scope.";
        assert_eq!(complaint.trim(), format!("taskhub: {unknown}"));
        let service = hub(&format!("{importer} --scope tasks:read,projects:read {url}")).said();
        // The same service account, with one of its scopes and with all of them.
        let less = hub(&format!("{importer} --scope tasks:read {url}")).said();
        let whole = hub(&format!("{importer} --seconds 31536000 {url}")).said();
        let operator = hub(&format!("token --operator {url}")).said();
        let elsewhere = hub(&format!("{importer} --public-url https://other.example")).said();
        for wrong in [
            "token",
            "token --tenant acme --scope tasks:read",
            "token --service importer",
            "token --tenant nowhere --service importer --scope tasks:read",
            "token --tenant acme --service importer --scope users:write",
            "token --tenant acme --service other --scope rubbish",
            "token --tenant acme --service importer --seconds 0",
            "token --operator --tenant acme --service importer",
        ] {
            let _ = hub(wrong).complained();
        }
        let create = "user create --tenant acme --email ada@acme.example --username ada --role admin";
        let _ = taskhub_with(folder.path(), create, PASSWORD).said();
        let server = serve(&folder, &[]).await;
        let get = async |path: &str, token: &str| {
            server.send("GET", path, token.trim(), &Value::Null).await.unwrap().0
        };
        assert_eq!((get("/tasks", &service).await, get("/projects", &service).await), (200, 200));
        assert_eq!((get("/tasks", &less).await, get("/projects", &less).await), (200, 403));
        assert_eq!((get("/projects", &whole).await, get("/users", &whole).await), (200, 403));
        let _ = server.gives(403, "POST", "/tasks", service.trim(), json!({ "title": "Beyond" })).await;
        assert_eq!((get("/tasks", &operator).await, get("/tasks", &elsewhere).await), (403, 401));
        // It is a service account like any other, in the audit and for the admin. Disabling it
        // revokes its tokens, however long they are valid.
        let sign_in = json!({ "username": "ada", "tenant": "acme", "password": PASSWORD });
        let pair = server.gives(200, "POST", "/auth/token", "", sign_in).await;
        let ada = pair["access_token"].as_str().unwrap();
        let all = server.gives(200, "GET", "/service-accounts", ada, Value::Null).await;
        assert_eq!((&all["count"], &all["results"][0]["name"]), (&json!(1), &json!("importer")));
        let made = "/audit?noun=service_account&action=create";
        let made = server.gives(200, "GET", made, ada, Value::Null).await;
        assert_eq!((&made["count"], &made["results"][0]["actor_kind"]), (&json!(1), &json!("system")));
        let path = format!("/service-accounts/{}", all["results"][0]["id"].as_str().unwrap());
        let _ = server.gives(200, "PATCH", &path, ada, json!({ "is_active": false })).await;
        assert_eq!((get("/tasks", &service).await, get("/tasks", &whole).await), (401, 401));
        let _ = hub(&format!("{importer} {url}")).complained();
        let _ = server.stop().await;
    });
}
