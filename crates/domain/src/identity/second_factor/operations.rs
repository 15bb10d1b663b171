//! The operations on a second factor: by its user in a session, at sign-in, and by an admin.

use secrecy::SecretString;
use serde::Serialize;
use taskhub_auth::Totp;
use utoipa::ToSchema;
use uuid::Uuid;

use super::SecondFactor;
use crate::{
    Context, Error, Repository, Result, Timestamp, Tx,
    identity::{session, tenant::Tenant, user::User},
    kernel::{
        change::ChangeType,
        error::Kind,
        repository::{Delete, Evidence, Precondition, Read, ReadPrivate, Update, json::AsJson},
    },
};

/// The name under which authenticators store the secret.
const ISSUER: &str = "TaskHub";
/// The code of the field error for a wrong code.
const WRONG_CODE: &str = "invalid_code";

/// The state of a user's second factor.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SecondFactorState)]
pub struct State {
    /// Whether a sign-in needs a code.
    enabled: bool,
    /// The date and time (UTC) at which the second factor was confirmed, or null if there is none.
    confirmed_at: Option<Timestamp>,
    /// The number of recovery codes that are left, 0 to 10.
    #[schema(example = 10)]
    recovery_codes_left: usize,
}

/// The secret for an authenticator. It is shown once.
#[derive(Debug)]
pub struct Enrolment {
    /// The secret in base32, for typing it in.
    pub secret: SecretString,
    /// The secret as an `otpauth:` URI, for a QR code.
    pub uri: SecretString,
}

/// The user whose second factor the caller manages: the user of a session. A limited credential can
/// neither add nor remove a second factor.
///
/// # Errors
/// `Forbidden` for a caller without a session.
pub fn caller(ctx: &Context) -> Result<Uuid> {
    let session = ctx.session().and(ctx.user());
    session.ok_or_else(|| {
        Error::with(Kind::Forbidden, "This needs a session of a user. Sign in with your password.")
    })
}

/// The state of the caller's second factor.
///
/// # Errors
/// `Forbidden` for a caller without a session.
pub async fn state(repository: &Repository, ctx: &Context) -> Result<State> {
    let id = caller(ctx)?;
    let factor = match repository.read(ctx).resolve::<SecondFactor, _>(id, Read).await {
        Ok(factor) => Some(factor.into_row()),
        Err(error) if error.kind() == Kind::NotFound => None,
        Err(error) => return Err(error),
    };
    let factor = factor.filter(|factor| factor.confirmed_at.is_some());
    Ok(State {
        enabled: factor.is_some(),
        confirmed_at: factor.as_ref().and_then(|factor| factor.confirmed_at),
        recovery_codes_left: factor.map(|factor| factor.recovery_hashes.0.len()).unwrap_or_default(),
    })
}

/// Creates a second factor of the caller, whose password was verified against `verified`. It
/// replaces one that was never confirmed.
///
/// # Errors
/// `Conflict` if a confirmed one exists.
pub async fn enrol(tx: &Tx, verified: &str) -> Result<Enrolment> {
    let user = proved(tx, verified).await?;
    let tenant = tx.resolve::<Tenant, _>(tx.ctx().tenant(), Read).await?.into_row();
    let totp = Totp::fresh();
    let uri = totp.uri(ISSUER, &format!("{} ({})", user.email, tenant.slug));
    if let Some(seen) = own(tx).await? {
        if seen.row().confirmed_at.is_some() {
            return Err(Error::with(Kind::Conflict, "You have a second factor already. Disable it first."));
        }
        let row = seen.row().clone().with_secret(&totp, tx.cipher())?;
        tx.update_as(ChangeType::Enrol, seen, row, &Precondition::Any).await?;
    } else {
        let born = tx.birth();
        let blank = SecondFactor {
            tenant_id: born.tenant,
            id: user.id,
            sealed_secret: String::new(),
            confirmed_at: None,
            last_step: 0,
            recovery_hashes: AsJson::default(),
            created_at: born.at,
            updated_at: born.at,
            version: 1,
        };
        tx.add(blank.with_secret(&totp, tx.cipher())?).await?;
    }
    Ok(Enrolment { secret: totp.text(), uri })
}

