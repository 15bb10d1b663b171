//! `/api/v1/access-tokens`.

use actix_web::{HttpRequest, delete, get, post};
use taskhub_domain::access_token::{self, AccessToken, AccessTokenInput, WithToken};

use super::{App, noun};
use crate::{
    answer::{self, Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters},
};

/// List personal access tokens
///
/// One's own; admins see those of all users, and of one by `user`.
#[utoipa::path(tag = "access-tokens", responses((status = 200, description = "A page of personal access tokens.", body = List<AccessToken>)))]
#[get("")]
pub(crate) async fn list_access_tokens(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::list::<AccessToken>(&caller, &app, &query, &request).await
}

/// Create a personal access token
///
/// The token is shown this once. It calls every operation as its user, within its scopes. At most 50 a user.
#[utoipa::path(tag = "access-tokens", request_body = AccessTokenInput, responses((status = 201, description = "The new personal access token.", body = WithToken)))]
#[post("")]
pub(crate) async fn create_access_token(caller: Caller, app: App, body: Body<AccessTokenInput>) -> Answered {
    let key = caller.key(&app.store, &body.octets);
    let create = app.store.write_once(
        &caller,
        key,
        body.input,
        |tx, input| Box::pin(access_token::create(tx, input)),
        |made: &WithToken| answer::created("access-tokens", made.row().id, made.row().version, made),
    );
    Ok(answer::kept(create.await?))
}

/// Get a personal access token
#[utoipa::path(tag = "access-tokens", params(("id" = uuid::Uuid, Path, description = "The personal access token's id.")), responses((status = 200, description = "The personal access token, without the token itself.", body = AccessToken)))]
#[get("/{id}")]
pub(crate) async fn get_access_token(caller: Caller, app: App, id: Id, known: IfNoneMatch) -> Answered {
    noun::get::<AccessToken>(&caller, &app, id, &known).await
}

/// Delete a personal access token
///
/// It ends at once.
#[utoipa::path(tag = "access-tokens", params(("id" = uuid::Uuid, Path, description = "The personal access token's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}")]
pub(crate) async fn delete_access_token(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    noun::finish(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(access_token::remove(tx, *id, pre)))
        .await
}
