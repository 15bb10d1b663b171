//! Concurrent attempts and further nodes do not evade the throttle.

use std::time::Duration;

use futures::future::join_all;
use taskhub_tests::{App, PASSWORD, every_database};
use tokio::sync::Semaphore;

use super::{WRONG, fail, try_as};

every_database!(
    concurrent_attempts_are_counted_exactly,
    concurrent_guesses_do_not_evade_the_throttle,
    nodes_share_the_count_of_failures,
);

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
