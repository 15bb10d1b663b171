//! Links by email: verifying an email address, and setting a new password without the old one.
//!
//! Invariant: a request for a link is answered before the account is looked up, so neither the
//! response nor its timing shows whether an account exists.

use actix_web::{HttpResponse, post};
use garde::Validate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use taskhub_domain::{
    credential::Purpose,
    link,
    repository::Operation,
    user::{self, Login},
};
use utoipa::ToSchema;

use super::{super::App, hash, shapes::at_most};
use crate::{
    http::{
        answer::{self, Answered},
        extract::{Body, Origin},
        problem::Code,
    },
    state::State,
};

/// The account to send a link to.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkRequest {
    /// The email address of the account.
    #[garde(length(chars, max = 254))]
    #[schema(max_length = 254, example = "ada@acme.example")]
    email: String,
    /// The slug of the organisation. Without it, a link is sent for every matching account, in at
    /// most three organisations.
    #[serde(default)]
    #[garde(length(chars, max = 63))]
    #[schema(max_length = 63)]
    tenant: Option<String>,
}

/// The token of a link.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkToken {
    /// The token from the link in the email.
    #[garde(custom(at_most::<256>))]
    #[schema(value_type = String, max_length = 256, write_only)]
    token: SecretString,
}

/// The token of a link and a new password.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordReset {
    /// The token from the link in the email.
    #[garde(custom(at_most::<256>))]
    #[schema(value_type = String, max_length = 256, write_only)]
    token: SecretString,
    /// The new password: 10 to 128 characters, not easy to guess, and not made of the user's email,
    /// username or names.
    #[garde(skip)]
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128, write_only)]
    new_password: SecretString,
}

/// Confirmation that the request was accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// A message for people.
    #[schema(example = "If a matching account exists, an email is sent to it.")]
    message: &'static str,
}

/// Verify an email address
///
/// Verifies the email address of a user with the token of a link that was sent to it. A link is
/// valid for 24 hours and for one use. A newer link or a change of the email address makes it
/// invalid. An invalid link gets 403 `invalid_link`.
#[utoipa::path(
    tag = "auth",
    security(()),
    request_body = LinkToken,
    responses(
        (status = 204, description = "No content: the email address was verified."),
        (status = 403, description = "The link is invalid (`invalid_link`), or the organisation is suspended (`tenant_suspended`).", body = crate::http::problem::ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-problems" = json!([Code::InvalidLink]))),
)]
#[post("/verify-email")]
pub(crate) async fn verify_email(app: App, origin: Origin, body: Body<LinkToken>) -> Answered {
    let token = body.input.check()?.token;
    let system = app.repository.system("verifying an email address", origin.0);
    let (ctx, _) = link::holder(&app.repository, &system, Purpose::VerifyEmail, &token).await?;
    app.repository.write(&ctx, token, |tx, token| Box::pin(user::verify_email(tx, token))).await?;
    app.tell_asked(&ctx, "verify_email").await?;
    Ok(answer::kept(answer::nothing()))
}

/// Request a link to verify an email address
///
/// Sends a new link by email to an active user whose email address is not verified yet. An account
/// gets at most three such links in an hour. The response is the same whether or not an account
/// exists. A newer link replaces the older ones.
#[utoipa::path(
    tag = "auth",
    security(()),
    request_body = LinkRequest,
    responses((status = 202, description = "The request was accepted.", body = Accepted)),
)]
#[post("/verify-email/request")]
pub(crate) async fn request_email_verification(
    app: App,
    origin: Origin,
    body: Body<LinkRequest>,
) -> Answered {
    ask(&app, origin, body.input.check()?, |tx, ()| Box::pin(user::request_verification(tx)))
}

/// Request a link to reset a password
///
/// Sends a link by email to an active user whose email address is verified. The link is valid for
/// one hour. An account gets at most three such links in an hour. The response is the same whether
/// or not an account exists. A newer link replaces the older ones.
#[utoipa::path(
    tag = "auth",
    security(()),
    request_body = LinkRequest,
    responses((status = 202, description = "The request was accepted.", body = Accepted)),
)]
#[post("/password-reset")]
pub(crate) async fn request_password_reset(app: App, origin: Origin, body: Body<LinkRequest>) -> Answered {
    ask(&app, origin, body.input.check()?, |tx, ()| Box::pin(user::request_reset(tx)))
}

/// Reset a password
///
/// Sets a new password with the token of a link that was sent by email, and verifies the email
/// address. Ends all sessions of the user, deletes their personal access tokens, and notifies them
/// by email. The user is not signed in. A link is valid for one use. A newer link, or a change of
/// the email address or the password, makes it invalid (403 `invalid_link`).
#[utoipa::path(
    tag = "auth",
    security(()),
    request_body = PasswordReset,
    responses(
        (status = 204, description = "No content: the password was changed."),
        (status = 403, description = "The link is invalid (`invalid_link`), or the organisation is suspended (`tenant_suspended`).", body = crate::http::problem::ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-problems" = json!([Code::InvalidLink]))),
)]
#[post("/password-reset/confirm")]
pub(crate) async fn confirm_password_reset(app: App, origin: Origin, body: Body<PasswordReset>) -> Answered {
    let PasswordReset { token, new_password } = body.input.check()?;
    let system = app.repository.system("resetting a password with a link", origin.0);
    let (ctx, user) = link::holder(&app.repository, &system, Purpose::ResetPassword, &token).await?;
    let _turn = app.turns.of(ctx.tenant()).enter().await?;
    let personal = vec![user.email, user.username, user.first_name, user.last_name];
    let password_hash = hash(&app, &new_password, personal, "new_password").await?;
    let write = app.repository.write(&ctx, (token, password_hash), |tx, (token, hash)| {
        Box::pin(user::reset_password(tx, token, hash))
    });
    write.await?;
    app.tell_asked(&ctx, "reset_password").await?;
    Ok(answer::kept(answer::nothing()))
}

/// Responds before anything is looked up.
fn ask(app: &App, origin: Origin, request: LinkRequest, operation: Operation<(), ()>) -> Answered {
    let place = app.link_requests.place(&origin.0)?;
    let login = Login::Email(request.email, request.tenant);
    actix_web::rt::spawn(State::clone(app).make_links(place, origin.0, login, operation));
    let message = "If a matching account exists, an email is sent to it.";
    Ok(HttpResponse::Accepted().json(Accepted { message }))
}
