//! Mail is sent after the commit of its cause, once, in text and HTML.

use serde_json::{Value, json};
use taskhub_tests::{App, PASSWORD, every_database};

use super::nothing_waits;

every_database!(
    new_user_gets_mail_in_text_and_html,
    rolled_back_request_sends_no_mail,
    two_nodes_deliver_every_mail,
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
