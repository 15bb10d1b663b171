//! Mail: it goes out once what it is about is committed, is tried again until it is taken, and says in text and HTML the same.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub::state::ERRANDS;
use taskhub_domain::{context::Request, mail};
use taskhub_tests::{App, Backend, Mail, PASSWORD, every_database};
use tempfile::TempDir;

use crate::{
    poll,
    process::{LIFTED, Served},
    smtp::{Fate, SmtpServer},
};

every_database!(
    a_new_user_is_written_to_in_text_and_html,
    what_is_undone_sends_nothing,
    two_nodes_send_it_once
);

fn new_user(name: &str, slug: &str) -> (String, Value) {
    let email = format!("{name}@{slug}.example");
    let body = json!({ "email": email, "username": name, "password": PASSWORD });
    (email, body)
}

async fn a_new_user_is_written_to_in_text_and_html(app: &App) {
    let t = app.tenant().await;
    let name = json!({ "name": "Müller <b>& Söhne</b>" });
    let _ = app.patch("/tenant").by(&t.admin).json(&name).gives(200).await;
    let (email, body) = new_user("grace", &t.slug);
    let _ = app.post("/users").by(&t.admin).json(&body).gives(201).await;
    let mail = app.mail_to(&email).await;
    assert_eq!(mail.subject, "Verify your email for Müller <b>& Söhne</b>");
    let link = format!("{}/account/verify-email#token={}", app.url, mail.token);
    assert!(mail.token.starts_with("thv_") && mail.text.contains(&link), "{}", mail.text);
    assert!(mail.html.contains(&format!("href=\"{link}\"")), "{}", mail.html);
    assert!(mail.html.contains("Müller &lt;b&gt;&amp; Söhne&lt;/b&gt;"), "{}", mail.html);
    assert!(!mail.html.contains("<b>"), "{}", mail.html);
}

async fn what_is_undone_sends_nothing(app: &App) {
    let t = app.tenant().await;
    let (email, body) = new_user("grace", &t.slug);
    let _ = app.post("/users").by(&t.admin).json(&body).gives(201).await;
    let _ = app.mail_to(&email).await;
    // The username is taken: the user, the link and the mail are undone together.
    let mut other = body.clone();
    other["email"] = json!(format!("undone@{}.example", t.slug));
    let _ = app.post("/users").by(&t.admin).json(&other).gives(409).await;
    nothing_waits(app, t.id).await;
    assert_eq!(app.count_mail(&format!("undone@{}.example", t.slug)), 0);
}

async fn two_nodes_send_it_once(app: &App) {
    // Files are named by the mail, so that who sends twice is seen at a server alone; here it is seen that nobody is stuck.
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

/// Waits until all that was asked for is done, and all mail of the tenant is sent.
pub(crate) async fn nothing_waits(app: &App, tenant: uuid::Uuid) {
    poll::until("the errands are done", async || app.state.errands.available_permits() == ERRANDS).await;
    let database = crate::walks::database::Database::of(app).await;
    poll::until("the mail is sent", async || database.mail_of(tenant).await == 0).await;
}

/// A server over SQLite whose mail goes to a server of ours; other databases are shared by stories, and so is their mail.
fn over_smtp(fates: &'static [Fate], story: impl AsyncFn(&App, &SmtpServer) + Copy + 'static) {
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
            story(&node, &server).await;
            node.finish().await;
        })
    });
}

async fn register(app: &App) -> String {
    let email = "ada@acme.example";
    let user = json!({ "email": email, "username": "ada", "password": PASSWORD });
    let body = json!({ "organisation": { "name": "Acme" }, "user": user });
    let _ = app.post("/auth/register").json(&body).gives(201).await;
    email.to_owned()
}

async fn arrives(server: &SmtpServer, email: &str) -> Mail {
    poll::until("the mail arrives", async || !server.accepted(email).is_empty()).await;
    server.accepted(email)[0].clone()
}

