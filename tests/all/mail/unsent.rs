//! Mail that is not sent: the mail server is unusable, or the domain is reserved.

use super::{arrives, over_smtp, register, register_as, undelivered, waiting};
use crate::{poll, smtp::Fate};

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
