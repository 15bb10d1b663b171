//! How a service account proves which it is. Whatever is wrong with it or its secret is one and the same refusal.

use std::time::Duration;

use secrecy::SecretString;
use taskhub_auth::{Grant, Kind as Bearer};

use super::{ServiceAccount, entity};
use crate::{
    Context, Error, Instant, Result, Scope, Store, System, Tx,
    credential::{Credential, Granted, Purpose},
    error::Kind,
    scopes,
    store::{Act, Read, Update},
    tenant::Tenant,
};

/// How exactly `last_used_at` is kept: a write each time would cost more than the token.
const NOTED: Duration = Duration::from_mins(1);

/// What a client says of itself (RFC 6749 section 2.3.1).
#[derive(Clone, Debug)]
pub struct Client {
    /// The service account's id.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
}

impl Client {
    /// The secret, if it is one of this installation's for the service account that the client names.
    fn credential(&self, installation: &[u8]) -> Result<Credential> {
        Credential::parse(Purpose::Service, &self.secret, installation)
            .filter(|secret| secret.row().to_string() == self.id)
            .ok_or_else(|| Kind::InvalidClient.into())
    }
}

/// What a client asks for.
struct Asked {
    client: Client,
    scope: String,
    longest: i64,
}

/// Who a client is: the service account's own context, within its scopes.
///
/// # Errors
/// `InvalidClient`, `TenantSuspended`.
pub async fn authenticate(store: &Store, system: &System, client: &Client) -> Result<Context> {
    let secret = client.credential(store.secret())?;
    let scope = store.read(&system.within(secret.tenant()));
    let account = proved(&scope, &secret, Read, scope.ctx().now()).await?;
    Ok(system.as_service(account.tenant_id, account.id, account.scopes.0))
}

/// Exchanges a client's secret for an access token with the scopes that it asks for, or all of its own; good for as long as is said at most.
///
/// # Errors
/// `InvalidClient`, `TenantSuspended`; `Invalid` at `/scope`.
pub async fn exchange(
    store: &Store,
    system: &System,
    client: Client,
    scope: String,
    longest: i64,
) -> Result<Granted> {
    let ctx = system.within(client.credential(store.secret())?.tenant());
    store.write(&ctx, Asked { client, scope, longest }, |tx, asked| Box::pin(grant(tx, asked))).await
}

/// The row is locked and written, so that what ends the account's tokens comes either before this or after it.
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

/// The service account whose secret it is, if it and its tenant are let in.
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
    /// A token of the account's, good for so many seconds at most, and no longer than the account.
    ///
    /// # Errors
    /// `InvalidClient` when less than a second is left.
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
