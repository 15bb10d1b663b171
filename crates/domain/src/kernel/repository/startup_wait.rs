//! Waits for a database that can't be reached yet: one that starts beside the server, or that fails
//! over.

use std::{str::FromStr, time::Duration};

use sqlx::{
    Connection,
    mysql::{MySqlConnectOptions, MySqlConnection},
    postgres::{PgConnectOptions, PgConnection},
};
use tokio::time::{Instant, sleep, timeout};

use super::pool::Database;

/// The time limit of one attempt to connect.
const ATTEMPT: Duration = Duration::from_secs(5);
/// The first pause between attempts, and the longest. Each pause is twice as long as the one
/// before.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// Transient SQLSTATE classes: connection exceptions (08), insufficient resources (53), and
/// operator intervention such as a start (57).
const PASSING: [&str; 3] = ["08", "53", "57"];

impl Database {
    /// Waits until the database accepts a connection, for at most `limit`. It does not wait for an
    /// embedded database.
    ///
    /// # Errors
    /// A sentence with the host and the cause, without the password. It comes after the time limit,
    /// or immediately when waiting does not help.
    pub async fn wait(&self, limit: Duration) -> Result<(), String> {
        if self.is_embedded() {
            return Ok(());
        }
        let (begin, mut pause) = (Instant::now(), PAUSES.0);
        loop {
            let Err((cause, passes)) = self.attempt().await else { return Ok(()) };
            let host = self.host();
            if !passes {
                return Err(format!("The database at {host} refuses the connection: {cause}"));
            }
            if begin.elapsed() + pause > limit {
                return Err(format!("The database at {host} can't be reached: {cause}"));
            }
            tracing::warn!(host, cause, "the database can't be reached; the server waits for it");
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Tries to connect. A failure has its cause, and whether it is transient.
    async fn attempt(&self) -> Result<(), (String, bool)> {
        let connect = async {
            let url = self.url();
            if self.telling().is_some() {
                PgConnection::connect(url).await?.close().await
            } else {
                MySqlConnection::connect(url).await?.close().await
            }
        };
        match timeout(ATTEMPT, connect).await {
            Ok(connected) => connected.map_err(|error| (cause(&error), passes(&error))),
            Err(_) => Err((format!("no answer within {} seconds", ATTEMPT.as_secs()), true)),
        }
    }

    /// The host and port in the URL.
    fn host(&self) -> String {
        let url = self.url();
        let postgres =
            || PgConnectOptions::from_str(url).map(|to| format!("{}:{}", to.get_host(), to.get_port()));
        let mysql =
            || MySqlConnectOptions::from_str(url).map(|to| format!("{}:{}", to.get_host(), to.get_port()));
        if self.telling().is_some() { postgres() } else { mysql() }.unwrap_or_default()
    }
}

/// The cause of an error, without the words that the driver adds.
fn cause(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}

/// Whether the next attempt may succeed. A wrong password or an unknown database is not transient.
fn passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| PASSING.iter().any(|class| code.starts_with(class)))
        }
        _ => false,
    }
}
