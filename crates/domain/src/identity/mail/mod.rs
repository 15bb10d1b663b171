//! Mail that waits to be sent: written in the transaction of what it is about, sent by a task of the server afterwards.
//!
//! Invariant: nothing is sent for a transaction that was undone, and nothing is lost that was committed. A mail says what happened, not how
//! that reads: its words are the sender's. It is sealed while it waits, because there are links in it that are as good as passwords.

mod current;
mod outbox;

use sea_orm::entity::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub use self::outbox::{Claimed, Next, Outcome, claim, record_outcome};
use crate::{
    Error, Instant, Result, Tx,
    kernel::{policy::Role, repository::entity},
};

entity! {
    struct Waiting in "mail", unversioned {
        pub recipient: String,
        pub sealed: String,
        pub attempts: i32,
        pub created_at: Instant,
        pub next_at: Instant,
        pub last_error: Option<String>,
    }
}

/// What a mail is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Mail {
    /// Somebody is asked to verify their email.
    VerifyEmail {
        /// The link's token.
        token: Token,
    },
    /// Somebody asked for a new password.
    ResetPassword {
        /// The link's token.
        token: Token,
    },
    /// An account was made for somebody, who is asked to choose a password.
    Welcome {
        /// The link's token.
        token: Token,
    },
    /// Somebody is invited.
    Invitation {
        /// The invitation's token.
        token: Token,
        /// Who invites.
        inviter: Option<String>,
        /// As what.
        role: Role,
        /// Until when.
        expires_at: Instant,
    },
    /// A password was changed: for its owner to know.
    PasswordChanged,
    /// What a notification tells.
    Notification {
        /// A sentence. Names and titles are in it.
        text: String,
    },
}

/// A credential in a mail: shown to its recipient alone.
#[derive(Clone, Debug)]
pub struct Token(pub SecretString);

impl Serialize for Token {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(SecretString::deserialize(deserializer)?))
    }
}

/// Lets a mail wait to be sent, in the transaction of what it is about.
///
/// # Errors
/// Those of the store.
pub(crate) async fn send(tx: &Tx, recipient: &str, mail: &Mail) -> Result<()> {
    send_at(tx, recipient, mail, tx.now()).await
}

/// As [`send`], at an instant and not before.
///
/// # Errors
/// Those of the store.
pub(crate) async fn send_at(tx: &Tx, recipient: &str, mail: &Mail, at: Instant) -> Result<()> {
    let born = tx.birth();
    let sealed = seal(tx, born.id, mail)?;
    tx.insert_internal(&Waiting {
        tenant_id: born.tenant,
        id: born.id,
        recipient: recipient.to_owned(),
        sealed,
        attempts: 0,
        created_at: born.at,
        next_at: at,
        last_error: None,
    })
    .await?;
    tx.wake_the_sender();
    Ok(())
}

fn seal(tx: &Tx, id: Uuid, mail: &Mail) -> Result<String> {
    let text = serde_json::to_string(mail).map_err(Error::internal)?;
    tx.cipher().seal(&text, &purpose(&tx.ctx().tenant(), &id)).map_err(Error::internal)
}

/// What a mail is sealed for: a row of a tenant.
fn purpose<'a>(tenant: &'a Uuid, id: &'a Uuid) -> [&'a [u8]; 3] {
    [b"mail", tenant.as_bytes(), id.as_bytes()]
}