#[test]
fn a_mail_arrives_by_smtp() {
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
fn what_is_refused_for_now_is_tried_again() {
    over_smtp(
        &[Fate::Refused("451 later\r\n"), Fate::HungUp, Fate::Refused("550 no\r\n")],
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

/// The outbox by itself, with nobody who sends.
#[test]
fn a_claim_keeps_others_away_and_failures_make_longer_pauses() {
    taskhub_tests::run(Backend::Sqlite, |app| {
        Box::pin(async move {
            let folder = TempDir::new().unwrap();
            let database = format!("sqlite://{}", folder.path().join("outbox.db").display());
            let app = App::start(app.backend, &database, folder, &["--mail", "off"]).await;
            outbox(&app).await;
            app.finish().await;
        })
    });
}

async fn outbox(app: &App) {
    let email = register(app).await;
    let signed = json!({ "email": email, "password": PASSWORD, "tenant": "acme" });
    let pair = app.post("/auth/token").json(&signed).gives(200).await;
    let token = pair["access_token"].as_str().unwrap().to_owned();
    let id = app.get("/tenant").token(&token).gives(200).await["id"].as_str().unwrap().parse().unwrap();
    let (store, clock) = (&app.state.store, &app.clock);
    let ctx = store.system("a test", Request::default()).within(id);
    let claim = async || store.write(&ctx, (), |tx, ()| Box::pin(mail::claim(tx))).await.unwrap();
    let first = claim().await.unwrap();
    assert_eq!((first.recipient.as_str(), first.tenant.as_str()), (email.as_str(), "Acme"));
    assert!(claim().await.is_none(), "it is claimed");
    // Whoever claimed it is gone.
    clock.advance(Duration::from_mins(2));
    assert_eq!(claim().await.unwrap().id, first.id);
    let refuse = async || {
        let why = (first.id, "451 later");
        store.write(&ctx, why, |tx, (id, why)| Box::pin(mail::refused(tx, *id, why))).await.unwrap();
    };
    for minutes in [2, 4, 8, 16, 32, 64, 128, 256].into_iter().chain([360; 10]) {
        refuse().await;
        clock.advance(Duration::from_secs(minutes * 60 - 1));
        assert!(claim().await.is_none(), "before {minutes} minutes");
        clock.advance(Duration::from_secs(1));
        assert!(claim().await.is_some(), "after {minutes} minutes");
    }
    refuse().await;
    clock.advance(Duration::from_hours(24));
    assert!(claim().await.is_none(), "it was given up");
    let pair = app.post("/auth/token").json(&signed).gives(200).await;
    let token = pair["access_token"].as_str().unwrap();
    let told = app.get("/audit?action=mail_undelivered").token(token).gives(200).await;
    assert_eq!(told["count"], 1);
    assert_eq!(told["results"][0]["new_values"]["recipient"], json!(email));
}

#[test]
fn a_kill_between_commit_and_sending_loses_nothing() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let start = async |mail: &str| {
            let flags = [&LIFTED[..], &["--mail", mail]].concat();
            Served::start(folder.path(), &flags).await
        };
        let mut server = start("off").await;
        let user = json!({ "email": "ada@acme.example", "username": "ada", "password": PASSWORD });
        let body = json!({ "organisation": { "name": "Acme" }, "user": user });
        let _ = server.gives(201, "POST", "/auth/register", "", body).await;
        server.kill().await;
        let takes = SmtpServer::start(&[]).await;
        let server = start(&takes.url).await;
        let mail = arrives(&takes, "ada@acme.example").await;
        let body = json!({ "token": mail.token });
        let _ = server.gives(204, "POST", "/auth/verify-email", "", body).await;
        let _ = server.stop().await;
    });
}

#[test]
fn a_server_that_stops_finishes_the_mail_in_hand() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let takes = SmtpServer::start(&[Fate::Slow(Duration::from_secs(1))]).await;
        let flags = [&LIFTED[..], &["--mail", &takes.url]].concat();
        let server = Served::start(folder.path(), &flags).await;
        let user = json!({ "email": "ada@acme.example", "username": "ada", "password": PASSWORD });
        let body = json!({ "organisation": { "name": "Acme" }, "user": user });
        let _ = server.gives(201, "POST", "/auth/register", "", body).await;
        poll::until("the mail is on its way", async || takes.tries() == 1).await;
        // It ends well, and not before it has noted that the mail was taken: nobody sends it again.
        let _ = server.stop().await;
        assert_eq!(takes.accepted("ada@acme.example").len(), 1);
        let file = folder.path().join("taskhub-data/taskhub.db");
        let database = sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        let waiting: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM mail").fetch_one(&database).await.unwrap();
        assert_eq!(waiting, 0);
    });
}
