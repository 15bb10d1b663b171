//! Failures of one network, and the delay of the others.

use std::time::Duration;

use taskhub_tests::{App, PASSWORD, every_database};

use super::{SECOND, WRONG, try_as, try_from, waits};

every_database!(
    throttle_delays_other_networks_at_most_a_minute,
    network_is_throttled_after_failures_at_many_accounts,
);

/// A server behind a trusted proxy that reports the address of the client.
async fn behind_a_proxy(app: &App) -> App {
    app.second(&["--trusted-proxies", "127.0.0.0/8"]).await
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
