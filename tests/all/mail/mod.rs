//! Mail: it is sent after the commit of its cause, retried until it is accepted, and says the same
//! in text and HTML.

mod cause;
mod links;
mod outbox;
mod smtp;
mod stopped;
mod unsent;

use serde_json::{Value, json};
use taskhub_domain::{
    context::Request,
    mail::{self, Claimed, Next, Outcome},
};
use taskhub_tests::{App, Backend, Mail, PASSWORD};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    poll,
    smtp::{Fate, SmtpServer},
};

/// Waits until all requested links are made and all mail of the tenant is sent.
pub(crate) async fn nothing_waits(app: &App, tenant: uuid::Uuid) {
    poll::until("the links are made", async || app.state.link_requests.is_empty()).await;
    let database = crate::contract::database::Database::of(app).await;
    poll::until("the mail is sent", async || database.mail_of(tenant).await == 0).await;
}

/// Runs the test on SQLite with a mail server of its own. Tests share the other databases, and so
/// their mail.
fn over_smtp(fates: &'static [Fate], scenario: impl AsyncFn(&App, &SmtpServer) + Copy + 'static) {
    taskhub_tests::run(Backend::Sqlite, move |app| {
        Box::pin(async move {
            let server = SmtpServer::start(fates).await;
            let folder = TempDir::new().unwrap();
            let database = format!("sqlite://{}", folder.path().join("smtp.db").display());
            let flags = [
                "--mail",
                &server.url,
                "--mail-from",
                "Hub <hub@hub.example>",
                "--app-url",
                "https://app.example/x/",
            ];
            let node = App::start(app.backend, &database, folder, &flags).await;
            scenario(&node, &server).await;
            node.finish().await;
        })
    });
}

async fn register(app: &App) -> String {
    register_as(app, "ada@acme.org", "Acme").await
}

async fn register_as(app: &App, email: &str, organisation: &str) -> String {
    let user = json!({ "email": email, "username": "ada", "password": PASSWORD });
    let body = json!({ "organisation": { "name": organisation }, "user": user });
    let _ = app.post("/auth/register").json(&body).gives(201).await;
    email.to_owned()
}

/// The audit entries of undelivered mail in the user's tenant.
async fn undelivered(app: &App, email: &str) -> Value {
    let pair =
        app.post("/auth/token").json(&json!({ "email": email, "password": PASSWORD })).gives(200).await;
    app.get("/audit?action=mail_undelivered").token(pair["access_token"].as_str().unwrap()).gives(200).await
}

async fn arrives(server: &SmtpServer, email: &str) -> Mail {
    poll::until("the mail arrives", async || !server.accepted(email).is_empty()).await;
    server.accepted(email)[0].clone()
}

/// The number of tenants with pending mail.
async fn waiting(app: &App) -> usize {
    let system = app.state.repository.system("a test", Request::default());
    app.state.repository.tenants_with_mail(&system, 100).await.unwrap().len()
}

/// Claims the next mail of the tenant that is due.
async fn claim(app: &App, tenant: Uuid) -> Option<Claimed> {
    let ctx = app.state.repository.system("a test", Request::default()).within(tenant);
    match app.state.repository.write(&ctx, (), |tx, ()| Box::pin(mail::claim(tx))).await.unwrap() {
        Next::Mail(claimed) => Some(claimed),
        Next::Discarded | Next::Nothing => None,
    }
}

async fn record_outcome(app: &App, tenant: Uuid, id: Uuid, outcome: Outcome) {
    let ctx = app.state.repository.system("a test", Request::default()).within(tenant);
    let write = app
        .state
        .repository
        .write(&ctx, (id, outcome), |tx, (id, outcome)| Box::pin(mail::record_outcome(tx, *id, outcome)));
    write.await.unwrap();
}

async fn tenant_of(app: &App, email: &str) -> Uuid {
    let pair =
        app.post("/auth/token").json(&json!({ "email": email, "password": PASSWORD })).gives(200).await;
    let tenant = app.get("/tenant").token(pair["access_token"].as_str().unwrap()).gives(200).await;
    tenant["id"].as_str().unwrap().parse().unwrap()
}

/// A node without a sender, on its own database.
fn without_a_sender(scenario: impl AsyncFn(&App) + 'static) {
    taskhub_tests::run(Backend::Sqlite, |app| {
        Box::pin(async move {
            let folder = TempDir::new().unwrap();
            let database = format!("sqlite://{}", folder.path().join("outbox.db").display());
            let app = App::start(app.backend, &database, folder, &["--mail", "off"]).await;
            scenario(&app).await;
            app.finish().await;
        })
    });
}
