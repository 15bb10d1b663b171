//! Exchanges a personal access token for a short-lived access token, which every node verifies and
//! revokes like any other.

use std::time::Duration;

use secrecy::SecretString;
use taskhub_auth::{Grant, Kind as Bearer};

use super::{AccessToken, entity};
use crate::{
    Context, Error, Repository, Result, System, Tx,
    identity::{tenant::Tenant, user::User},
    kernel::{
        credential::{Credential, Granted, Purpose},
        error::Kind,
        repository::{Read, Update, UpdateProfile},
    },
};

/// The accuracy of `last_used_at`.
const NOTED: Duration = Duration::from_mins(1);

/// The token to exchange, and the longest lifetime of the access token.
struct Shown {
    token: Credential,
    longest: i64,
}

/// Exchanges a personal access token for an access token of its user, with the user's current role
/// and the scopes of the token. Its `sid` is the id of the personal access token. It is valid for
/// at most `longest` seconds.
///
/// # Errors
/// `Unauthenticated` if this installation did not issue the token, the token was deleted or has
/// expired, or its user is inactive. `TenantSuspended`.
pub async fn exchange(
    repository: &Repository,
    system: &System,
    token: &SecretString,
    longest: i64,
) -> Result<Granted> {
    let (ctx, token) = holder(repository, system, token).await?;
    repository.write(&ctx, Shown { token, longest }, |tx, shown| Box::pin(grant(tx, shown))).await
}

/// The context of the token's user, and the verified token. The row may change before the exchange.
pub(super) async fn holder(
    repository: &Repository,
    system: &System,
    token: &SecretString,
) -> Result<(Context, Credential)> {
    let token =
        Credential::parse(Purpose::Access, token, repository.secret()).ok_or(Kind::Unauthenticated)?;
    let scope = repository.read(&system.within(token.tenant()));
    let row = scope.resolve::<AccessToken, _>(token.row(), Read).await.map_err(refused)?.into_row();
    if !token.matches(&row.token_hash) {
        return Err(Kind::Unauthenticated.into());
    }
    let user = scope.resolve::<User, _>(row.user_id, Read).await.map_err(refused)?.into_row();
    Ok((system.as_user(user.tenant_id, user.id, user.role), token))
}

/// The row of the user is locked and written. So a revocation of the user's tokens comes either
/// before this or after it.
async fn grant(tx: &Tx, Shown { token, longest }: &Shown) -> Result<Granted> {
    let user = tx.ctx().user().ok_or(Kind::Unauthenticated)?;
    let user = tx.resolve::<User, _>(user, UpdateProfile).await.map_err(refused)?.into_row();
    let row = tx.resolve::<AccessToken, _>(token.row(), Update).await.map_err(refused)?.into_row();
    let tenant = tx.resolve::<Tenant, _>(tx.ctx().tenant(), Read).await?;
    let at = tx.ctx().now();
    let lifetime = Ord::min(*longest, row.expires_at.seconds() - at.seconds());
    if !tenant.row().is_active {
        return Err(Kind::TenantSuspended.into());
    }
    if !user.is_active || !token.matches(&row.token_hash) || lifetime < 1 {
        return Err(Kind::Unauthenticated.into());
    }
    tx.guard::<User>(user.id).await?;
    if row.last_used_at.is_none_or(|used| used.plus(NOTED) <= at) {
        tx.stamp::<AccessToken>(row.id, entity::Column::LastUsedAt).await?;
    }
    let grant = Grant {
        kind: Bearer::User,
        id: user.id,
        tenant: Some(user.tenant_id),
        role: Some(user.role.as_str().to_owned()),
        scopes: Some(row.scopes.0),
        session: Some(row.id),
        lifetime,
    };
    Ok(Granted { grant, at })
}

fn refused(error: Error) -> Error {
    match error.kind() {
        Kind::NotFound | Kind::Forbidden => Kind::Unauthenticated.into(),
        _ => error,
    }
}
