//! Waiting for what another process or node must catch up with.

use std::time::Duration;

/// The most that anything may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// Asks again and again until it is so.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    within(DEADLINE, what, is_so).await;
}

/// As [`until`], with a deadline that is part of the promise.
pub(crate) async fn within(deadline: Duration, what: &str, is_so: impl AsyncFn() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(deadline, asking).await.is_ok(), "not within {deadline:?}: {what}");
}
