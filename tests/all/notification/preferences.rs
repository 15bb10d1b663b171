//! Notification preferences and quiet hours.

use serde_json::{Value, json};
use taskhub_tests::{App, User, every_database};

use super::{HOUR, alone, tenant};
use crate::{
    comment::{say, task, told},
    poll,
};

every_database!(notification_preferences_are_honoured);

async fn prefer(app: &App, user: &User, preferences: Value) {
    let body = json!({ "notification_preferences": preferences });
    let _ = app.patch("/auth/profile").by(user).json(&body).gives(200).await;
}

/// Verifies the email address of the user.
async fn verify(app: &App, user: &User) {
    let token = app.mail_about(&user.email, "verify-email").await.token;
    let _ = app.post("/auth/verify-email").json(&json!({ "token": token })).gives(204).await;
}

async fn notification_preferences_are_honoured(app: &App) {
    let t = tenant(app).await;
    prefer(app, &t.member, json!({ "assignment": "none", "comment": "mail" })).await;
    let path = task(app, &t.admin, json!({ "title": "Write <it>", "assignee_id": t.member.id })).await;
    let _ = say(app, &t.admin, &path, "Unheard by mail.").await;
    assert_eq!(told(app, &t.member).await, ["commented"]);
    // Notifications are mailed only to verified addresses.
    crate::mail::nothing_waits(app, t.id).await;
    verify(app, &t.member).await;
    let before = app.count_mail(&t.member.email);
    assert_eq!(before, 1, "the one that asked for verification");
    let _ = say(app, &t.admin, &path, "By mail.").await;
    let mail = app.mail_with(&t.member.email, "commented").await;
    assert_eq!(mail.subject, format!("{}: admin commented on “Write <it>”.", t.slug));
    assert!(mail.html.contains("“Write &lt;it&gt;”"), "{}", mail.html);
    assert_eq!(told(app, &t.member).await, ["commented", "commented"]);
    for (preferences, pointer) in [
        (json!({ "reminder": "pigeon" }), "/notification_preferences/reminder"),
        (json!({ "quiet_from": "25:00", "quiet_until": "07:00" }), "/notification_preferences/quiet_from"),
        (json!({ "quiet_from": "22:00" }), "/notification_preferences/quiet_until"),
    ] {
        let body = json!({ "notification_preferences": preferences });
        let told = app.patch("/auth/profile").by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(told.pointer(), pointer);
    }
}

async fn mail_is_held_back_while_it_is_quiet(app: &App) {
    let t = tenant(app).await;
    verify(app, &t.member).await;
    crate::mail::nothing_waits(app, t.id).await;
    // Quiet hours start now and last two hours. The clock stands still.
    let now = app.clock.now();
    let of_day = |at: taskhub_domain::Timestamp| at.to_string()[11..16].to_owned();
    let quiet = json!({
        "assignment": "mail", "quiet_from": of_day(now), "quiet_until": of_day(now.plus(HOUR * 2)),
    });
    let _ = app.patch("/auth/profile").by(&t.member).json(&json!({ "time_zone": "UTC" })).gives(200).await;
    prefer(app, &t.member, quiet).await;
    let _ = task(app, &t.admin, json!({ "title": "Hush now", "assignee_id": t.member.id })).await;
    // The inbox is not delayed, nor is other mail.
    assert_eq!(told(app, &t.member).await, ["assigned"]);
    let database = crate::contract::database::Database::of(app).await;
    let arrived = app.count_mail(&t.member.email);
    let _ = app.post("/auth/password-reset").json(&json!({ "email": t.member.email })).gives(202).await;
    poll::until("other mail arrives", async || app.count_mail(&t.member.email) == arrived + 1).await;
    poll::until("one waits", async || database.mail_of(t.id).await == 1).await;
    app.clock.advance(HOUR);
    assert_eq!(database.mail_of(t.id).await, 1);
    app.clock.advance(HOUR);
    let mail = app.mail_with(&t.member.email, "Hush now").await;
    assert!(mail.subject.contains("admin assigned"), "{}", mail.subject);
    crate::mail::nothing_waits(app, t.id).await;
    let _ = task(app, &t.admin, json!({ "title": "Loud again", "assignee_id": t.member.id })).await;
    let _ = app.mail_with(&t.member.email, "Loud again").await;
}

#[test]
fn quiet_hours_hold_back_mail() {
    alone(mail_is_held_back_while_it_is_quiet);
}
