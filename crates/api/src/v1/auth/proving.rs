//! Proofs that a caller gives in addition to the token: the password, or a code of the second
//! factor.
//!
//! Invariant: a proof counts in the login throttle like a sign-in, so it cannot be guessed faster.

use secrecy::SecretString;
use taskhub_auth::Match;
use taskhub_domain::{
    Context, Error,
    audit::{Failure, SecurityEvent},
    login_throttle::Attempt,
    second_factor,
    user::User,
};

use super::super::App;
use crate::http::problem::Problem;

/// An attempt of the caller, with the hashing permit of their tenant.
pub(super) struct Proving<'a> {
    app: &'a App,
    caller: &'a Context,
    attempt: Attempt,
    _turn: tokio::sync::OwnedSemaphorePermit,
}

impl<'a> Proving<'a> {
    /// Refuses the attempt while the login throttle blocks it. Otherwise waits for the tenant's
    /// permit.
    pub(super) async fn begin(app: &'a App, caller: &'a Context) -> Result<Self, Problem> {
        let attempt = Attempt::on_user(&app.repository, caller);
        attempt.admit(&app.repository).await?;
        let turn = app.turns.of(caller.tenant()).enter().await?;
        Ok(Self { app, caller, attempt, _turn: turn })
    }

    /// The attempt, for the transaction that checks the rest of it.
    pub(super) fn attempt(&self) -> Attempt {
        self.attempt.clone()
    }

    /// Checks the caller's password. A wrong one is an error at the field that the pointer names.
    pub(super) async fn password(
        &self,
        password: SecretString,
        user: &User,
        pointer: &str,
    ) -> Result<(), Problem> {
        let found = self.app.hasher.verify(password, Some(user.password_hash.clone())).await?;
        if found != Match::No {
            self.attempt.admit(&self.app.repository).await?;
            return Ok(self.app.tell_asked(self.caller, "password").await?);
        }
        self.failed("password").await?;
        Err(Error::field(pointer, "wrong_password", "Must be your current password.").into())
    }

    /// The outcome of a transaction that checked a code. A wrong code counts as a failed attempt.
    pub(super) async fn outcome<T>(&self, outcome: Result<T, Error>) -> Result<T, Problem> {
        if outcome.as_ref().is_err_and(second_factor::is_wrong_code) {
            self.failed("code").await?;
        }
        let output = outcome?;
        self.app.tell_asked(self.caller, "code").await?;
        Ok(output)
    }

    async fn failed(&self, reason: &'static str) -> Result<(), Problem> {
        let blocked_until = self.attempt.failed(&self.app.repository).await?;
        let event = SecurityEvent::ProofFailed(Failure { reason, blocked_until });
        self.app.record_event(self.caller.clone(), event);
        Ok(())
    }
}
