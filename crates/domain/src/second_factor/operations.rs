//! What is done with a second factor: by its user in a session of theirs, at sign-in, and by an admin.

use secrecy::SecretString;
use serde::Serialize;
use taskhub_auth::Totp;
use utoipa::ToSchema;
use uuid::Uuid;

use super::SecondFactor;
use crate::{
    Context, Error, Instant, Result, Store, Tx,
    error::Kind,
    session,
    store::{Delete, Evidence, Precondition, Read, ReadPrivate, Update, json::AsJson},
    tenant::Tenant,
    user::User,
};

/// Under which name authenticators keep the secret.
const ISSUER: &str = "TaskHub";
/// The word for a code that is not good.
const WRONG_CODE: &str = "invalid_code";

/// How a user's second factor stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SecondFactorState)]
pub struct State {
    /// Whether signing in takes a code.
    enabled: bool,
    /// Since when.
    confirmed_at: Option<Instant>,
    /// How many recovery codes are left.
    #[schema(example = 10)]
    recovery_codes_left: usize,
}

/// What an authenticator has to know, shown this once.
#[derive(Debug)]
pub struct Enrolment {
    /// The secret, as people type it.
    pub secret: SecretString,
    /// The same with its names, as authenticators read it from a picture.
    pub uri: SecretString,
}

/// The user whose second factor the caller manages: a person in a session. No narrowed credential makes another way in, or takes one away.
///
/// # Errors
/// `Forbidden` to a caller without a session.
pub fn caller(ctx: &Context) -> Result<Uuid> {
    let session = ctx.session().and(ctx.user());
    session.ok_or_else(|| Error::with(Kind::Forbidden, "Sign in: this takes a session of your own."))
}

/// How the caller's second factor stands.
///
/// # Errors
/// `Forbidden` to a caller without a session.
pub async fn state(store: &Store, ctx: &Context) -> Result<State> {
    let id = caller(ctx)?;
    let factor = match store.read(ctx).resolve::<SecondFactor, _>(id, Read).await {
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

/// Begins a second factor of the caller, whose password was verified against `verified`, in the place of one that was never confirmed.
///
/// # Errors
/// `Conflict` when there is one.
pub async fn enrol(tx: &Tx, verified: &str) -> Result<Enrolment> {
    let user = proved(tx, verified).await?;
    let tenant = tx.resolve::<Tenant, _>(tx.ctx().tenant(), Read).await?.into_row();
    let totp = Totp::fresh();
    let uri = totp.uri(ISSUER, &format!("{} ({})", user.email, tenant.slug));
    if let Some(seen) = own(tx).await? {
        if seen.row().confirmed_at.is_some() {
            return Err(Error::with(Kind::Conflict, "There is a second factor. Disable it first."));
        }
        let row = seen.row().clone().with_secret(&totp, tx.cipher())?;
        tx.update_as("enrol", seen, row, &Precondition::Any).await?;
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

/// Confirms the caller's second factor by a code of its authenticator: from now on it is asked for, and all other sessions end. The recovery
/// codes.
///
/// # Errors
/// `Conflict` when there is nothing to confirm; `Invalid` at the code.
pub async fn confirm(tx: &Tx, code: &SecretString) -> Result<Vec<SecretString>> {
    use secrecy::ExposeSecret;
    let id = caller(tx.ctx())?;
    let seen = own(tx).await?.filter(|seen| seen.row().confirmed_at.is_none());
    let seen = seen.ok_or_else(|| Error::with(Kind::Conflict, "There is no second factor to confirm."))?;
    let after = seen.row().after_totp(tx.cipher(), code.expose_secret(), tx.now())?.ok_or_else(wrong_code)?;
    let (row, codes) = after.with_recovery_codes();
    let row = SecondFactor { confirmed_at: Some(tx.now()), ..row };
    tx.update_as("confirm", seen, row, &Precondition::Any).await?;
    session::end_others(tx, id).await?;
    Ok(codes)
}

/// Gives the caller, who proved their password and proves a code, new recovery codes in the place of the old ones.
///
/// # Errors
/// `Conflict` when there is no second factor; `Invalid` at the code.
pub async fn renew(tx: &Tx, verified: &str, code: &SecretString) -> Result<Vec<SecretString>> {
    proved(tx, verified).await?;
    let seen = confirmed(tx).await?;
    let after = seen.row().after_code(tx.cipher(), code, tx.now())?.ok_or_else(wrong_code)?;
    let (row, codes) = after.with_recovery_codes();
    tx.update_as("renew_recovery_codes", seen, row, &Precondition::Any).await?;
    Ok(codes)
}

/// Takes the second factor of the caller away, who proved their password and proves a code.
///
/// # Errors
/// `Conflict` when there is no second factor; `Invalid` at the code.
pub async fn disable(tx: &Tx, verified: &str, code: &SecretString) -> Result<()> {
    let user = proved(tx, verified).await?;
    confirmed(tx).await?.row().after_code(tx.cipher(), code, tx.now())?.ok_or_else(wrong_code)?;
    tx.remove(tx.resolve::<SecondFactor, _>(user.id, Delete).await?, &Precondition::Any).await
}

/// Takes another user's second factor away, who has lost it, and ends their sessions.
///
/// # Errors
/// `NotFound`; `Forbidden` for one's own, which takes a proof, and to a caller without a session.
pub async fn remove(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<()> {
    if caller(tx.ctx())? == id {
        return Err(Error::with(
            Kind::Forbidden,
            "To disable your own second factor, prove that it is yours.",
        ));
    }
    tx.remove(tx.resolve::<SecondFactor, _>(id, Delete).await?, pre).await?;
    session::revoke_user(tx, id).await
}

/// Demands a code of a user who signs in, if they have a second factor, and uses it up.
///
/// # Errors
/// `SecondFactorRequired` without a code; `Invalid` at the code.
pub async fn demand(tx: &Tx, code: Option<&SecretString>) -> Result<()> {
    let Some(seen) = own(tx).await?.filter(|seen| seen.row().confirmed_at.is_some()) else { return Ok(()) };
    let code = code.ok_or(Kind::SecondFactorRequired)?;
    let row = seen.row().after_code(tx.cipher(), code, tx.now())?.ok_or_else(wrong_code)?;
    tx.update_as("use_code", seen, row, &Precondition::Any).await.map(drop)
}

/// Whether an operation failed because of its code: that is a guess.
pub fn is_wrong_code(error: &Error) -> bool {
    error.fields().iter().any(|field| field.code == WRONG_CODE)
}

fn wrong_code() -> Error {
    Error::field("/code", WRONG_CODE, "This code is not good, or not any more.")
}

/// The caller, whose password is still the one that was verified.
async fn proved(tx: &Tx, verified: &str) -> Result<User> {
    let user = tx.resolve::<User, _>(caller(tx.ctx())?, ReadPrivate).await?.into_row();
    if user.password_hash == verified { Ok(user) } else { Err(Kind::InvalidCredentials.into()) }
}

/// The second factor of the user who acts, confirmed or not, to be changed.
async fn own(tx: &Tx) -> Result<Option<Evidence<SecondFactor, Update>>> {
    match tx.resolve(tx.ctx().user().ok_or(Kind::Forbidden)?, Update).await {
        Ok(seen) => Ok(Some(seen)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn confirmed(tx: &Tx) -> Result<Evidence<SecondFactor, Update>> {
    let seen = own(tx).await?.filter(|seen| seen.row().confirmed_at.is_some());
    seen.ok_or_else(|| Error::with(Kind::Conflict, "There is no second factor."))
}
