//! Links by mail: verifying an email, and a new password without the old one.

use actix_web::{HttpResponse, post};
use garde::Validate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use taskhub_domain::{
    credential::Purpose,
    link,
    store::Operation,
    user::{self, Login},
};
use utoipa::ToSchema;

use super::{super::App, hash, shapes::at_most};
use crate::{
    answer::{self, Answered},
    extract::{Body, Origin},
    state::State,
};

/// Whose mail is asked for.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkRequest {
    #[garde(length(chars, max = 254))]
    #[schema(max_length = 254, example = "ada@acme.example")]
    email: String,
    /// The organisation's slug; without it, the accounts of this email in all organisations are meant.
    #[serde(default)]
    #[garde(length(chars, max = 63))]
    #[schema(max_length = 63)]
    tenant: Option<String>,
}

/// A link's token.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkToken {
    #[garde(custom(at_most::<256>))]
    #[schema(value_type = String, max_length = 256, write_only)]
    token: SecretString,
}

/// A link's token and a new password.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordReset {
    #[garde(custom(at_most::<256>))]
    #[schema(value_type = String, max_length = 256, write_only)]
    token: SecretString,
    /// At least 10 characters; not a common one, and not the email or the name.
    #[garde(skip)]
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128, write_only)]
    new_password: SecretString,
}

/// That a request was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// A sentence for people.
    #[schema(example = "If there is such an account, a mail is on its way to it.")]
    message: &'static str,
}

/// Verify an email
///
/// By the token of a link that was sent to it; it serves once.
#[utoipa::path(tag = "auth", security(()), request_body = LinkToken, responses(
    (status = 204, description = "The email is verified."),
    (status = 403, description = "The link is not good, or not any more.", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
))]
#[post("/verify-email")]
pub(crate) async fn verify_email(app: App, origin: Origin, body: Body<LinkToken>) -> Answered {
    let token = body.input.check()?.token;
    let system = app.store.system("verifying an email", origin.0);
    let (ctx, _) = link::holder(&app.store, &system, Purpose::VerifyEmail, &token).await?;
    app.store.write(&ctx, token, |tx, token| Box::pin(user::verify_email(tx, token))).await?;
    app.tell_asked(&ctx, "verify_email").await?;
    Ok(answer::kept(answer::nothing()))
}

/// Ask for another link to verify an email
///
/// The answer is the same whether or not there is an account, and whether or not its email is verified. An account is sent at most three in an
/// hour.
#[utoipa::path(tag = "auth", security(()), request_body = LinkRequest, responses((status = 202, description = "The request was taken.", body = Accepted)))]
#[post("/verify-email/request")]
pub(crate) async fn request_email_verification(
    app: App,
    origin: Origin,
    body: Body<LinkRequest>,
) -> Answered {
    ask(&app, origin, body.input.check()?, |tx, ()| Box::pin(user::request_verification(tx)))
}

/// Ask for a link to a new password
///
/// It is sent to accounts whose email is verified, at most three in an hour. The answer is the same whether or not there is such an account.
#[utoipa::path(tag = "auth", security(()), request_body = LinkRequest, responses((status = 202, description = "The request was taken.", body = Accepted)))]
#[post("/password-reset")]
pub(crate) async fn request_password_reset(app: App, origin: Origin, body: Body<LinkRequest>) -> Answered {
    ask(&app, origin, body.input.check()?, |tx, ()| Box::pin(user::request_reset(tx)))
}

/// Set a new password by a link
///
/// By the token of a link that was sent by mail; it serves once, and not after the password was changed. Ends all sessions of the user. It signs
/// nobody in.
#[utoipa::path(tag = "auth", security(()), request_body = PasswordReset, responses(
    (status = 204, description = "The user has the new password."),
    (status = 403, description = "The link is not good, or not any more.", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
))]
#[post("/password-reset/confirm")]
pub(crate) async fn confirm_password_reset(app: App, origin: Origin, body: Body<PasswordReset>) -> Answered {
    let PasswordReset { token, new_password } = body.input.check()?;
    let system = app.store.system("setting a password by a link", origin.0);
    let (ctx, user) = link::holder(&app.store, &system, Purpose::ResetPassword, &token).await?;
    let _turn = app.turns.of(ctx.tenant()).enter().await?;
    let personal = vec![user.email, user.username, user.first_name, user.last_name];
    let password_hash = hash(&app, &new_password, personal, "new_password").await?;
    let write = app.store.write(&ctx, (token, password_hash), |tx, (token, hash)| {
        Box::pin(user::reset_password(tx, token, hash))
    });
    write.await?;
    app.tell_asked(&ctx, "reset_password").await?;
    Ok(answer::kept(answer::nothing()))
}

/// Answers before anything is looked up.
fn ask(app: &App, origin: Origin, request: LinkRequest, operation: Operation<(), ()>) -> Answered {
    let place = app.link_requests.place(&origin.0)?;
    let login = Login::Email(request.email, request.tenant);
    actix_web::rt::spawn(State::clone(app).make_links(place, origin.0, login, operation));
    let message = "If there is such an account, a mail is on its way to it.";
    Ok(HttpResponse::Accepted().json(Accepted { message }))
}
