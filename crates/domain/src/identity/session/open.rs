//! Signing in: opening a session for a user whose password was verified.

use secrecy::SecretString;

use super::{Lifetimes, MOST, Opened, Session, end_one, open_sessions};
use crate::{
    Result, Tx,
    identity::{second_factor, tenant::Tenant, user::User},
    kernel::{
        change::ChangeType,
        credential::{Credential, Purpose},
        error::Kind,
        login_throttle::Attempt,
        repository::{Evidence, Precondition, Read, UpdateProfile},
    },
};

/// What was proved, and what still has to be.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The hash that the password was verified against.
    pub verified: String,
    /// A stronger hash of the same password, if that one is outdated.
    pub rehash: Option<String>,
    /// A code of the second factor.
    pub code: Option<SecretString>,
    /// The attempt in the login throttle.
    pub attempt: Attempt,
    /// How long the session lasts.
    pub lifetimes: Lifetimes,
}

/// Opens a session for the user of the context.
///
/// # Errors
/// `TooManyAttempts`. `InvalidCredentials` if the user is inactive or the password was changed
/// meanwhile. `TenantSuspended`. `EmailUnverified`. `SecondFactorRequired`, and `Invalid` at the
/// code.
pub async fn open(tx: &Tx, sign_in: &SignIn) -> Result<Opened> {
    let verification = async {
        let seen = let_in(tx, &sign_in.verified).await?;
        second_factor::demand(tx, sign_in.code.as_ref()).await?;
        Ok(seen)
    };
    let seen = sign_in.attempt.verify(tx, verification).await?;
    let seen = rehash(tx, seen, sign_in.rehash.as_ref()).await?;
    begin(tx, seen, &sign_in.lifetimes).await
}

/// The user of the context, if they are active and the verified password is still the current one.
async fn let_in(tx: &Tx, verified: &str) -> Result<Evidence<User, UpdateProfile>> {
    let id = tx.ctx().user().ok_or(Kind::InvalidCredentials)?;
    let seen = tx.resolve::<User, _>(id, UpdateProfile).await?;
    let tenant = tx.resolve::<Tenant, _>(tx.ctx().tenant(), Read).await?;
    if !seen.row().is_active || seen.row().password_hash != verified {
        return Err(Kind::InvalidCredentials.into());
    }
    if !tenant.row().is_active {
        return Err(Kind::TenantSuspended.into());
    }
    if seen.row().awaits_verification(tenant.row()) {
        return Err(Kind::EmailUnverified.into());
    }
    Ok(seen)
}

/// Stores a stronger hash of the same password. No session ends.
async fn rehash(
    tx: &Tx,
    seen: Evidence<User, UpdateProfile>,
    hash: Option<&String>,
) -> Result<Evidence<User, UpdateProfile>> {
    let Some(hash) = hash else { return Ok(seen) };
    let user = User { password_hash: hash.clone(), ..seen.row().clone() };
    let user = tx.update_as(ChangeType::Rehash, seen, user, &Precondition::Any).await?;
    tx.resolve(user.id, UpdateProfile).await
}

/// Starts a session of a user who may sign in. The oldest one ends if there are too many.
async fn begin(tx: &Tx, seen: Evidence<User, UpdateProfile>, lifetimes: &Lifetimes) -> Result<Opened> {
    let born = tx.birth();
    let token = Credential::new(Purpose::Refresh, born.tenant, born.id, tx.secret());
    let request = tx.ctx().request();
    let row = Session {
        tenant_id: born.tenant,
        id: born.id,
        user_id: seen.row().id,
        token_hash: token.digest(),
        previous_hash: None,
        rotated_at: born.at,
        expires_at: born.at.plus(lifetimes.absolute),
        revoked_at: None,
        user_agent: request.user_agent.as_ref().map(|agent| agent.chars().take(255).collect()),
        address: request.address.map(|address| address.to_string()),
        created_at: born.at,
        updated_at: born.at,
        version: 1,
    };
    let open = open_sessions(tx, row.user_id, None).await?;
    for oldest in open.iter().take((open.len() + 1).saturating_sub(MOST)) {
        end_one(tx, oldest.id).await?;
    }
    let user = User { last_login_at: Some(born.at), ..seen.row().clone() };
    let user = tx.update_as(ChangeType::SignIn, seen, user, &Precondition::Any).await?;
    let session = tx.add(row).await?;
    Ok(Opened { user, session: session.id, refresh_token: token.into_secret() })
}
