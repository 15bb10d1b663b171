//! How a service account authenticates.
//!
//! Invariant: every mistake in the id or the secret gets the same error.

use std::time::Duration;

use secrecy::SecretString;
use taskhub_auth::{Grant, Kind as Bearer};

use super::{ServiceAccount, entity};
use crate::{
    Context, Error, Instant, Repository, Result, Scope, System, Tx,
    identity::tenant::Tenant,
    kernel::{
        credential::{Credential, Granted, Purpose},
        error::Kind,
        repository::{Act, Read, Update},
        scopes,
    },
};

/// The accuracy of `last_used_at`. A write for each token would cost more than the token.
const NOTED: Duration = Duration::from_mins(1);

/// Client credentials (RFC 6749 section 2.3.1).
#[derive(Clone, Debug)]
pub struct Client {
    /// The client id: the id of the service account.
    pub id: String,
    /// The client secret.
    pub secret: SecretString,
}

impl Client {
    /// The secret, if this installation issued it for the service account that the client names.
    fn credential(&self, installation: &[u8]) -> Result<Credential> {
        Credential::parse(Purpose::Service, &self.secret, installation)
            .filter(|secret| secret.row().to_string() == self.id)
            .ok_or_else(|| Kind::InvalidClient.into())
    }
}

/// A request for an access token.
struct Asked {
    client: Client,
    scope: String,
    longest: i64,
}

/// Authenticates a client: returns the context of the service account, limited to its scopes.
///
/// # Errors
/// `InvalidClient`, `TenantSuspended`.
pub async fn authenticate(repository: &Repository, system: &System, client: &Client) -> Result<Context> {
    let secret = client.credential(repository.secret())?;
    let scope = repository.read(&system.within(secret.tenant()));
    let account = proved(&scope, &secret, Read, scope.ctx().now()).await?;
    Ok(system.as_service(account.tenant_id, account.id, account.scopes.0))
}

/// Exchanges a client secret for an access token with the requested scopes, or with all scopes of
/// the service account. The token is valid for at most `longest` seconds.
///
/// # Errors
/// `InvalidClient`, `TenantSuspended`. `Invalid` at `/scope`.
pub async fn exchange(
    repository: &Repository,
    system: &System,
    client: Client,
    scope: String,
    longest: i64,
) -> Result<Granted> {
    let ctx = system.within(client.credential(repository.secret())?.tenant());
    repository.write(&ctx, Asked { client, scope, longest }, |tx, asked| Box::pin(grant(tx, asked))).await
}

/// The row is locked and written. So a revocation of the account's tokens comes either before this
/// or after it.
async fn grant(tx: &Tx, asked: &Asked) -> Result<Granted> {
    let secret = asked.client.credential(tx.secret())?;
    let account = proved(tx, &secret, Update, tx.ctx().now()).await?;
    let at = tx.ctx().now();
    let scopes = scopes::narrowed(&account.scopes.0, &asked.scope)?;
    tx.guard::<ServiceAccount>(account.id).await?;
    if account.last_used_at.is_none_or(|used| used.plus(NOTED) <= at) {
        tx.stamp::<ServiceAccount>(account.id, entity::Column::LastUsedAt).await?;
    }
    account.granted(scopes, at, asked.longest)
}

/// The service account of a secret, if it and its tenant are active.
async fn proved(scope: &Scope, secret: &Credential, act: impl Act, now: Instant) -> Result<ServiceAccount> {
    let refused = |error: Error| match error.kind() {
        Kind::NotFound => Kind::InvalidClient.into(),
        _ => error,
    };
    let account = scope.resolve::<ServiceAccount, _>(secret.row(), act).await.map_err(refused)?.into_row();
    let previous = account.previous_hash.as_ref().filter(|_| account.previous_expires_at > Some(now));
    let knows_it = secret.matches(&account.secret_hash) || previous.is_some_and(|hash| secret.matches(hash));
    if !knows_it || !account.is_let_in(now) {
        return Err(Kind::InvalidClient.into());
    }
    let tenant = scope.resolve::<Tenant, _>(account.tenant_id, Read).await.map_err(refused)?;
    if tenant.row().is_active { Ok(account) } else { Err(Kind::TenantSuspended.into()) }
}

impl ServiceAccount {
    /// A token of the service account. It is valid for at most `longest` seconds, and no longer
    /// than the service account.
    ///
    /// # Errors
    /// `InvalidClient` if less than a second is left.
    pub fn granted(&self, scopes: Vec<String>, at: Instant, longest: i64) -> Result<Granted> {
        let left = self.expires_at.map_or(longest, |end| end.seconds() - at.seconds());
        let lifetime = longest.min(left);
        if lifetime < 1 {
            return Err(Kind::InvalidClient.into());
        }
        let grant = Grant {
            kind: Bearer::Service,
            id: self.id,
            tenant: Some(self.tenant_id),
            role: None,
            scopes: Some(scopes),
            session: None,
            lifetime,
        };
        Ok(Granted { grant, at })
    }
}
