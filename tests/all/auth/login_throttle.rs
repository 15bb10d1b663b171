//! The login throttle: how many failures are free, how long the next attempt is delayed and for
//! whom, and that concurrency does not evade it.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_tests::{Answer, App, PASSWORD, every_database};
use tokio::sync::Semaphore;

every_database!(
    sixth_failed_login_is_throttled_with_growing_delay,
    throttle_does_not_reveal_whether_an_account_exists,
    concurrent_attempts_are_counted_exactly,
    concurrent_guesses_do_not_evade_the_throttle,
    success_resets_the_failures_of_the_account,
    success_at_another_account_with_the_same_email_resets_nothing,
    throttle_delays_other_networks_at_most_a_minute,
    network_is_throttled_after_failures_at_many_accounts,
    password_and_code_checks_are_throttled_like_a_login,
    failures_are_reset_after_an_hour_without_any,
    nodes_share_the_count_of_failures,
);

const WRONG: &str = "another-password";
const SECOND: Duration = Duration::from_secs(1);

async fn try_as(app: &App, email: &str, password: &str) -> Answer {
    app.post("/auth/token").json(&json!({ "email": email, "password": password })).send().await
}

/// Tries to sign in from the given address, through a trusted proxy.
async fn try_from(app: &App, address: &str, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    app.post("/auth/token").header("x-forwarded-for", address).json(&body).send().await
}

fn waits(answer: Answer, seconds: u64) {
    let answer = answer.expect(429);
    assert_eq!((answer.code(), answer.header("retry-after")), ("too_many_attempts", &*seconds.to_string()));
}

async fn fail(app: &App, email: &str, times: usize) {
    for _ in 0..times {
        assert_eq!(try_as(app, email, WRONG).await.expect(401).code(), "invalid_credentials");
    }
}

/// A server behind a trusted proxy that reports the address of the client.
async fn behind_a_proxy(app: &App) -> App {
    app.second(&["--trusted-proxies", "127.0.0.0/8"]).await
}

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

async fn throttle_does_not_reveal_whether_an_account_exists(app: &App) {
    let t = app.tenant().await;
    let nobody = format!("nobody@{}.example", t.slug);
    let mut told = Vec::new();
    for email in [&t.member.email, &nobody] {
        let mut answers = Vec::new();
        for _ in 0..8 {
            let mut answer = try_as(app, email, WRONG).await;
            answer.body["instance"] = Value::Null;
            answers.push((answer.status, answer.header("retry-after").to_owned(), answer.body));
        }
        told.push(answers);
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].iter().filter(|(status, ..)| *status == 401).count(), 5);
}

async fn concurrent_attempts_are_counted_exactly(app: &App) {
    let t = app.tenant().await;
    let answers = join_all((0..30).map(|_| try_as(app, &t.member.email, WRONG))).await;
    let judged = answers.iter().filter(|answer| answer.status == 401).count();
    let waited = answers.iter().filter(|answer| answer.status == 429).count();
    assert_eq!((judged, waited), (5, 25));
}

