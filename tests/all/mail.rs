//! Mail: it is sent after the commit of its cause, retried until it is accepted, and says the same
//! in text and HTML.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use taskhub_domain::{
    context::Request,
    mail::{self, Claimed, Next, Outcome},
};
use taskhub_tests::{App, Backend, Mail, PASSWORD, every_database};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    poll,
    process::{LIFTED, Served},
    smtp::{Fate, SmtpServer},
};

every_database!(
    new_user_gets_mail_in_text_and_html,
    rolled_back_request_sends_no_mail,
    two_nodes_deliver_every_mail
);

fn new_user(name: &str, slug: &str) -> (String, Value) {
    let email = format!("{name}@{slug}.example");
    let body = json!({ "email": email, "username": name, "password": PASSWORD });
    (email, body)
}

async fn new_user_gets_mail_in_text_and_html(app: &App) {
    let t = app.tenant().await;
    let name = json!({ "name": "Müller <b>& Söhne</b>" });
    let _ = app.patch("/tenant").by(&t.admin).json(&name).gives(200).await;
    let (email, body) = new_user("grace", &t.slug);
    let _ = app.post("/users").by(&t.admin).json(&body).gives(201).await;
    let mail = app.mail_to(&email).await;
    assert_eq!(mail.subject, "Verify your email address for Müller <b>& Söhne</b>");
    let link = format!("{}/account/verify-email#token={}", app.url, mail.token);
    assert!(mail.token.starts_with("thv_") && mail.text.contains(&link), "{}", mail.text);
    assert!(mail.html.contains(&format!("href=\"{link}\"")), "{}", mail.html);
    assert!(mail.html.contains("Müller &lt;b&gt;&amp; Söhne&lt;/b&gt;"), "{}", mail.html);
    assert!(!mail.html.contains("<b>"), "{}", mail.html);
}

async fn rolled_back_request_sends_no_mail(app: &App) {
    let t = app.tenant().await;
    let (email, body) = new_user("grace", &t.slug);
    let _ = app.post("/users").by(&t.admin).json(&body).gives(201).await;
    let _ = app.mail_to(&email).await;
    // The username is taken: the user, the link and the mail are rolled back together.
    let mut other = body.clone();
    other["email"] = json!(format!("undone@{}.example", t.slug));
    let _ = app.post("/users").by(&t.admin).json(&other).gives(409).await;
    nothing_waits(app, t.id).await;
    assert_eq!(app.count_mail(&format!("undone@{}.example", t.slug)), 0);
}

async fn two_nodes_deliver_every_mail(app: &App) {
    // A file is named after its mail, so this test cannot see a duplicate; the SMTP tests can. It
    // checks that no mail is stuck.
    let there = app.second(&[]).await;
    let t = app.tenant().await;
    for number in 0..10 {
        let node = if number % 2 == 0 { app } else { &there };
        let (_, body) = new_user(&format!("user{number}"), &t.slug);
        let _ = node.post("/users").by(&t.admin).json(&body).gives(201).await;
    }
    nothing_waits(app, t.id).await;
    for number in 0..10 {
        assert_eq!(app.count_mail(&format!("user{number}@{}.example", t.slug)), 1);
    }
    there.finish().await;
}

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

#[test]
fn mail_is_delivered_by_smtp() {
    over_smtp(&[], async |app: &App, server: &SmtpServer| {
        let email = register(app).await;
        let mail = arrives(server, &email).await;
        assert!(mail.text.contains("https://app.example/x/account/verify-email#token=thv_"), "{}", mail.text);
        let raw = server.raw();
        assert!(raw.contains(&format!("#token={}\r\n", mail.token)), "{raw}");
        for header in ["hub@hub.example", "Auto-Submitted: auto-generated", "Message-ID: <", "Date: "] {
            assert!(raw.contains(header), "{header} in {raw}");
        }
    });
}

#[test]
fn temporarily_refused_mail_is_retried() {
    over_smtp(
        &[
            Fate::Refused("451 later\r\n"),
            Fate::HungUp,
            Fate::At("RCPT", "452 full\r\n"),
            Fate::Refused("451 no\r\n"),
        ],
        async |app, server| {
            let email = register(app).await;
            poll::until("the mail arrives", async || {
                app.clock.advance(Duration::from_secs(30));
                !server.accepted(&email).is_empty()
            })
            .await;
            assert_eq!((server.tries(), server.accepted(&email).len()), (4, 1));
        },
    );
}

#[test]
fn permanently_refused_mail_is_not_retried() {
    let (unknown, spam) = ("550 5.1.1 no such user\r\n", "554 5.7.1 looks like spam\r\n");
    over_smtp(&[], async move |app, server| {
        for (number, fate) in [Fate::At("RCPT", unknown), Fate::Refused(spam)].into_iter().enumerate() {
            server.next(fate);
            let email = register_as(app, &format!("ada@acme{number}.org"), &format!("Acme {number}")).await;
            poll::until("it is given up", async || undelivered(app, &email).await["count"] == 1).await;
            let told = undelivered(app, &email).await["results"][0]["new_values"].clone();
            assert_eq!((&told["recipient"], &told["attempts"]), (&json!(email), &json!(1)));
            let why = told["why"].as_str().unwrap();
            assert!(why.contains("no such user") || why.contains("looks like spam"), "{why}");
        }
        // Other mail is not affected.
        let email = register(app).await;
        let _ = arrives(server, &email).await;
        assert_eq!(server.accepted("ada@acme0.org").len() + server.accepted("ada@acme1.org").len(), 0);
    });
}

