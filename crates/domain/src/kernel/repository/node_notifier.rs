//! Hearing at once what other nodes revoked, where the database tells its clients (PostgreSQL's LISTEN).
//!
//! Invariant: nothing rests on it. What is told may be lost, with a connection or with a node that was away; so it only says that there is
//! something to read, and nodes read by the clock all the same.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgListener;
use tokio::sync::Notify;

use super::pool::Database;

/// What nodes listen to; the name is the database's own.
pub(super) const CHANNEL: &str = "taskhub_revoked";
/// How long a node waits before it tries again to listen.
const PAUSE: Duration = Duration::from_secs(1);

/// Where to listen, if anywhere.
pub(super) struct News(Option<SecretString>);

impl News {
    pub(super) fn of(database: &Database) -> Self {
        Self(database.telling().cloned())
    }

    /// Notifies of all that is heard, on a connection of its own, until the future is dropped.
    pub(super) async fn listen(&self, heard: &Notify) {
        let Some(url) = &self.0 else { return };
        loop {
            if let Err(error) = hear(url, heard).await {
                tracing::warn!(%error, "what other nodes revoke is not heard at once");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Listens for as long as that goes. A connection that was lost is made anew within, and what may have been missed is taken for heard.
async fn hear(url: &SecretString, heard: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect(url.expose_secret()).await?;
    listener.listen(CHANNEL).await?;
    loop {
        heard.notify_one();
        listener.try_recv().await?;
    }
}
