//! `/api/v1/auth/mfa/totp`: the second factor, a time-based code (TOTP, RFC 6238).
//!
//! Invariant: secrets and recovery codes are shown once. The responses that hold them are not
//! stored for an idempotency key.

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
    super::{App, resource},
    proving::Proving,
    shapes::at_most,
};
use crate::http::{
    answer::{self, Answered},
    extract::{Body, Caller, Id, IfMatch},
    problem::Code,
};

/// The proof of the caller's password.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordProof {
    /// The password of the caller.
    #[garde(custom(at_most::<128>))]
    #[schema(value_type = String, format = Password, max_length = 128, write_only)]
    password: SecretString,
}

/// The proof that the authenticator works.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeProof {
    /// The current code of the authenticator.
    #[garde(custom(at_most::<64>))]
    #[schema(value_type = String, max_length = 64, write_only, example = "123456")]
    code: SecretString,
}

/// The proof of both factors.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FullProof {
    /// The password of the caller.
    #[garde(custom(at_most::<128>))]
    #[schema(value_type = String, format = Password, max_length = 128, write_only)]
    password: SecretString,
    /// The current code of the authenticator, or a recovery code.
    #[garde(custom(at_most::<64>))]
    #[schema(value_type = String, max_length = 64, write_only, example = "123456")]
    code: SecretString,
}

/// The secret for an authenticator.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotpEnrolment {
    /// The secret in base32, for typing it in.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The secret as an `otpauth:` URI, for a QR code.
    #[schema(
        example = "otpauth://totp/TaskHub:ada%40acme.example%20%28acme%29?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=TaskHub&algorithm=SHA1&digits=6&period=30"
    )]
    uri: String,
}

/// New recovery codes.
#[derive(Serialize, ToSchema)]
#[schema(as = NewRecoveryCodes)]
pub(crate) struct RecoveryCodes {
    /// The codes. Each replaces a code of the authenticator once.
    #[schema(example = json!(["MZXW-6YTB-OI2T-E3DP"]))]
    recovery_codes: Vec<String>,
}

impl RecoveryCodes {
    fn answer(caller: &Caller, codes: &[SecretString]) -> HttpResponse {
        let recovery_codes = codes.iter().map(|code| caller.shown(code)).collect();
        HttpResponse::Ok().json(Self { recovery_codes })
    }
}

/// Get the caller's second factor
///
/// Reports whether a sign-in of the user requires a code. All operations on the caller's second
/// factor need a session: service accounts and personal access tokens get 403 `forbidden`.
#[utoipa::path(
    tag = "auth",
    security(("token" = ["second-factor:read"])),
    responses((status = 200, description = "The state of the second factor.", body = State)),
)]
#[get("/mfa/totp")]
pub(crate) async fn get_totp(caller: Caller, app: App) -> Answered {
    Ok(HttpResponse::Ok().json(second_factor::state(&app.repository, &caller).await?))
}

/// Create a second factor
///
/// Creates the secret of an authenticator (TOTP, RFC 6238). The request must contain the caller's
/// password. The secret is shown once, so an `Idempotency-Key` is refused (400 `invalid_header`). A
/// sign-in needs a code only after the second factor is confirmed. Until then another call replaces
/// the secret. A confirmed second factor gets 409 `conflict`: disable it first.
#[utoipa::path(
    tag = "auth",
    security(("token" = ["second-factor:write"])),
    request_body = PasswordProof,
    responses((status = 200, description = "The secret for the authenticator.", body = TotpEnrolment)),
    extensions(
        ("x-problems" = json!([Code::InvalidCredentials, Code::TooManyAttempts])),
        ("x-idempotency-key" = json!(false)),
    ),
)]
#[post("/mfa/totp")]
pub(crate) async fn create_totp(caller: Caller, app: App, body: Body<PasswordProof>) -> Answered {
    second_factor::caller(&caller)?;
    let proof = body.input.check()?;
    let user = user::profile(&app.repository, &caller).await?;
    let proving = Proving::begin(&app, &caller).await?;
    proving.password(proof.password, &user, "/password").await?;
    let input = (proving.attempt(), user.password_hash);
    let enrol = app.repository.write(&caller, input, |tx, (attempt, hash)| {
        Box::pin(attempt.verify(tx, second_factor::enrol(tx, hash)))
    });
    let enrolment = enrol.await?;
    let (secret, uri) = (caller.shown(&enrolment.secret), caller.shown(&enrolment.uri));
    Ok(HttpResponse::Ok().json(TotpEnrolment { secret, uri }))
}

