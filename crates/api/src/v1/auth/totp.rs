//! `/api/v1/auth/mfa/totp`: the second factor, a code that goes by the time.

use actix_web::{HttpResponse, delete, get, post};
use garde::Validate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use taskhub_domain::{
    second_factor::{self, State},
    user,
};
use utoipa::ToSchema;

use super::{
    super::{App, noun},
    proving::Proving,
    shapes::at_most,
};
use crate::{
    answer::{self, Answered},
    extract::{Body, Caller, Id, IfMatch},
};

/// The proof that one knows one's password.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordProof {
    #[garde(custom(at_most::<128>))]
    #[schema(value_type = String, format = Password, max_length = 128, write_only)]
    password: SecretString,
}

/// The proof that the authenticator works.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeProof {
    /// A code of the authenticator.
    #[garde(custom(at_most::<64>))]
    #[schema(value_type = String, max_length = 64, write_only, example = "123456")]
    code: SecretString,
}

/// The proof of both factors.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FullProof {
    #[garde(custom(at_most::<128>))]
    #[schema(value_type = String, format = Password, max_length = 128, write_only)]
    password: SecretString,
    /// A code of the authenticator, or a recovery code.
    #[garde(custom(at_most::<64>))]
    #[schema(value_type = String, max_length = 64, write_only, example = "123456")]
    code: SecretString,
}

/// What an authenticator has to know.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotpEnrolment {
    /// The secret in base32, to be typed.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same, to be shown as a QR code.
    #[schema(
        example = "otpauth://totp/TaskHub:ada%40acme.example%20%28acme%29?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=TaskHub&algorithm=SHA1&digits=6&period=30"
    )]
    uri: String,
}

/// Recovery codes.
#[derive(Serialize, ToSchema)]
#[schema(as = NewRecoveryCodes)]
pub(crate) struct RecoveryCodes {
    /// Each signs in once, in the place of a code of the authenticator.
    #[schema(example = json!(["MZXW-6YTB-OI2T-E3DP"]))]
    recovery_codes: Vec<String>,
}

impl RecoveryCodes {
    fn answer(caller: &Caller, codes: &[SecretString]) -> HttpResponse {
        let recovery_codes = codes.iter().map(|code| caller.shown(code)).collect();
        HttpResponse::Ok().json(Self { recovery_codes })
    }
}

/// Get one's second factor
///
/// Whether signing in takes a code. Like all that is done with one's own second factor, it takes a session: no service and no token without
/// one.
#[utoipa::path(tag = "auth", responses((status = 200, description = "How it stands.", body = State)))]
#[get("/mfa/totp")]
pub(crate) async fn get_totp(caller: Caller, app: App) -> Answered {
    Ok(HttpResponse::Ok().json(second_factor::state(&app.store, &caller).await?))
}

/// Begin a second factor
///
/// For an authenticator (TOTP, RFC 6238). What it has to know is shown this once, so an `Idempotency-Key` is refused: until the second factor is
/// confirmed it is not asked for, and can be begun anew.
#[utoipa::path(tag = "auth", request_body = PasswordProof, responses((status = 200, description = "What an authenticator has to know.", body = TotpEnrolment)))]
#[post("/mfa/totp")]
pub(crate) async fn create_totp(caller: Caller, app: App, body: Body<PasswordProof>) -> Answered {
    second_factor::caller(&caller)?;
    let proof = body.input.check()?;
    let user = user::profile(&app.store, &caller).await?;
    let proving = Proving::begin(&app, &caller).await?;
    proving.password(proof.password, &user, "/password").await?;
    let input = (proving.attempt(), user.password_hash);
    let enrol = app.store.write(&caller, input, |tx, (attempt, hash)| {
        Box::pin(attempt.judge(tx, second_factor::enrol(tx, hash)))
    });
    let enrolment = enrol.await?;
    let (secret, uri) = (caller.shown(&enrolment.secret), caller.shown(&enrolment.uri));
    Ok(HttpResponse::Ok().json(TotpEnrolment { secret, uri }))
}

/// Confirm one's second factor
///
/// By a code of its authenticator. From now on signing in takes one, and all other sessions end. The recovery codes are shown this once, so an
/// `Idempotency-Key` is refused.
#[utoipa::path(tag = "auth", request_body = CodeProof, responses((status = 200, description = "The recovery codes.", body = RecoveryCodes)))]
#[post("/mfa/totp/confirm")]
pub(crate) async fn confirm_totp(caller: Caller, app: App, body: Body<CodeProof>) -> Answered {
    second_factor::caller(&caller)?;
    let proof = body.input.check()?;
    let proving = Proving::begin(&app, &caller).await?;
    let input = (proving.attempt(), proof.code);
    let confirm = app.store.write(&caller, input, |tx, (attempt, code)| {
        Box::pin(attempt.judge(tx, second_factor::confirm(tx, code)))
    });
    Ok(RecoveryCodes::answer(&caller, &proving.outcome(confirm.await).await?))
}

/// Replace one's recovery codes
///
/// All old ones are good no more. The new ones are shown this once, so an `Idempotency-Key` is refused.
#[utoipa::path(tag = "auth", request_body = FullProof, responses((status = 200, description = "The recovery codes.", body = RecoveryCodes)))]
#[post("/mfa/totp/recovery-codes")]
pub(crate) async fn replace_recovery_codes(caller: Caller, app: App, body: Body<FullProof>) -> Answered {
    second_factor::caller(&caller)?;
    let proof = body.input.check()?;
    let user = user::profile(&app.store, &caller).await?;
    let proving = Proving::begin(&app, &caller).await?;
    proving.password(proof.password, &user, "/password").await?;
    let input = (proving.attempt(), user.password_hash, proof.code);
    let renew = app.store.write(&caller, input, |tx, (attempt, hash, code)| {
        Box::pin(attempt.judge(tx, second_factor::renew(tx, hash, code)))
    });
    Ok(RecoveryCodes::answer(&caller, &proving.outcome(renew.await).await?))
}

/// Disable one's second factor
///
/// Takes the password and a code. Who has lost the authenticator and all recovery codes asks an admin.
#[utoipa::path(tag = "auth", request_body = FullProof, responses((status = 204, description = "Signing in takes no code any more.")))]
#[post("/mfa/totp/disable")]
pub(crate) async fn disable_totp(caller: Caller, app: App, body: Body<FullProof>) -> Answered {
    second_factor::caller(&caller)?;
    let proof = body.input.check()?;
    let key = caller.key(&app.store, &body.octets);
    if let Some(answer) = app.store.answered(&caller, key.as_ref()).await? {
        return Ok(answer::kept(answer));
    }
    let user = user::profile(&app.store, &caller).await?;
    let proving = Proving::begin(&app, &caller).await?;
    proving.password(proof.password, &user, "/password").await?;
    let disable = app.store.write_once(
        &caller,
        key,
        (proving.attempt(), user.password_hash, proof.code),
        |tx, (attempt, hash, code)| Box::pin(attempt.judge(tx, second_factor::disable(tx, hash, code))),
        |()| Ok(answer::nothing()),
    );
    Ok(answer::kept(proving.outcome(disable.await).await?))
}

/// Remove a user's second factor
///
/// For admins: of another user, who has lost it. Ends the user's sessions. It takes a session.
#[utoipa::path(tag = "users", params(("id" = uuid::Uuid, Path, description = "The user's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}/second-factor")]
pub(crate) async fn delete_second_factor(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    noun::finish(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(second_factor::remove(tx, *id, pre)))
        .await
}