/// Confirms the caller's second factor with a code of its authenticator, and returns the recovery
/// codes. From then on a sign-in needs a code. All other sessions end.
///
/// # Errors
/// `Conflict` if there is nothing to confirm. `Invalid` at the code.
pub async fn confirm(tx: &Tx, code: &SecretString) -> Result<Vec<SecretString>> {
    use secrecy::ExposeSecret;
    let id = caller(tx.ctx())?;
    let seen = own(tx).await?.filter(|seen| seen.row().confirmed_at.is_none());
    let seen = seen.ok_or_else(|| {
        Error::with(Kind::Conflict, "You have no unconfirmed second factor. Create one first.")
    })?;
    let after = seen.row().after_totp(tx.cipher(), code.expose_secret(), tx.now())?.ok_or_else(wrong_code)?;
    let (row, codes) = after.with_recovery_codes();
    let row = SecondFactor { confirmed_at: Some(tx.now()), ..row };
    tx.update_as(ChangeType::Confirm, seen, row, &Precondition::Any).await?;
    session::end_others(tx, id).await?;
    Ok(codes)
}

/// Replaces the recovery codes of the caller, whose password was verified, and returns the new
/// ones. The code is checked here.
///
/// # Errors
/// `Conflict` if there is no second factor. `Invalid` at the code.
pub async fn renew(tx: &Tx, verified: &str, code: &SecretString) -> Result<Vec<SecretString>> {
    proved(tx, verified).await?;
    let seen = confirmed(tx).await?;
    let after = seen.row().after_code(tx.cipher(), code, tx.now())?.ok_or_else(wrong_code)?;
    let (row, codes) = after.with_recovery_codes();
    tx.update_as(ChangeType::RenewRecoveryCodes, seen, row, &Precondition::Any).await?;
    Ok(codes)
}

/// Deletes the second factor of the caller, whose password was verified. The code is checked here.
///
/// # Errors
/// `Conflict` if there is no second factor. `Invalid` at the code.
pub async fn disable(tx: &Tx, verified: &str, code: &SecretString) -> Result<()> {
    let user = proved(tx, verified).await?;
    confirmed(tx).await?.row().after_code(tx.cipher(), code, tx.now())?.ok_or_else(wrong_code)?;
    tx.remove(tx.resolve::<SecondFactor, _>(user.id, Delete).await?, &Precondition::Any).await
}

/// Deletes the second factor of another user who has lost it, and ends that user's sessions.
///
/// # Errors
/// `NotFound`. `Forbidden` for the caller's own, which needs a proof, and for a caller without a
/// session.
pub async fn remove(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<()> {
    if caller(tx.ctx())? == id {
        return Err(Error::with(
            Kind::Forbidden,
            "Disable your own second factor with your password and a code, at /api/v1/auth/mfa/totp/disable.",
        ));
    }
    tx.remove(tx.resolve::<SecondFactor, _>(id, Delete).await?, pre).await?;
    session::revoke_user(tx, id).await
}

/// Requires a code of a user who signs in, if they have a second factor, and uses it up.
///
/// # Errors
/// `SecondFactorRequired` without a code. `Invalid` at the code.
pub async fn demand(tx: &Tx, code: Option<&SecretString>) -> Result<()> {
    let Some(seen) = own(tx).await?.filter(|seen| seen.row().confirmed_at.is_some()) else { return Ok(()) };
    let code = code.ok_or(Kind::SecondFactorRequired)?;
    let row = seen.row().after_code(tx.cipher(), code, tx.now())?.ok_or_else(wrong_code)?;
    tx.update_as(ChangeType::UseCode, seen, row, &Precondition::Any).await.map(drop)
}

/// Whether an operation failed because of a wrong code. That counts in the login throttle.
pub fn is_wrong_code(error: &Error) -> bool {
    error.fields().iter().any(|field| field.code == WRONG_CODE)
}

fn wrong_code() -> Error {
    Error::field("/code", WRONG_CODE, "The code is wrong, expired or already used.")
}

/// The caller, if their password is still the one that was verified.
async fn proved(tx: &Tx, verified: &str) -> Result<User> {
    let user = tx.resolve::<User, _>(caller(tx.ctx())?, ReadPrivate).await?.into_row();
    if user.password_hash == verified { Ok(user) } else { Err(Kind::InvalidCredentials.into()) }
}

/// The caller's second factor, confirmed or not, for an update.
async fn own(tx: &Tx) -> Result<Option<Evidence<SecondFactor, Update>>> {
    match tx.resolve(tx.ctx().user().ok_or(Kind::Forbidden)?, Update).await {
        Ok(seen) => Ok(Some(seen)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn confirmed(tx: &Tx) -> Result<Evidence<SecondFactor, Update>> {
    let seen = own(tx).await?.filter(|seen| seen.row().confirmed_at.is_some());
    seen.ok_or_else(|| Error::with(Kind::Conflict, "You have no second factor."))
}