/// Confirm the caller's second factor
///
/// Confirms the second factor with a code of its authenticator. From then on a sign-in needs a
/// code. All other sessions of the user end. The ten recovery codes are shown once, so an
/// `Idempotency-Key` is refused (400 `invalid_header`). Without an unconfirmed second factor the
/// response is 409 `conflict`.
#[utoipa::path(
    tag = "auth",
    security(("token" = ["second-factor:write"])),
    request_body = CodeProof,
    responses((status = 200, description = "The new recovery codes.", body = RecoveryCodes)),
    extensions(
        ("x-problems" = json!([Code::TooManyAttempts])),
        ("x-idempotency-key" = json!(false)),
    ),
)]
#[post("/mfa/totp/confirm")]
pub(crate) async fn confirm_totp(caller: Caller, app: App, body: Body<CodeProof>) -> Answered {
    second_factor::caller(&caller)?;
    let proof = body.input.check()?;
    let proving = Proving::begin(&app, &caller).await?;
    let input = (proving.attempt(), proof.code);
    let confirm = app.repository.write(&caller, input, |tx, (attempt, code)| {
        Box::pin(attempt.verify(tx, second_factor::confirm(tx, code)))
    });
    Ok(RecoveryCodes::answer(&caller, &proving.outcome(confirm.await).await?))
}

/// Replace the caller's recovery codes
///
/// Creates ten new recovery codes and makes all old ones invalid. The request must contain the
/// caller's password and a code. The codes are shown once, so an `Idempotency-Key` is refused (400
/// `invalid_header`). Without a second factor the response is 409 `conflict`.
#[utoipa::path(
    tag = "auth",
    security(("token" = ["second-factor:write"])),
    request_body = FullProof,
    responses((status = 200, description = "The new recovery codes.", body = RecoveryCodes)),
    extensions(
        ("x-problems" = json!([Code::InvalidCredentials, Code::TooManyAttempts])),
        ("x-idempotency-key" = json!(false)),
    ),
)]
#[post("/mfa/totp/recovery-codes")]
pub(crate) async fn replace_recovery_codes(caller: Caller, app: App, body: Body<FullProof>) -> Answered {
    second_factor::caller(&caller)?;
    let proof = body.input.check()?;
    let user = user::profile(&app.repository, &caller).await?;
    let proving = Proving::begin(&app, &caller).await?;
    proving.password(proof.password, &user, "/password").await?;
    let input = (proving.attempt(), user.password_hash, proof.code);
    let renew = app.repository.write(&caller, input, |tx, (attempt, hash, code)| {
        Box::pin(attempt.verify(tx, second_factor::renew(tx, hash, code)))
    });
    Ok(RecoveryCodes::answer(&caller, &proving.outcome(renew.await).await?))
}

/// Disable the caller's second factor
///
/// Deletes the second factor. The request must contain the caller's password and a code. A user who
/// has lost the authenticator and all recovery codes asks an admin. Without a second factor the
/// response is 409 `conflict`.
#[utoipa::path(
    tag = "auth",
    security(("token" = ["second-factor:write"])),
    request_body = FullProof,
    responses((status = 204, description = "No content: the second factor was disabled.")),
    extensions(("x-problems" = json!([Code::InvalidCredentials, Code::TooManyAttempts]))),
)]
#[post("/mfa/totp/disable")]
pub(crate) async fn disable_totp(caller: Caller, app: App, body: Body<FullProof>) -> Answered {
    second_factor::caller(&caller)?;
    let proof = body.input.check()?;
    let key = caller.key(&app.repository, &body.bytes);
    if let Some(answer) = app.repository.answered(&caller, key.as_ref()).await? {
        return Ok(answer::kept(answer));
    }
    let user = user::profile(&app.repository, &caller).await?;
    let proving = Proving::begin(&app, &caller).await?;
    proving.password(proof.password, &user, "/password").await?;
    let disable = app.repository.write_once(
        &caller,
        key,
        (proving.attempt(), user.password_hash, proof.code),
        |tx, (attempt, hash, code)| Box::pin(attempt.verify(tx, second_factor::disable(tx, hash, code))),
        |()| Ok(answer::nothing()),
    );
    Ok(answer::kept(proving.outcome(disable.await).await?))
}

/// Delete a user's second factor
///
/// Deletes the second factor of another user who has lost it, and ends all sessions of that user.
/// Only admins can call this, and only with a session. The caller's own second factor gets 403
/// `forbidden`: use `POST /api/v1/auth/mfa/totp/disable` for it.
#[utoipa::path(
    tag = "users",
    security(("token" = ["second-factor:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the user.")),
    responses((status = 204, description = "No content: the second factor was deleted.")),
)]
#[delete("/{id}/second-factor")]
pub(crate) async fn delete_second_factor(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    resource::finish(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(second_factor::remove(tx, *id, pre)))
        .await
}
