//! Token revocation (RFC 7009).

use actix_web::{HttpResponse, post};
use secrecy::ExposeSecret;
use taskhub_domain::{Context, access_token, credential::Purpose, service_account, session};

use super::{super::App, client::TokenHint};
use crate::http::{
    answer::Answered,
    extract::{Basic, FormOrJson, Origin},
};

/// Revoke a token
///
/// Revokes a token on behalf of its holder (RFC 7009). A refresh token, or an access token of a
/// session, ends the session. A personal access token is deleted. Any other access token becomes
/// invalid. An unknown or expired token is no error. Client credentials are optional, but must be
/// valid if they are sent (401 `invalid_client`). The body is JSON or a form.
#[utoipa::path(
    tag = "auth",
    security((), ("basic" = [])),
    request_body(content((TokenHint = "application/json"), (TokenHint = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "The token is invalid from now on."),
    ),
)]
#[post("/token/revoke")]
pub(crate) async fn revoke_token(
    app: App,
    origin: Origin,
    basic: Basic,
    body: FormOrJson<TokenHint>,
) -> Answered {
    let (token, given) = body.input.check()?.parts();
    let system = app.repository.system("revoking a token", origin.0.clone());
    if let Some(client) = given.or(basic)? {
        service_account::authenticate(&app.repository, &system, &client).await?;
    }
    let text = token.expose_secret();
    if text.starts_with(Purpose::Refresh.prefix()) {
        session::revoke_refresh(&app.repository, &system, &token).await?;
    } else if text.starts_with(Purpose::Access.prefix()) {
        access_token::revoke(&app.repository, &system, &token).await?;
    } else if let Some(principal) = app.who(&token, &origin.0).await? {
        // The token of an operator has no tenant and gives access to nothing.
        if let Ok(ctx) = Context::of(&principal, origin.0, app.repository.clock().clone()) {
            app.repository
                .write(&ctx, principal, |tx, token| Box::pin(session::revoke_access(tx, token)))
                .await?;
        }
    }
    Ok(HttpResponse::Ok().finish())
}
