//! Emails: written to an outbox in the transaction that they are about, and sent afterwards by a
//! background task.
//!
//! Invariant: no email is sent for a transaction that was rolled back, and none is lost after a
//! commit. A queued email holds data; the background task renders it from a template. It is
//! encrypted in the outbox, because its links are as powerful as passwords.

mod current;
mod outbox;

use sea_orm::entity::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub use self::outbox::{Claimed, Next, Outcome, claim, record_outcome};
use crate::{
    Error, Result, Timestamp, Tx,
    kernel::{policy::Role, repository::entity},
};

entity! {
    struct Waiting in "mail", unversioned {
        pub recipient: String,
        pub sealed: String,
        pub attempts: i32,
        pub created_at: Timestamp,
        pub next_at: Timestamp,
        pub last_error: Option<String>,
    }
}

/// The content of an email.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Mail {
    /// A link to verify an email address.
    VerifyEmail {
        /// The link's token.
        token: Token,
    },
    /// A link to reset a password.
    ResetPassword {
        /// The link's token.
        token: Token,
    },
    /// A welcome to a new user, with a link to choose a password.
    Welcome {
        /// The link's token.
        token: Token,
    },
    /// An invitation to join a tenant.
    Invitation {
        /// The token of the invitation.
        token: Token,
        /// The name of the inviter.
        inviter: Option<String>,
        /// The role of the invited user.
        role: Role,
        /// When the invitation expires.
        expires_at: Timestamp,
    },
    /// Tells a user that their password was changed.
    PasswordChanged,
    /// A notification.
    Notification {
        /// A sentence with names and titles.
        text: String,
    },
}

/// A credential in an email, shown only to its recipient.
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

/// Adds an email to the outbox, in the transaction that it is about.
///
/// # Errors
/// Those of the repository.
pub(crate) async fn send(tx: &Tx, recipient: &str, mail: &Mail) -> Result<()> {
    send_at(tx, recipient, mail, tx.now()).await
}

/// As [`send`], but the email is not sent before a timestamp.
///
/// # Errors
/// Those of the repository.
pub(crate) async fn send_at(tx: &Tx, recipient: &str, mail: &Mail, at: Timestamp) -> Result<()> {
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

/// The purpose of the encryption, which binds an email to its row.
fn purpose<'a>(tenant: &'a Uuid, id: &'a Uuid) -> [&'a [u8]; 3] {
    [b"mail", tenant.as_bytes(), id.as_bytes()]
}
