//! `/api/v1/access-tokens`: the personal access tokens of users.

use actix_web::{HttpRequest, delete, get, post};
use taskhub_domain::access_token::{self, AccessToken, AccessTokenInput, WithToken};

use super::{App, resource};
use crate::http::{
    answer::{self, Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters},
    parameters::ListOf,
};

/// List personal access tokens
///
/// A user sees their own tokens. An admin sees those of all users, and can filter by `user`.
#[utoipa::path(
    tag = "access-tokens",
    security(("token" = ["access-tokens:read"])),
    params(ListOf<AccessToken>),
    responses((status = 200, description = "One page of personal access tokens.", body = List<AccessToken>)),
)]
#[get("")]
pub(crate) async fn list_access_tokens(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    resource::list::<AccessToken>(&caller, &app, (), &query, &request).await
}

/// Create a personal access token
///
/// Creates a token of the caller for scripts and programs. It acts as the user, within its scopes.
/// The token is shown once. Service accounts get 403 `forbidden`. A user has at most 50 tokens,
/// expired ones included (409 `conflict`). A caller with a limited token can pass on only its own
/// scopes (403 `insufficient_scope`). A caller with a personal access token cannot create a token
/// that expires later than it (422 `invalid`).
#[utoipa::path(
    tag = "access-tokens",
    security(("token" = ["access-tokens:write"])),
    request_body = AccessTokenInput,
    responses((status = 201, description = "The new personal access token, with the token itself.", body = WithToken)),
)]
#[post("")]
pub(crate) async fn create_access_token(caller: Caller, app: App, body: Body<AccessTokenInput>) -> Answered {
    let key = caller.key(&app.repository, &body.bytes);
    let create = app.repository.write_once(
        &caller,
        key,
        body.input,
        |tx, input| Box::pin(access_token::create(tx, input)),
        |made: &WithToken| answer::created("access-tokens", made.row().id, made.row().version, made),
    );
    Ok(answer::kept(create.await?))
}

/// Get a personal access token
///
/// Returns a personal access token without the token itself. A user sees their own, an admin those
/// of all users.
#[utoipa::path(
    tag = "access-tokens",
    security(("token" = ["access-tokens:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the personal access token."),
        IfNoneMatch,
    ),
    responses((status = 200, description = "The personal access token, without the token itself.", body = AccessToken)),
)]
#[get("/{id}")]
pub(crate) async fn get_access_token(caller: Caller, app: App, id: Id, known: IfNoneMatch) -> Answered {
    resource::get::<AccessToken>(&caller, &app, id, &known).await
}

/// Delete a personal access token
///
/// Revokes the token at once. A user can delete their own tokens, an admin those of all users.
#[utoipa::path(
    tag = "access-tokens",
    security(("token" = ["access-tokens:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the personal access token.")),
    responses((status = 204, description = "No content: the personal access token was deleted.")),
)]
#[delete("/{id}")]
pub(crate) async fn delete_access_token(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    resource::finish(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(access_token::remove(tx, *id, pre)))
        .await
}
