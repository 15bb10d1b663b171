//! Waiting for a database that can't be reached yet: one that starts beside the server, or that
//! fails over.

use std::{str::FromStr, time::Duration};

use sqlx::{
    Connection,
    mysql::{MySqlConnectOptions, MySqlConnection},
    postgres::{PgConnectOptions, PgConnection},
};
use tokio::time::{Instant, sleep, timeout};

use super::pool::Database;

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(5);
/// The first pause between attempts, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// SQLSTATE classes that pass: the connection, the resources, and an operator's intervention such
/// as a start.
const PASSING: [&str; 3] = ["08", "53", "57"];

impl Database {
    /// Waits until the database answers. An embedded one is not waited for.
    ///
    /// # Errors
    /// A sentence with the host and the cause, without the password: after the time limit, or at
    /// once when waiting does not help.
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

    /// Connects once; if it fails, why, and whether that passes.
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

    /// Where it is, as the URL says it.
    fn host(&self) -> String {
        let url = self.url();
        let postgres =
            || PgConnectOptions::from_str(url).map(|to| format!("{}:{}", to.get_host(), to.get_port()));
        let mysql =
            || MySqlConnectOptions::from_str(url).map(|to| format!("{}:{}", to.get_host(), to.get_port()));
        if self.telling().is_some() { postgres() } else { mysql() }.unwrap_or_default()
    }
}

/// What is wrong, without the library's words around it.
fn cause(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}

/// Whether an error may be gone at the next attempt. A wrong password or an unknown database stays.
fn passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| PASSING.iter().any(|class| code.starts_with(class)))
        }
        _ => false,
    }
}
