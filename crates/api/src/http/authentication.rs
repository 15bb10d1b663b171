//! Who presents a token: the one way in, for access tokens and for personal access tokens.
//!
//! Invariant: whoever gets in was verified by the one verifier, and asked about with the revocations, each time. A personal access token is
//! exchanged for a short access token, which is remembered by the digest of what was presented and never leaves the server; when that is
//! refused or has expired, the personal one is looked up again. One that was refused is not looked up again for a second.

use std::{sync::Arc, time::Duration};

use quick_cache::sync::Cache;
use secrecy::{ExposeSecret, SecretString};
use taskhub_auth::{Principal, secret::digest};
use taskhub_domain::{Instant, access_token, context::Request, credential::Purpose, error::Kind};

use crate::{
    http::problem::{Code, Problem},
    state::State,
};

/// How many personal access tokens are remembered.
const REMEMBERED: usize = 10_000;
/// For how long one that was refused is not looked up again.
const REFUSED: Duration = Duration::from_secs(1);

/// What is known of personal access tokens, by their digests.
pub struct Exchanged(Cache<String, Known>);

#[derive(Clone)]
enum Known {
    /// The access token that it was exchanged for.
    For(Arc<SecretString>),
    /// It was refused, for this reason and until then.
    Refused(Kind, Instant),
}

impl Default for Exchanged {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl State {
    /// Who presents a token. An access token costs no query, and a personal one none after its first use.
    ///
    /// # Errors
    /// `Unauthenticated`, `TenantSuspended`; those of the store, for a personal access token that must be looked up.
    pub async fn enter(&self, token: &str, origin: &Request) -> Result<Arc<Principal>, Problem> {
        if token.starts_with(Purpose::Access.prefix()) {
            self.enter_personally(token, origin).await
        } else {
            self.verify(token)
        }
    }

    /// Whose a token is that somebody asks about, if it is good at this moment.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn who(
        &self,
        token: &SecretString,
        origin: &Request,
    ) -> Result<Option<Arc<Principal>>, Problem> {
        match self.enter(token.expose_secret(), origin).await {
            Ok(principal) => Ok(Some(principal)),
            Err(problem) if matches!(problem.code(), Code::Unauthenticated | Code::TenantSuspended) => {
                Ok(None)
            }
            Err(problem) => Err(problem),
        }
    }

    fn verify(&self, token: &str) -> Result<Arc<Principal>, Problem> {
        let now = self.repository.clock().now().seconds();
        let principal = self.keys.present().verifier.verify(token, now);
        let principal = principal.map_err(|_| Problem::from(Code::Unauthenticated))?;
        match self.repository.revocations().refuse(&principal) {
            Some(kind @ Kind::TenantSuspended) => Err(kind.into()),
            Some(_) => Err(Problem::new(Code::Unauthenticated, "The token was revoked.")),
            None => Ok(principal),
        }
    }

    async fn enter_personally(&self, token: &str, origin: &Request) -> Result<Arc<Principal>, Problem> {
        let digest = digest(token);
        match self.exchanged.0.get(&digest) {
            Some(Known::For(access)) => {
                if let Ok(principal) = self.verify(access.expose_secret()) {
                    return Ok(principal);
                }
            }
            Some(Known::Refused(kind, until)) if self.repository.clock().now() < until => {
                return Err(kind.into());
            }
            _ => {}
        }
        // Whoever only asks has used it nevertheless.
        let system =
            self.repository.system("exchanging a personal access token", origin.clone().in_earnest());
        let (personal, longest) = (SecretString::from(token), self.settings.access_token_seconds);
        match access_token::exchange(&self.repository, &system, &personal, longest).await {
            Ok(granted) => {
                let access = self.mint(&granted)?;
                let principal = self.verify(access.expose_secret())?;
                self.exchanged.0.insert(digest, Known::For(Arc::new(access)));
                Ok(principal)
            }
            Err(error) => {
                if matches!(error.kind(), Kind::Unauthenticated | Kind::TenantSuspended) {
                    let until = self.repository.clock().now().plus(REFUSED);
                    self.exchanged.0.insert(digest, Known::Refused(error.kind(), until));
                }
                Err(error.into())
            }
        }
    }
}
