//! Notifications of revocations between nodes, where the database has them (`LISTEN` of
//! PostgreSQL).
//!
//! Invariant: nothing depends on them. A notification can be lost with a connection, or while a
//! node is away. So it only says that there is something to read, and every node also polls.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgListener;
use tokio::sync::Notify;

use super::pool::Database;

/// The channel of the database that nodes listen to.
pub(super) const CHANNEL: &str = "taskhub_revoked";
/// The pause before a node listens again after an error.
const PAUSE: Duration = Duration::from_secs(1);

/// The URL of the database, if it has notifications.
pub(super) struct News(Option<SecretString>);

impl News {
    pub(super) fn of(database: &Database) -> Self {
        Self(database.telling().cloned())
    }

    /// Notifies `heard` of every notification, on a connection of its own, until the future is
    /// dropped. It returns at once on a database without notifications.
    pub(super) async fn listen(&self, heard: &Notify) {
        let Some(url) = &self.0 else { return };
        loop {
            if let Err(error) = hear(url, heard).await {
                tracing::warn!(%error, "can't listen for revocations of other nodes; polling for them");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Listens until an error. The driver replaces a lost connection. Each connection counts as a
/// notification, because one may have been missed.
async fn hear(url: &SecretString, heard: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect(url.expose_secret()).await?;
    listener.listen(CHANNEL).await?;
    loop {
        heard.notify_one();
        listener.try_recv().await?;
    }
}
