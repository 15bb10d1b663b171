//! `/api/v1/service-accounts`: the programs of an organisation.

use actix_web::{HttpRequest, delete, get, patch, post, put};
use taskhub_domain::service_account::{self, Rotation, ServiceAccount, ServiceAccountInput, WithSecret};

use super::{App, endpoints::history, resource};
use crate::http::{
    answer::{self, Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters},
    parameters::ListOf,
};

/// List service accounts
///
/// Lists the service accounts of the organisation. Only admins can call this.
#[utoipa::path(
    tag = "service-accounts",
    security(("token" = ["service-accounts:read"])),
    params(ListOf<ServiceAccount>),
    responses((status = 200, description = "One page of service accounts.", body = List<ServiceAccount>)),
)]
#[get("")]
pub(crate) async fn list_service_accounts(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    resource::list::<ServiceAccount>(&caller, &app, (), &query, &request).await
}

/// Create a service account
///
/// Creates a service account with a new secret, which is shown once. With it the service account
/// gets access tokens at `POST /api/v1/auth/token`. Only admins can call this. A caller with a
/// limited token must have all scopes that the service account gets (403 `insufficient_scope`). A
/// name that is taken gets 409 `conflict`.
#[utoipa::path(
    tag = "service-accounts",
    security(("token" = ["service-accounts:write"])),
    request_body = ServiceAccountInput,
    responses((status = 201, description = "The new service account, with its secret.", body = WithSecret)),
)]
#[post("")]
pub(crate) async fn create_service_account(
    caller: Caller,
    app: App,
    body: Body<ServiceAccountInput>,
) -> Answered {
    let key = caller.key(&app.repository, &body.bytes);
    let create = app.repository.write_once(
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
/// Returns a service account without its secret. Only admins can call this.
#[utoipa::path(
    tag = "service-accounts",
    security(("token" = ["service-accounts:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the service account."),
        IfNoneMatch,
    ),
    responses((status = 200, description = "The service account, without its secret.", body = ServiceAccount)),
)]
#[get("/{id}")]
pub(crate) async fn get_service_account(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    resource::get_then::<ServiceAccount>(&caller, &app, id, query, &known).await
}

/// Replace a service account
///
/// Replaces all writable fields. An absent field gets its default. A change of the scopes, the
/// expiry or `is_active` revokes the access tokens of the service account at once. Only admins can
/// call this. A caller with a limited token must have all scopes that the service account gets (403
/// `insufficient_scope`).
#[utoipa::path(
    tag = "service-accounts",
    security(("token" = ["service-accounts:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the service account.")),
    request_body = ServiceAccountInput,
    responses((status = 200, description = "The service account after the change.", body = ServiceAccount)),
)]
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

/// Update a service account
///
/// Changes the given fields. A change of the scopes, the expiry or `is_active` revokes the access
/// tokens of the service account at once. Only admins can call this. A caller with a limited token
/// must have all scopes that the service account has after the change (403 `insufficient_scope`).
#[utoipa::path(
    tag = "service-accounts",
    security(("token" = ["service-accounts:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the service account.")),
    request_body = ServiceAccountInput,
    responses((status = 200, description = "The service account after the change.", body = ServiceAccount)),
)]
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
/// Deletes a service account and revokes its access tokens at once. Only admins can call this.
#[utoipa::path(
    tag = "service-accounts",
    security(("token" = ["service-accounts:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the service account.")),
    responses((status = 204, description = "No content: the service account was deleted.")),
)]
#[delete("/{id}")]
pub(crate) async fn delete_service_account(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    resource::finish(&caller, &app, b"", input, |tx, (id, pre)| {
        Box::pin(service_account::remove(tx, *id, pre))
    })
    .await
}

/// Rotate a service account's secret
///
/// Creates a new secret, which is shown once. The current secret stays valid for `overlap_seconds`,
/// by default for one day. An older secret becomes invalid at once. With an overlap of 0 the access
/// tokens of the service account are revoked too. Only admins can call this. A caller with a
/// limited token must have all scopes of the service account (403 `insufficient_scope`).
#[utoipa::path(
    tag = "service-accounts",
    security(("token" = ["service-accounts:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the service account.")),
    request_body = Rotation,
    responses((status = 200, description = "The service account, with its new secret.", body = WithSecret)),
)]
#[post("/{id}/rotate")]
pub(crate) async fn rotate_service_account(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<Rotation>,
) -> Answered {
    let key = caller.key(&app.repository, &body.bytes);
    let rotate = app.repository.write_once(
        &caller,
        key,
        (id.0, body.input, pre.0),
        |tx, (id, body, pre)| Box::pin(service_account::rotate(tx, *id, body, pre)),
        |made: &WithSecret| answer::changed(made.account().version, made),
    );
    Ok(answer::kept(rotate.await?))
}

/// `PUT` and `PATCH`. The body knows which of them it is.
async fn change(
    caller: &Caller,
    app: &App,
    id: Id,
    pre: IfMatch,
    body: Body<ServiceAccountInput>,
) -> Answered {
    let input = (id.0, body.input, pre.0);
    resource::change(caller, app, &body.bytes, input, |tx, (id, body, pre)| {
        Box::pin(service_account::update(tx, *id, body, pre))
    })
    .await
}

history! {
    one "service account";
    ServiceAccount, tagged "service-accounts";
    /// List the history of a service account
    list_service_account_history;
}
