//! What a caller proves again, beside their token: a password, or a code of the second factor. Guessed at no faster than at sign-in.

use secrecy::SecretString;
use taskhub_auth::Match;
use taskhub_domain::{
    Context, Error,
    audit::{Failure, Incident},
    guess::Attempt,
    second_factor,
    user::User,
};

use super::super::App;
use crate::problem::Problem;

/// An attempt of the caller's, and their tenant's turn at hashing.
pub(super) struct Proving<'a> {
    app: &'a App,
    caller: &'a Context,
    attempt: Attempt,
    _turn: tokio::sync::OwnedSemaphorePermit,
}

impl<'a> Proving<'a> {
    /// Refuses an attempt while there is a wait; else it is the tenant's turn.
    pub(super) async fn begin(app: &'a App, caller: &'a Context) -> Result<Self, Problem> {
        let attempt = Attempt::on_user(&app.store, caller);
        attempt.admit(&app.store).await?;
        let turn = app.turns.of(caller.tenant()).enter().await?;
        Ok(Self { app, caller, attempt, _turn: turn })
    }

    /// The attempt, for the transaction that judges the rest of it.
    pub(super) fn attempt(&self) -> Attempt {
        self.attempt.clone()
    }

    /// Proves the caller's password, and blames the field at the pointer if it is another.
    pub(super) async fn password(
        &self,
        password: SecretString,
        user: &User,
        pointer: &str,
    ) -> Result<(), Problem> {
        let found = self.app.hasher.verify(password, Some(user.password_hash.clone())).await?;
        if found != Match::No {
            self.attempt.admit(&self.app.store).await?;
            return Ok(self.app.tell_asked(self.caller, "password").await?);
        }
        self.failed("password").await?;
        Err(Error::field(pointer, "wrong_password", "This is not your present password.").into())
    }

    /// The outcome of a transaction that judged a code.
    pub(super) async fn outcome<T>(&self, outcome: Result<T, Error>) -> Result<T, Problem> {
        if outcome.as_ref().is_err_and(second_factor::is_wrong_code) {
            self.failed("code").await?;
        }
        let output = outcome?;
        self.app.tell_asked(self.caller, "code").await?;
        Ok(output)
    }

    async fn failed(&self, reason: &'static str) -> Result<(), Problem> {
        let blocked_until = self.attempt.failed(&self.app.store).await?;
        let incident = Incident::ProofFailed(Failure { reason, blocked_until });
        self.app.tell(self.caller.clone(), incident);
        Ok(())
    }
}
