//! `/api/v1/service-accounts`.

use actix_web::{HttpRequest, delete, get, patch, post, put};
use taskhub_domain::service_account::{self, Rotation, ServiceAccount, ServiceAccountInput, WithSecret};

use super::{App, endpoints::history, noun};
use crate::{
    answer::{self, Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters},
};

/// List service accounts
///
/// For admins.
#[utoipa::path(tag = "service-accounts", responses((status = 200, description = "A page of service accounts.", body = List<ServiceAccount>)))]
#[get("")]
pub(crate) async fn list_service_accounts(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::list::<ServiceAccount>(&caller, &app, &query, &request).await
}

/// Create a service account
///
/// For admins. The secret is shown this once: with it the service account signs in at `POST /api/v1/auth/token`.
#[utoipa::path(tag = "service-accounts", request_body = ServiceAccountInput, responses((status = 201, description = "The new service account and its secret.", body = WithSecret)))]
#[post("")]
pub(crate) async fn create_service_account(
    caller: Caller,
    app: App,
    body: Body<ServiceAccountInput>,
) -> Answered {
    let key = caller.key(&app.store, &body.octets);
    let create = app.store.write_once(
        &caller,
        key,
        body.input,
        |tx, input| Box::pin(service_account::create(tx, input)),
        |made: &WithSecret| {
            let account = made.account();
            answer::created("service-accounts", account.id, account.version, made)
        },
    );
    Ok(answer::kept(create.await?))
}

/// Get a service account
///
/// For admins.
#[utoipa::path(tag = "service-accounts", params(("id" = uuid::Uuid, Path, description = "The service account's id.")), responses((status = 200, description = "The service account, without its secret.", body = ServiceAccount)))]
#[get("/{id}")]
pub(crate) async fn get_service_account(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    noun::get_then::<ServiceAccount>(&caller, &app, id, query, &known).await
}

/// Replace a service account
///
/// For admins: all writable fields. Other scopes, another end, or not being let in any more, end its access tokens at once.
#[utoipa::path(tag = "service-accounts", params(("id" = uuid::Uuid, Path, description = "The service account's id.")), request_body = ServiceAccountInput, responses((status = 200, description = "The changed service account.", body = ServiceAccount)))]
#[put("/{id}")]
pub(crate) async fn replace_service_account(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<ServiceAccountInput>,
) -> Answered {
    change(&caller, &app, id, pre, body).await
}

/// Change a service account
///
/// For admins. Other scopes, another end, or not being let in any more, end its access tokens at once.
#[utoipa::path(tag = "service-accounts", params(("id" = uuid::Uuid, Path, description = "The service account's id.")), request_body = ServiceAccountInput, responses((status = 200, description = "The changed service account.", body = ServiceAccount)))]
#[patch("/{id}")]
pub(crate) async fn update_service_account(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<ServiceAccountInput>,
) -> Answered {
    change(&caller, &app, id, pre, body).await
}

/// Delete a service account
///
/// For admins. Its access tokens end at once.
#[utoipa::path(tag = "service-accounts", params(("id" = uuid::Uuid, Path, description = "The service account's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}")]
pub(crate) async fn delete_service_account(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    noun::finish(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(service_account::remove(tx, *id, pre)))
        .await
}

/// Rotate a service account's secret
///
/// For admins. The new secret is shown this once; the present one stays good for the overlap, a day if it is not said.
#[utoipa::path(tag = "service-accounts", params(("id" = uuid::Uuid, Path, description = "The service account's id.")), request_body = Rotation, responses((status = 200, description = "The service account and its new secret.", body = WithSecret)))]
#[post("/{id}/rotate")]
pub(crate) async fn rotate_service_account(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<Rotation>,
) -> Answered {
    let key = caller.key(&app.store, &body.octets);
    let rotate = app.store.write_once(
        &caller,
        key,
        (id.0, body.input, pre.0),
        |tx, (id, body, pre)| Box::pin(service_account::rotate(tx, *id, body, pre)),
        |made: &WithSecret| answer::changed(made.account().version, made),
    );
    Ok(answer::kept(rotate.await?))
}

/// `PUT` and `PATCH`: the body knows which it is.
async fn change(
    caller: &Caller,
    app: &App,
    id: Id,
    pre: IfMatch,
    body: Body<ServiceAccountInput>,
) -> Answered {
    let input = (id.0, body.input, pre.0);
    noun::change(caller, app, &body.octets, input, |tx, (id, body, pre)| {
        Box::pin(service_account::update(tx, *id, body, pre))
    })
    .await
}

history! {
    one "service account";
    ServiceAccount, tagged "service-accounts";
    /// List what happened to a service account
    list_service_account_history;
}
