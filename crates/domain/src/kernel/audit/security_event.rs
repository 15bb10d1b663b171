//! Security events: audit entries that no write causes, such as rejected requests and dry runs that
//! proved a secret.
//!
//! Invariant: an entry says what was requested and why it was rejected, but never contains a
//! guessed secret. The actor is the verified caller; a failed sign-in has none.

use serde::Serialize;
use uuid::Uuid;

use crate::{
    Result, Timestamp, Tx,
    kernel::{change::ChangeType, error::Kind, policy::ResourceType},
};

/// A security event.
#[derive(Clone, Debug)]
pub enum SecurityEvent {
    /// A request of a verified caller was rejected.
    Refused(Refusal),
    /// A sign-in as this user failed.
    SignInFailed(Uuid, Failure),
    /// A dry run succeeded and so proved that the caller has a secret of the user, or may join the
    /// tenant.
    Asked(Asked),
    /// A verified caller failed to prove their password or code.
    ProofFailed(Failure),
}

/// What a dry run proved.
#[derive(Clone, Debug, Serialize)]
pub struct Asked {
    /// `sign_in`, `refresh`, `verify_email`, `reset_password` or `register`; `password` or `code`
    /// if a verified caller proved it.
    pub what: &'static str,
}

/// A rejected request.
#[derive(Clone, Debug, Serialize)]
pub struct Refusal {
    /// The id of the operation.
    pub operation: String,
    /// The code of the problem.
    pub code: &'static str,
}

/// A proof that failed.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// The reason: `password`, `code`, or `inactive` for an inactive user.
    pub reason: &'static str,
    /// The time until which further attempts are rejected, if this attempt exceeded the limit.
    /// Rejected attempts are not recorded, because anybody could fill the audit log with them.
    pub blocked_until: Option<Timestamp>,
}

/// Records a security event of the request in the context.
///
/// # Errors
/// Those of the repository.
pub async fn record(tx: &Tx, event: &SecurityEvent) -> Result<()> {
    match event {
        SecurityEvent::Refused(what) => {
            tx.note(ResourceType::Tenant, ChangeType::Refused, tx.ctx().tenant(), what)
        }
        SecurityEvent::SignInFailed(user, what) => {
            tx.note(ResourceType::User, ChangeType::SignInFailed, *user, what)
        }
        SecurityEvent::Asked(what) => match tx.ctx().user() {
            Some(user) => tx.note(ResourceType::User, ChangeType::Probe, user, what),
            None => tx.note(ResourceType::Tenant, ChangeType::Probe, tx.ctx().tenant(), what),
        },
        SecurityEvent::ProofFailed(what) => tx.note(
            ResourceType::User,
            ChangeType::ProofFailed,
            tx.ctx().user().ok_or(Kind::Forbidden)?,
            what,
        ),
    }
}
