//! Waits for another process or node to catch up.

use std::time::Duration;

/// The time limit of each wait.
const DEADLINE: Duration = Duration::from_secs(20);

/// Polls the condition until it holds.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    within(DEADLINE, what, is_so).await;
}

/// Like [`until`], with a deadline that is part of the documented behaviour.
pub(crate) async fn within(deadline: Duration, what: &str, is_so: impl AsyncFn() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(deadline, asking).await.is_ok(), "not within {deadline:?}: {what}");
}
