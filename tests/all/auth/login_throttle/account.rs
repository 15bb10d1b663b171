//! Failures of one account: the delay grows, and a success or an hour resets it.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, PASSWORD, every_database};

use super::{WRONG, fail, try_as, waits};

every_database!(
    sixth_failed_login_is_throttled_with_growing_delay,
    success_resets_the_failures_of_the_account,
    success_at_another_account_with_the_same_email_resets_nothing,
    failures_are_reset_after_an_hour_without_any,
);

async fn sixth_failed_login_is_throttled_with_growing_delay(app: &App) {
    let t = app.tenant().await;
    let email = &t.member.email;
    fail(app, email, 5).await;
    for (wait, guess) in [(1, WRONG), (1, PASSWORD)] {
        waits(try_as(app, email, guess).await, wait);
    }
    // Other users are not throttled.
    let _ = t.other.sign_in(app).await;
    let mut waited = 1;
    for wait in [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
        app.clock.advance(Duration::from_secs(waited));
        fail(app, email, 1).await;
        waits(try_as(app, email, PASSWORD).await, wait);
        waited = wait;
    }
    // A throttled attempt does not extend the delay.
    app.clock.advance(Duration::from_mins(15));
    let _ = try_as(app, email, PASSWORD).await.expect(200);
    let path = format!("/audit?action=sign_in_failed&row={}&sort=at", t.member.id);
    let lines = async || app.get(&path).by(&t.admin).gives(200).await;
    crate::poll::until("a line for each failure that was judged", async || lines().await["count"] == 16)
        .await;
    let lines = lines().await;
    let line = |number: usize| &lines["results"][number];
    assert_eq!(line(0)["new_values"], json!({ "reason": "password", "blocked_until": null }));
    assert!(line(4)["new_values"]["blocked_until"].is_string());
    assert_eq!((&line(0)["actor_kind"], &line(0)["actor_id"]), (&json!("system"), &Value::Null));
    assert_eq!(line(0)["address"], json!(app.address));
}

async fn success_resets_the_failures_of_the_account(app: &App) {
    let t = app.tenant().await;
    for _ in 0..3 {
        fail(app, &t.member.email, 4).await;
        let _ = t.member.sign_in(app).await;
    }
    fail(app, &t.member.email, 5).await;
    waits(try_as(app, &t.member.email, PASSWORD).await, 1);
}

async fn success_at_another_account_with_the_same_email_resets_nothing(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    // Another tenant creates an account with the same email.
    let mine = "tall-quiet-mountains";
    let body = json!({ "email": t.member.email, "username": "both", "password": mine });
    let _ = app.post("/users").by(&u.admin).json(&body).gives(201).await;
    fail(app, &t.member.email, 4).await;
    let _ = try_as(app, &t.member.email, mine).await.expect(200);
    fail(app, &t.member.email, 1).await;
    waits(try_as(app, &t.member.email, PASSWORD).await, 1);
}

async fn failures_are_reset_after_an_hour_without_any(app: &App) {
    let t = app.tenant().await;
    fail(app, &t.member.email, 4).await;
    app.clock.advance(Duration::from_mins(59));
    fail(app, &t.member.email, 1).await;
    app.clock.advance(Duration::from_hours(1));
    fail(app, &t.member.email, 4).await;
    let _ = t.member.sign_in(app).await;
}
