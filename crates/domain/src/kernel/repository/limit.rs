//! The time limit of a call to a database, and the end of a connection whose call took longer.
//!
//! Invariant: a connection returns to its pool outside a transaction, or it is closed.

use std::{
    future::{Future, Ready, ready},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sea_orm::{DbErr, RuntimeErr};
use sqlx::Connection;
use tokio::time::{Instant, timeout};

/// The time after a timeout in which every returned connection is closed. The connection of the
/// timeout is among them.
const DOUBT: Duration = Duration::from_secs(2);

/// The limit of each call to one database.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    each: Duration,
    /// The time of the last timeout.
    late: Arc<Mutex<Option<Instant>>>,
}

impl Limit {
    pub(super) fn new(each: Duration) -> Self {
        Self { each, late: Arc::default() }
    }

    /// The limit for PostgreSQL itself. It is shorter, so that the database ends a slow statement
    /// and the connection is kept.
    pub(super) fn for_server(&self) -> Duration {
        self.each * 9 / 10
    }

    /// Waits for a call, but no longer than the limit.
    ///
    /// # Errors
    /// The error of the call, or `DbErr::Conn` after the limit.
    pub(super) async fn hold<T>(&self, call: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        // Pinned here, so that the connection in it is dropped after the timeout was noted.
        let mut call = pin!(call);
        if let Ok(outcome) = timeout(self.each, &mut call).await {
            return outcome;
        }
        *self.late.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let text = format!("the database did not answer within {} ms", self.each.as_millis());
        Err(DbErr::Conn(RuntimeErr::Internal(text)))
    }

    /// Whether a connection may be reused. The driver handles a connection that was dropped between
    /// statements, but not one whose call timed out: its response, or half of its BEGIN, may still
    /// be on the way.
    pub(super) fn is_reusable<C: Connection>(&self, connection: &C) -> Ready<sqlx::Result<bool>> {
        let late = *self.late.lock().unwrap_or_else(PoisonError::into_inner);
        let is_doubtful = late.is_some_and(|late| late.elapsed() < DOUBT);
        ready(Ok(!is_doubtful && !connection.is_in_transaction()))
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Duration};

    use sea_orm::DbErr;
    use sqlx::{Connection, SqliteConnection};

    use super::{DOUBT, Limit};

    #[tokio::test]
    async fn connections_that_come_back_just_after_a_late_call_are_closed() {
        let connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        tokio::time::pause();
        let limit = Limit::new(Duration::from_secs(10));
        assert!(limit.is_reusable(&connection).await.unwrap());
        assert_eq!(limit.hold(async { Ok(1) }).await, Ok(1));
        let late = limit.hold(pending::<Result<(), DbErr>>()).await;
        assert!(matches!(late, Err(DbErr::Conn(_))));
        assert!(!limit.is_reusable(&connection).await.unwrap());
        tokio::time::advance(DOUBT).await;
        assert!(limit.is_reusable(&connection).await.unwrap());
    }
    #[tokio::test]
    async fn a_connection_that_comes_back_inside_a_transaction_is_closed() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        std::mem::forget(connection.begin().await.unwrap());
        let limit = Limit::new(Duration::from_secs(10));
        assert!(!limit.is_reusable(&connection).await.unwrap());
    }
}