async fn concurrent_guesses_do_not_evade_the_throttle(app: &App) {
    let other = app.second(&[]).await;
    // The clock of a test stands still from the start of its server. Both servers must have the
    // same time.
    let behind = other.clock.now().micros() - app.clock.now().micros();
    app.clock.advance(Duration::from_micros(u64::try_from(behind).unwrap()));
    for _ in 0..20 {
        // The right password is sent while some of the attempts are answered and the others are
        // under way.
        let t = app.tenant().await;
        let judged = Semaphore::new(0);
        let (judged, node, email) = (&judged, &other, &t.member.email);
        let wrong = (0..29).map(|number| async move {
            let answer = try_as(if number % 2 == 0 { app } else { node }, email, WRONG).await;
            judged.add_permits(1);
            answer.status
        });
        let right = async {
            let _ = judged.acquire_many(3).await.unwrap();
            try_as(node, email, PASSWORD).await.status
        };
        let (wrong, right) = futures::join!(join_all(wrong), right);
        assert!(wrong.iter().all(|status| matches!(status, 401 | 429)), "{wrong:?}");
        let failed = wrong.iter().filter(|status| **status == 401).count();
        // The right password may be checked before the fifth failure. Then it succeeds and resets
        // the earlier failures.
        assert!(failed <= if right == 200 { 9 } else { 5 }, "{failed} failures, and {right}");
        if right != 200 {
            assert_eq!(right, 429);
            other.finish().await;
            return;
        }
    }
    panic!("a guess among many got through again and again");
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

async fn throttle_delays_other_networks_at_most_a_minute(app: &App) {
    let t = app.tenant().await;
    let behind = behind_a_proxy(app).await;
    let email = &t.member.email;
    let from = |number: usize| format!("2001:db8:0:{number:x}::1");
    for number in 0..4 {
        for _ in 0..5 {
            let _ = try_from(&behind, &from(number), email, WRONG).await.expect(401);
        }
    }
    // After twenty failures from any network every attempt is delayed, by at most a minute.
    waits(try_from(&behind, &from(9), email, PASSWORD).await, 1);
    for _ in 0..8 {
        behind.clock.advance(Duration::from_mins(1));
        let _ = try_from(&behind, &from(10), email, WRONG).await;
    }
    behind.clock.advance(Duration::from_mins(1));
    let _ = try_from(&behind, &from(11), email, PASSWORD).await.expect(200);
    // All addresses of an IPv6 network count as one.
    behind.clock.advance(Duration::from_hours(2));
    for number in 0..5 {
        let address = format!("2001:db8:1:1:{number:x}::1");
        let _ = try_from(&behind, &address, &t.other.email, WRONG).await.expect(401);
    }
    waits(try_from(&behind, "2001:db8:1:1::9", &t.other.email, PASSWORD).await, 1);
    behind.finish().await;
}

async fn network_is_throttled_after_failures_at_many_accounts(app: &App) {
    let t = app.tenant().await;
    for number in 0..50 {
        let _ = try_as(app, &format!("nobody-{number}@{}.example", t.slug), WRONG).await.expect(401);
    }
    waits(try_as(app, &t.member.email, PASSWORD).await, 1);
    app.clock.advance(SECOND);
    let _ = t.member.sign_in(app).await;
    let _ = try_as(app, &format!("nobody@{}.example", t.slug), WRONG).await.expect(401);
    waits(try_as(app, &t.member.email, PASSWORD).await, 2);
}

async fn password_and_code_checks_are_throttled_like_a_login(app: &App) {
    let t = app.tenant().await;
    let (access, _) = t.member.sign_in(app).await;
    let change = |old: &str| json!({ "old_password": old, "new_password": "tall-quiet-mountains" });
    let post = async |path: &str, body: Value| app.post(path).token(&access).json(&body).send().await;
    for number in 0..5 {
        let answer = if number % 2 == 0 {
            post("/auth/change-password", change(WRONG)).await
        } else {
            post("/auth/mfa/totp", json!({ "password": WRONG })).await
        };
        assert_eq!(answer.expect(422).body["errors"][0]["code"], "wrong_password");
    }
    waits(post("/auth/change-password", change(PASSWORD)).await, 1);
    waits(post("/auth/mfa/totp", json!({ "password": PASSWORD })).await, 1);
    waits(post("/auth/mfa/totp/confirm", json!({ "code": "000000" })).await, 1);
    app.clock.advance(SECOND);
    let _ = post("/auth/mfa/totp", json!({ "password": PASSWORD })).await.expect(200);
    // A right password does not reset the count of wrong codes.
    for _ in 0..5 {
        let answer = post("/auth/mfa/totp/confirm", json!({ "code": "000000" })).await.expect(422);
        assert_eq!(answer.body["errors"][0]["code"], "invalid_code");
    }
    waits(post("/auth/mfa/totp/confirm", json!({ "code": "000000" })).await, 1);
    let path = format!("/audit?action=proof_failed&row={}", t.member.id);
    crate::poll::until("a line for each failure", async || {
        app.get(&path).by(&t.admin).gives(200).await["count"] == 10
    })
    .await;
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

async fn nodes_share_the_count_of_failures(app: &App) {
    let t = app.tenant().await;
    let there = app.second(&[]).await;
    fail(app, &t.member.email, 3).await;
    fail(&there, &t.member.email, 2).await;
    for node in [app, &there] {
        let waits = try_as(node, &t.member.email, PASSWORD).await.expect(429);
        assert_eq!(waits.code(), "too_many_attempts");
    }
    there.finish().await;
}
