//! How long a call to a database may take, and what becomes of a connection whose call took longer.
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

/// For how long after a late call each connection that comes back is closed. The connection of the late call is among them.
const DOUBT: Duration = Duration::from_secs(2);

/// The limit of each call on one database.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    each: Duration,
    /// When a call was late last.
    late: Arc<Mutex<Option<Instant>>>,
}

impl Limit {
    pub(super) fn new(each: Duration) -> Self {
        Self { each, late: Arc::default() }
    }

    /// What PostgreSQL is told: it ends a slow statement itself, shortly before, and keeps the connection.
    pub(super) fn for_server(&self) -> Duration {
        self.each * 9 / 10
    }

    /// Waits for a call, but no longer than the limit.
    pub(super) async fn hold<T>(&self, call: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        // Pinned here, so that the connection in it is dropped only after the lateness is noted.
        let mut call = pin!(call);
        if let Ok(outcome) = timeout(self.each, &mut call).await {
            return outcome;
        }
        *self.late.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let text = format!("the database has not answered within {} ms", self.each.as_millis());
        Err(DbErr::Conn(RuntimeErr::Internal(text)))
    }

    /// Whether a connection may be used again. sqlx answers for one that was dropped between statements, and not for one whose call
    /// was late: its answer, or half of its BEGIN, may still be on the way.
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
