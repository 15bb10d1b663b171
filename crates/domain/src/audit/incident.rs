//! What was tried and refused, or proved by who only asked: lines of the audit that no write leaves.
//!
//! Invariant: a line tells what was asked for, and why it was refused if it was, never what was guessed. Who acts is who is known to: of a sign-in
//! that failed nobody is.

use serde::Serialize;
use uuid::Uuid;

use crate::{Instant, Result, Tx, error::Kind, policy::Noun};

/// Something that an admin may want to know of.
#[derive(Clone, Debug)]
pub enum Incident {
    /// A caller who is known was refused what they asked for.
    Refused(Refusal),
    /// Somebody tried to sign in as this user.
    SignInFailed(Uuid, Failure),
    /// Somebody found out by a dry run, of which nothing stays, that this would go through: they hold a secret of the user's, or may join the tenant.
    Asked(Asked),
    /// The caller did not prove what they had to, in spite of their token.
    ProofFailed(Failure),
}

/// What would go through.
#[derive(Clone, Debug, Serialize)]
pub struct Asked {
    /// `sign_in`, `refresh`, `verify_email`, `reset_password` or `register`; `password` or `code` where a caller proves one beside their token.
    pub what: &'static str,
}

/// What was refused.
#[derive(Clone, Debug, Serialize)]
pub struct Refusal {
    /// The operation's id.
    pub operation: String,
    /// The problem's code.
    pub code: &'static str,
}

/// A proof that failed.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// What was wrong: `password`, `code`, or that the user is `inactive`.
    pub reason: &'static str,
    /// Until when every further attempt is refused, when this was one too many. Those leave no line, or a stranger could fill the audit.
    pub blocked_until: Option<Instant>,
}

/// Records an incident, from the request of the context.
///
/// # Errors
/// Those of the store.
pub async fn record(tx: &Tx, incident: &Incident) -> Result<()> {
    match incident {
        Incident::Refused(what) => tx.note(Noun::Tenant, "refused", tx.ctx().tenant(), what),
        Incident::SignInFailed(user, what) => tx.note(Noun::User, "sign_in_failed", *user, what),
        Incident::Asked(what) => match tx.ctx().user() {
            Some(user) => tx.note(Noun::User, "asked", user, what),
            None => tx.note(Noun::Tenant, "asked", tx.ctx().tenant(), what),
        },
        Incident::ProofFailed(what) => {
            tx.note(Noun::User, "proof_failed", tx.ctx().user().ok_or(Kind::Forbidden)?, what)
        }
    }
}
