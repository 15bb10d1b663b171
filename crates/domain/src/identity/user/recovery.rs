//! What a user does with links from their email: verify the email address, and reset the password.

use secrecy::SecretString;

use super::User;
use crate::{
    Result, Tx,
    identity::{
        access_token, link,
        mail::{self, Mail},
        session,
        tenant::Tenant,
    },
    kernel::{
        change::ChangeType,
        credential::Purpose,
        error::Kind,
        repository::{Evidence, Precondition, Read, UpdateProfile},
    },
};

/// Sends the caller a new link to verify their email, unless it is verified or the hourly limit is
/// reached.
///
/// # Errors
/// Repository errors.
pub async fn request_verification(tx: &Tx) -> Result<()> {
    let Some(seen) = addressee(tx, Purpose::VerifyEmail).await? else { return Ok(()) };
    if seen.row().email_verified_at.is_some() { Ok(()) } else { link::verification(tx, seen.row()).await }
}

/// Sends the caller a link to reset their password, if their email is verified and the hourly limit
/// is not reached.
///
/// # Errors
/// Repository errors.
pub async fn request_reset(tx: &Tx) -> Result<()> {
    let Some(seen) = addressee(tx, Purpose::ResetPassword).await? else { return Ok(()) };
    if seen.row().email_verified_at.is_none() { Ok(()) } else { link::reset(tx, seen.row()).await }
}

/// The caller, locked, if a link may be sent: they and their tenant are active, and the hourly
/// limit is not reached.
async fn addressee(tx: &Tx, purpose: Purpose) -> Result<Option<Evidence<User, UpdateProfile>>> {
    let id = tx.ctx().user().ok_or(Kind::Forbidden)?;
    let seen = tx.resolve::<User, _>(id, UpdateProfile).await?;
    let tenant = tx.resolve::<Tenant, _>(tx.ctx().tenant(), Read).await?;
    let may =
        tenant.row().is_active && seen.row().is_active && !link::is_spent(tx, seen.row(), purpose).await?;
    Ok(may.then_some(seen))
}

/// Verifies the email of the caller, who is the holder of the link.
///
/// # Errors
/// `InvalidLink`.
pub async fn verify_email(tx: &Tx, token: &SecretString) -> Result<()> {
    let seen = link::consume(tx, Purpose::VerifyEmail, token).await?;
    let verified = seen.row().email_verified_at.or(Some(tx.now()));
    let row = User { email_verified_at: verified, ..seen.row().clone() };
    tx.update_as(ChangeType::VerifyEmail, seen, row, &Precondition::Any).await.map(drop)
}

/// Sets the password of the caller, who is the holder of the link, and ends their sessions and
/// personal access tokens. The link also verifies their email.
///
/// # Errors
/// `InvalidLink`.
pub async fn reset_password(tx: &Tx, token: &SecretString, password_hash: &str) -> Result<()> {
    let seen = link::consume(tx, Purpose::ResetPassword, token).await?;
    let verified = seen.row().email_verified_at.or(Some(tx.now()));
    let row =
        User { password_hash: password_hash.to_owned(), email_verified_at: verified, ..seen.row().clone() };
    let user = tx.update_as(ChangeType::ResetPassword, seen, row, &Precondition::Any).await?;
    end_everything(tx, &user).await?;
    mail::send(tx, &user.email, &Mail::PasswordChanged).await
}

/// Ends the sessions and personal access tokens of a user. A thief with the old password may have
/// created them.
async fn end_everything(tx: &Tx, user: &User) -> Result<()> {
    access_token::end_all(tx, user.id).await?;
    session::revoke_user(tx, user.id).await
}