#[test]
fn unusable_mail_server_does_not_defer_mail() {
    // No error concerns the recipient, and the clock stands still: the mail is not deferred.
    let fates = &[
        Fate::At("EHLO", "554 no service\r\n"),
        Fate::At("MAIL", "550 5.7.1 sender refused\r\n"),
        Fate::At("RCPT", "530 5.7.0 authentication required\r\n"),
    ];
    over_smtp(fates, async |app, server| {
        let first = register(app).await;
        let second = register_as(app, "grace@other.org", "Other").await;
        for email in [first, second] {
            let _ = arrives(server, &email).await;
            assert_eq!(undelivered(app, &email).await["count"], 0);
        }
    });
}

#[test]
fn reserved_domains_get_no_mail_by_smtp() {
    over_smtp(&[], async |app, server| {
        for (number, domain) in ["acme.example", "acme.test", "example.com"].into_iter().enumerate() {
            let _ = register_as(app, &format!("ada@{domain}"), &format!("Demo {number}")).await;
        }
        let email = register(app).await;
        let _ = arrives(server, &email).await;
        poll::until("none waits", async || waiting(app).await == 0).await;
        assert_eq!(server.tries(), 1);
    });
}

/// The number of tenants with pending mail.
async fn waiting(app: &App) -> usize {
    let system = app.state.repository.system("a test", Request::default());
    app.state.repository.tenants_with_mail(&system, 100).await.unwrap().len()
}

/// Tests the outbox alone, without a sender.
#[test]
fn claimed_mail_is_locked_and_failures_back_off() {
    without_a_sender(async |app| outbox(app).await);
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

async fn outbox(app: &App) {
    let email = register(app).await;
    let (tenant, clock) = (tenant_of(app, &email).await, &app.clock);
    let first = claim(app, tenant).await.unwrap();
    assert_eq!((first.recipient.as_str(), first.tenant.as_str()), (email.as_str(), "Acme"));
    assert!(claim(app, tenant).await.is_none(), "it is claimed");
    // The claim expires when its sender is gone.
    clock.advance(Duration::from_mins(2));
    assert_eq!(claim(app, tenant).await.unwrap().id, first.id);
    let later = || Outcome::Deferred("451 later".to_owned());
    for minutes in [2, 4, 8, 16, 32, 64, 128, 256].into_iter().chain([360; 10]) {
        // Attempts that did not reach the server do not count.
        record_outcome(app, tenant, first.id, Outcome::Unreachable("connection refused".to_owned())).await;
        assert!(claim(app, tenant).await.is_some(), "at once");
        record_outcome(app, tenant, first.id, later()).await;
        clock.advance(Duration::from_secs(minutes * 60 - 1));
        assert!(claim(app, tenant).await.is_none(), "before {minutes} minutes");
        clock.advance(Duration::from_secs(1));
        assert!(claim(app, tenant).await.is_some(), "after {minutes} minutes");
    }
    record_outcome(app, tenant, first.id, later()).await;
    clock.advance(Duration::from_hours(24));
    assert!(claim(app, tenant).await.is_none(), "it was given up");
    let told = undelivered(app, &email).await;
    assert_eq!((&told["count"], &told["results"][0]["new_values"]["recipient"]), (&json!(1), &json!(email)));
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

#[test]
fn deferred_mail_is_due_at_once_after_an_outage() {
    without_a_sender(async |app| {
        let emails = [register(app).await, register_as(app, "grace@other.org", "Other").await];
        let tenants = [tenant_of(app, &emails[0]).await, tenant_of(app, &emails[1]).await];
        let [deferred, claimed] =
            [claim(app, tenants[0]).await.unwrap(), claim(app, tenants[1]).await.unwrap()];
        record_outcome(app, tenants[0], deferred.id, Outcome::Deferred("451 later".to_owned())).await;
        assert!(claim(app, tenants[0]).await.is_none());
        let repository = &app.state.repository;
        repository.wake_deferred_mail(&repository.system("a test", Request::default())).await.unwrap();
        assert_eq!(claim(app, tenants[0]).await.unwrap().id, deferred.id);
        assert!(claim(app, tenants[1]).await.is_none(), "{}: another sender has it", claimed.id);
    });
}

fn link(claimed: &Claimed) -> String {
    match &claimed.mail {
        mail::Mail::VerifyEmail { token } | mail::Mail::ResetPassword { token } => {
            token.0.expose_secret().to_owned()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn link_that_expired_in_the_outbox_is_replaced() {
    without_a_sender(async |app| {
        let email = register(app).await;
        let tenant = tenant_of(app, &email).await;
        let old = claim(app, tenant).await.unwrap();
        app.clock.advance(Duration::from_hours(25));
        let new = claim(app, tenant).await.unwrap();
        assert_eq!(new.id, old.id);
        assert_ne!(link(&new), link(&old));
        let verify = async |token: String| {
            app.post("/auth/verify-email").json(&json!({ "token": token })).send().await.status
        };
        assert_eq!(verify(link(&old)).await, 403);
        assert_eq!(verify(link(&new)).await, 204);
        // The link has been used, so the mail is discarded.
        record_outcome(app, tenant, new.id, Outcome::Unreachable(String::new())).await;
        assert!(claim(app, tenant).await.is_none());
        assert_eq!(waiting(app).await, 0);
    });
}

#[test]
fn link_invalidated_by_a_newer_one_is_not_sent() {
    without_a_sender(async |app| {
        let email = register(app).await;
        let tenant = tenant_of(app, &email).await;
        let body = json!({ "email": email });
        let _ = app.post("/auth/verify-email/request").json(&body).gives(202).await;
        poll::until("the link is made", async || app.state.link_requests.is_empty()).await;
        assert!(claim(app, tenant).await.is_none(), "the older one is discarded");
        let newer = claim(app, tenant).await.unwrap();
        let verify = app.post("/auth/verify-email").json(&json!({ "token": link(&newer) }));
        let _ = verify.gives(204).await;
    });
}

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
