//! Authentication: the one way from a token to a principal, for access tokens and personal access
//! tokens.
//!
//! Invariant: every token is verified by the one verifier and checked against the revocations, each
//! time. A personal access token is exchanged for a short-lived access token. The cache stores the
//! access token under the digest of the personal one; it never leaves the server. When it is
//! rejected or expired, the personal access token is looked up again. A rejected one is not looked
//! up again for a second.

use std::{sync::Arc, time::Duration};

use quick_cache::sync::Cache;
use secrecy::{ExposeSecret, SecretString};
use taskhub_auth::{Principal, secret::digest};
use taskhub_domain::{Instant, access_token, context::Request, credential::Purpose, error::Kind};

use crate::{
    http::problem::{Code, Problem},
    state::State,
};

/// The most personal access tokens in the cache.
const REMEMBERED: usize = 10_000;
/// The time during which a rejected token is not looked up again.
const REFUSED: Duration = Duration::from_secs(1);

/// The cache of personal access tokens, by their digests.
pub struct Exchanged(Cache<String, Known>);

#[derive(Clone)]
enum Known {
    /// The access token for which it was exchanged.
    For(Arc<SecretString>),
    /// It was rejected for this reason; the entry is valid until then.
    Refused(Kind, Instant),
}

impl Default for Exchanged {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl State {
    /// The principal of a token. An access token needs no query, and a personal access token needs
    /// none while it is cached.
    ///
    /// # Errors
    /// `Unauthenticated`, `TenantSuspended`; those of the repository for a personal access token
    /// that must be looked up.
    pub async fn enter(&self, token: &str, origin: &Request) -> Result<Arc<Principal>, Problem> {
        if token.starts_with(Purpose::Access.prefix()) {
            self.enter_personally(token, origin).await
        } else {
            self.verify(token)
        }
    }

    /// The principal of a token that a caller asks about, if the token is valid now.
    ///
    /// # Errors
    /// Those of the repository.
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
        // The use of the token is recorded in a dry run too.
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
