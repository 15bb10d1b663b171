//! Delivery over SMTP: accepted, refused for now, and refused for good.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::App;

use super::{arrives, over_smtp, register, register_as, undelivered};
use crate::{
    poll,
    smtp::{Fate, SmtpServer},
};

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
