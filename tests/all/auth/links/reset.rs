//! Resetting a password by a link.

use serde_json::json;
use taskhub_tests::{App, PASSWORD, every_database};

use super::{NEW, asked, reset, sign_in, verified};

every_database!(password_is_reset_by_mail);

async fn password_is_reset_by_mail(app: &App) {
    let t = app.tenant().await;
    verified(app, &t.member).await;
    let (access, refresh) = t.member.sign_in(app).await;
    let token = asked(app, &t.member).await;
    for weak in ["too-short", "password123456", t.member.email.as_str()] {
        let refused = reset(app, &token, weak).await.expect(422);
        assert_eq!((refused.pointer(), refused.text.contains(weak)), ("/new_password", false));
    }
    let done = reset(app, &token, NEW).await.expect(204);
    assert_eq!(done.text, "", "it signs nobody in");
    assert_eq!(sign_in(app, &t.member, PASSWORD).await.status, 401);
    assert_eq!(sign_in(app, &t.member, NEW).await.status, 200);
    // All sessions have ended, and tokens without a session are revoked, too.
    for token in [&access, &t.member.token] {
        let _ = app.get("/tasks").token(token).gives(401).await;
    }
    let body = json!({ "refresh_token": refresh });
    let _ = app.post("/auth/token/refresh").json(&body).gives(401).await;
    assert_eq!(reset(app, &token, PASSWORD).await.expect(403).code(), "invalid_link");
    let mail = app.mail_with(&t.member.email, "was changed").await;
    assert_eq!(mail.token, "");
    let path = format!("/audit?noun=user&action=reset_password&row={}", t.member.id);
    let audit = app.get(&path).by(&t.admin).gives(200).await;
    assert_eq!(audit["results"][0]["new_values"]["password_hash"], "[redacted]");
}
