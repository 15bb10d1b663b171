//! Accepting an invitation, by the holder of its token.

use secrecy::SecretString;

use super::{Invitation, gives};
use crate::{
    Context, Error, Repository, Result, System, Timestamp, Tx,
    identity::{
        tenant::Tenant,
        user::{self, NewUser, User},
    },
    kernel::{
        change::ChangeType,
        credential::{Credential, Purpose},
        error::Kind,
        repository::{Precondition, Update},
    },
};

/// The open invitation of a token, and the context of its tenant. This does not use it up.
///
/// # Errors
/// `RegistrationClosed` if it is forged, used, expired or revoked, or the tenant is closed.
pub async fn invited(
    repository: &Repository,
    system: &System,
    token: &SecretString,
) -> Result<(Context, Invitation)> {
    let credential = parse(token, repository.secret())?;
    let ctx = system.within(credential.tenant());
    let scope = repository.read(&ctx);
    let row = scope.find::<Invitation>(credential.row(), false).await?.ok_or_else(closed)?;
    let tenant = scope.find::<Tenant>(ctx.tenant(), false).await?;
    check(&credential, &row, tenant.as_ref(), ctx.now())?;
    Ok((ctx, row))
}

/// Creates the user of an invitation. The row is locked, so the invitation is used once.
///
/// # Errors
/// Those of [`invited`]. `Conflict` if the email or the username is taken.
pub async fn accept(tx: &Tx, token: &SecretString, new: &NewUser, password_hash: &str) -> Result<User> {
    let credential = parse(token, tx.secret())?;
    let seen = tx
        .resolve::<Invitation, _>(credential.row(), Update)
        .await
        .map_err(|error| if error.kind() == Kind::NotFound { closed() } else { error })?;
    let tenant = tx.find::<Tenant>(tx.ctx().tenant(), false).await?;
    check(&credential, seen.row(), tenant.as_ref(), tx.now())?;
    let Invitation { email, role, invited_by, .. } = seen.row().clone();
    if let Some(inviter) = invited_by {
        // The inviter must still be active, and still be allowed to invite users of this role.
        let inviter = tx.find::<User>(inviter, false).await?.filter(|inviter| inviter.is_active);
        inviter.filter(|inviter| gives(inviter.role, role)).ok_or_else(closed)?;
    }
    let user = user::create_verified(tx, &NewUser { email, role, ..new.clone() }, password_hash).await?;
    let row = Invitation { accepted_at: Some(tx.now()), accepted_by: Some(user.id), ..seen.row().clone() };
    tx.update_as(ChangeType::Accept, seen, row, &Precondition::Any).await?;
    Ok(user)
}

fn parse(token: &SecretString, installation: &[u8]) -> Result<Credential> {
    Credential::parse(Purpose::Invitation, token, installation).ok_or_else(closed)
}

fn check(credential: &Credential, row: &Invitation, tenant: Option<&Tenant>, now: Timestamp) -> Result<()> {
    let good =
        credential.matches(&row.token_hash) && row.is_open(now) && tenant.is_some_and(Tenant::takes_invited);
    if good { Ok(()) } else { Err(closed()) }
}

fn closed() -> Error {
    Error::with(Kind::RegistrationClosed, "The invitation is unknown, expired or used.")
}
