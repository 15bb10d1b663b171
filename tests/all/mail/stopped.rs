//! A server that is killed or stopped loses no mail.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::PASSWORD;
use tempfile::TempDir;

use super::arrives;
use crate::{
    poll,
    process::{LIFTED, Served},
    smtp::{Fate, SmtpServer},
};

#[test]
fn kill_between_commit_and_sending_loses_no_mail() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let start = async |mail: &str| {
            let flags = [&LIFTED[..], &["--mail", mail]].concat();
            Served::start(folder.path(), &flags).await
        };
        let mut server = start("off").await;
        let user = json!({ "email": "ada@acme.org", "username": "ada", "password": PASSWORD });
        let body = json!({ "organisation": { "name": "Acme" }, "user": user });
        let _ = server.gives(201, "POST", "/auth/register", "", body).await;
        server.kill().await;
        let takes = SmtpServer::start(&[]).await;
        let server = start(&takes.url).await;
        let mail = arrives(&takes, "ada@acme.org").await;
        let body = json!({ "token": mail.token });
        let _ = server.gives(204, "POST", "/auth/verify-email", "", body).await;
        let _ = server.stop().await;
    });
}

#[test]
fn stopping_server_finishes_the_mail_being_sent() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let takes = SmtpServer::start(&[Fate::Slow(Duration::from_secs(1))]).await;
        let flags = [&LIFTED[..], &["--mail", &takes.url]].concat();
        let server = Served::start(folder.path(), &flags).await;
        let user = json!({ "email": "ada@acme.org", "username": "ada", "password": PASSWORD });
        let body = json!({ "organisation": { "name": "Acme" }, "user": user });
        let _ = server.gives(201, "POST", "/auth/register", "", body).await;
        poll::until("the mail is on its way", async || takes.tries() == 1).await;
        // The server stops only after it has recorded the delivery, so the mail is not sent again.
        let _ = server.stop().await;
        assert_eq!(takes.accepted("ada@acme.org").len(), 1);
        let file = folder.path().join("taskhub-data/taskhub.db");
        let database = sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        let waiting: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM mail").fetch_one(&database).await.unwrap();
        assert_eq!(waiting, 0);
    });
}
