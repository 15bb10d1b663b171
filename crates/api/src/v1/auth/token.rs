//! Tokens: signing in, refreshing, verifying and signing out.

use actix_web::{HttpResponse, post, web::Data};
use secrecy::SecretString;
use taskhub_domain::{
    Context, Result,
    session::{self, Opened, Refreshed},
};

use super::{
    super::{App, resource},
    client,
    shapes::{Introduction, RefreshGrant, TokenPair, TokenRequest, TokenToVerify},
    sign_in,
};
use crate::{
    http::{
        answer::Answered,
        extract::{Basic, Body, Caller, FormOrJson, Origin},
        problem::Code,
    },
    state::State,
};

/// Sign in
///
/// A user sends `email` or `username`, and `password`. The response holds an access token and a
/// refresh token of a new session. `tenant` is required if the credentials match in several
/// organisations (409 `tenant_required`). Without `tenant`, at most three accounts with this email
/// or username are tried. `code` is required if the user has a second factor (401
/// `second_factor_required`). After too many failed attempts the user must wait (429
/// `too_many_attempts`). A user has at most 50 open sessions: one more ends the oldest.
///
/// A service account sends `grant_type` `client_credentials` (RFC 6749 section 4.4), with its
/// `client_id` and `client_secret` in the body or by HTTP Basic. It gets an access token with all
/// of its scopes, or with those in `scope`, and no refresh token. The body is JSON or a form.
#[utoipa::path(
    tag = "auth",
    security((), ("basic" = [])),
    request_body(content((TokenRequest = "application/json"), (TokenRequest = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "The access token and, for a user, the refresh token.", body = TokenPair),
        (status = 403, description = "The email address must be verified first (`email_unverified`), or the organisation is suspended (`tenant_suspended`).", body = crate::http::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The credentials match in several organisations (`tenant_required`).", body = crate::http::problem::ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-problems" = json!([Code::InvalidCredentials, Code::TooManyAttempts, Code::SecondFactorRequired, Code::EmailUnverified, Code::TenantRequired]))),
)]
#[post("/token")]
pub(crate) async fn create_token(
    app: App,
    origin: Origin,
    basic: Basic,
    body: FormOrJson<TokenRequest>,
) -> Answered {
    let request = body.input.check()?;
    if request.is_a_client_s() || basic.0.is_some() {
        return client::create_token(&app, origin, basic, request).await;
    }
    let opened = sign_in::by_password(&app, origin.0.clone(), request.parts()?).await?;
    pair(&app, &origin, &opened)
}

/// Refresh a session
///
/// Exchanges a refresh token for a new access token and a new refresh token. A refresh token is
/// valid for one use. If it is sent again within 10 seconds, it gets the same new refresh token. If
/// it is sent again later, the whole session ends (401 `invalid_refresh_token`). The body is JSON
/// or a form.
#[utoipa::path(
    tag = "auth",
    security(()),
    request_body(content((RefreshGrant = "application/json"), (RefreshGrant = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "The new access token and the new refresh token.", body = TokenPair),
    ),
    extensions(("x-problems" = json!([Code::InvalidRefreshToken]))),
)]
#[post("/token/refresh")]
pub(crate) async fn refresh_token(app: App, origin: Origin, body: FormOrJson<RefreshGrant>) -> Answered {
    let token = body.input.check()?.refresh_token;
    let system = app.repository.system("refreshing a session", origin.0.clone());
    let context = session::holder(&app.repository, &system, &token).await?;
    match refresh(&app, &context, &token).await? {
        Refreshed::Rotated(opened) => {
            app.tell_asked(&context, "refresh").await?;
            pair(&app, &origin, &opened)
        }
        Refreshed::Reused => {
            if context.is_dry_run() {
                // A used token was stolen, or was used by a thief before. The session ends, also in
                // a dry run.
                refresh(&app, &context.in_earnest(), &token).await?;
            }
            Err(Code::InvalidRefreshToken.into())
        }
    }
}

async fn refresh(app: &App, ctx: &Context, token: &SecretString) -> Result<Refreshed> {
    let input = (token.clone(), app.settings.lifetimes());
    app.repository
        .write(ctx, input, |tx, (token, lifetimes)| Box::pin(session::refresh(tx, token, lifetimes)))
        .await
}

/// The response with an access token and a refresh token (RFC 6749 section 5.1).
fn pair(app: &Data<State>, origin: &Origin, opened: &Opened) -> Answered {
    Ok(HttpResponse::Ok().json(TokenPair {
        access_token: origin.0.shown(&app.mint_session(opened)?),
        token_type: "Bearer",
        expires_in: app.settings.access_token_seconds,
        refresh_token: Some(origin.0.shown(&opened.refresh_token)),
        scope: None,
    }))
}

/// Verify a token
///
/// Reports whether an access token or a personal access token is valid now, and its claims. The
/// token itself is the only credential that this needs.
#[utoipa::path(
    tag = "auth",
    security(()),
    request_body = TokenToVerify,
    responses(
        (status = 200, description = "The state of the token, and its claims if it is active.", body = Introduction),
    ),
)]
#[post("/token/verify")]
pub(crate) async fn verify_token(app: App, origin: Origin, body: Body<TokenToVerify>) -> Answered {
    let token = body.input.check()?.token;
    let principal = app.who(&token, &origin.0).await?;
    Ok(HttpResponse::Ok().json(Introduction::of(principal.as_deref())))
}

/// Sign out
///
/// Ends the session of the access token, with all its access tokens and refresh tokens. A token
/// without a session gets 403 `forbidden`.
#[utoipa::path(
    tag = "auth",
    security(("token" = ["sessions:write"])),
    responses((status = 204, description = "No content: the session was ended.")),
)]
#[post("/logout")]
pub(crate) async fn end_session(caller: Caller, app: App) -> Answered {
    resource::finish(&caller, &app, b"", (), |tx, ()| Box::pin(session::end(tx))).await
}
