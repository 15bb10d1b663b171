//! Tokens: signing in, refreshing, verifying, signing out.

use actix_web::{HttpResponse, post, web::Data};
use secrecy::SecretString;
use taskhub_domain::{
    Context, Result,
    session::{self, Opened, Refreshed},
};

use super::{
    super::{App, noun},
    client,
    shapes::{Introduction, RefreshGrant, TokenPair, TokenRequest, TokenToVerify},
    sign_in,
};
use crate::{
    answer::Answered,
    extract::{Basic, Body, Caller, FormOrJson, Origin},
    problem::Code,
    state::State,
};

/// Sign in
///
/// By email or username, and password. `tenant` (the organisation's slug) is needed when these are right in several organisations: without it
/// the answer is 409 `tenant_required`. Of an email or a username that many organisations have, only a few accounts are tried. `code` is needed where the user has a second factor: without it the answer is 401
/// `second_factor_required`. After several failures the next attempt has to wait: 429 `too_many_attempts`. JSON or a form.
///
/// A service account signs in with `grant_type` `client_credentials` (RFC 6749 section 4.4), and its `client_id` and `client_secret` in the body or
/// as Basic. It gets an access token with its scopes, or those of them that it asks for, and no refresh token.
#[utoipa::path(tag = "auth", security((), ("basic" = [])), request_body(content((TokenRequest = "application/json"), (TokenRequest = "application/x-www-form-urlencoded"))), responses(
    (status = 200, description = "An access token, and for a user a refresh token.", body = TokenPair),
    (status = 403, description = "The email must be verified first, in organisations that ask for it.", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "Several organisations match.", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
))]
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
/// A refresh token is good once. Within 10 s the same one gets the same successor again; after that the whole session ends.
#[utoipa::path(tag = "auth", security(()), request_body(content((RefreshGrant = "application/json"), (RefreshGrant = "application/x-www-form-urlencoded"))), responses(
    (status = 200, description = "A new access token, and the refresh token's successor.", body = TokenPair),
))]
#[post("/token/refresh")]
pub(crate) async fn refresh_token(app: App, origin: Origin, body: FormOrJson<RefreshGrant>) -> Answered {
    let token = body.input.check()?.refresh_token;
    let system = app.store.system("refreshing a session", origin.0.clone());
    let context = session::holder(&app.store, &system, &token).await?;
    match refresh(&app, &context, &token).await? {
        Refreshed::Rotated(opened) => {
            app.tell_asked(&context, "refresh").await?;
            pair(&app, &origin, &opened)
        }
        Refreshed::Reused => {
            if context.is_dry_run() {
                // Who sends a token that was used is a thief or was robbed: the session ends, whatever was asked for.
                refresh(&app, &context.in_earnest(), &token).await?;
            }
            Err(Code::InvalidRefreshToken.into())
        }
    }
}

async fn refresh(app: &App, ctx: &Context, token: &SecretString) -> Result<Refreshed> {
    let input = (token.clone(), app.settings.lifetimes());
    app.store
        .write(ctx, input, |tx, (token, lifetimes)| Box::pin(session::refresh(tx, token, lifetimes)))
        .await
}

/// An access token and a refresh token, as OAuth 2 answers them (RFC 6749 section 5.1).
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
/// Whether an access token is good at this moment, and whose it is.
#[utoipa::path(tag = "auth", security(()), request_body = TokenToVerify, responses(
    (status = 200, description = "What the token says, when it is good.", body = Introduction),
))]
#[post("/token/verify")]
pub(crate) async fn verify_token(app: App, origin: Origin, body: Body<TokenToVerify>) -> Answered {
    let token = body.input.check()?.token;
    let principal = app.who(&token, &origin.0).await?;
    Ok(HttpResponse::Ok().json(Introduction::of(principal.as_deref())))
}

/// Sign out
///
/// Ends the session that the access token belongs to: its access tokens and its refresh tokens.
#[utoipa::path(tag = "auth", responses((status = 204, description = "The session has ended.")))]
#[post("/logout")]
pub(crate) async fn end_session(caller: Caller, app: App) -> Answered {
    noun::finish(&caller, &app, b"", (), |tx, ()| Box::pin(session::end(tx))).await
}
