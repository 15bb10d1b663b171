//! `/api/v1/tenant`: the caller's organisation and its settings.

use actix_web::{HttpRequest, get, patch, put};
use taskhub_domain::{
    audit::{Change, ChangeLine, Past},
    tenant::{self, Tenant, TenantInput},
};

use super::{App, resource};
use crate::http::{
    answer::{self, Answered, List},
    extract::{Body, Caller, IfMatch, IfNoneMatch, Parameters},
    parameters::ListOf,
    problem::Problem,
};

/// Get the organisation
///
/// Returns the organisation of the caller with its settings, now or at the time `as_of`.
#[utoipa::path(
    tag = "tenant",
    security(("token" = ["tenant:read"])),
    params(IfNoneMatch),
    responses((status = 200, description = "The organisation of the caller.", body = Tenant)),
)]
#[get("")]
pub(crate) async fn get_tenant(
    caller: Caller,
    app: App,
    mut query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    if let Some(at) = query.take("as_of", resource::INSTANT)? {
        return Ok(resource::past(&known, &past(&caller, &app).await?.at(at).await?));
    }
    let tenant = tenant::get(&app.repository, &caller).await?;
    Ok(answer::resource(&known, tenant.version, &tenant))
}

/// List the history of the organisation
///
/// Lists who changed which settings of the organisation and when, newest first.
#[utoipa::path(
    tag = "tenant",
    security(("token" = ["tenant:read", "history:read"])),
    params(ListOf<Change>),
    responses((status = 200, description = "One page of changes.", body = List<ChangeLine>)),
)]
#[get("/history")]
pub(crate) async fn list_tenant_history(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    resource::history_page(&app, &query, &request, &past(&caller, &app).await?).await
}

async fn past(caller: &Caller, app: &App) -> Result<Past<Tenant>, Problem> {
    Ok(Past::of(&app.repository, caller, caller.tenant()).await?)
}

/// Replace the organisation's settings
///
/// Replaces all writable settings. An absent field gets its default. Only admins can call this.
#[utoipa::path(
    tag = "tenant",
    security(("token" = ["tenant:write"])),
    request_body = TenantInput,
    responses((status = 200, description = "The organisation after the change.", body = Tenant)),
)]
#[put("")]
pub(crate) async fn replace_tenant(
    caller: Caller,
    app: App,
    pre: IfMatch,
    body: Body<TenantInput>,
) -> Answered {
    change(&caller, &app, pre, body).await
}

/// Update the organisation's settings
///
/// Changes the given settings. An absent field keeps its value. Only admins can call this.
#[utoipa::path(
    tag = "tenant",
    security(("token" = ["tenant:write"])),
    request_body = TenantInput,
    responses((status = 200, description = "The organisation after the change.", body = Tenant)),
)]
#[patch("")]
pub(crate) async fn update_tenant(
    caller: Caller,
    app: App,
    pre: IfMatch,
    body: Body<TenantInput>,
) -> Answered {
    change(&caller, &app, pre, body).await
}

/// `PUT` and `PATCH`. The body knows which of them it is.
async fn change(caller: &Caller, app: &App, pre: IfMatch, body: Body<TenantInput>) -> Answered {
    let input = (body.input, pre.0);
    resource::change(caller, app, &body.bytes, input, |tx, (body, pre)| {
        Box::pin(tenant::update(tx, body, pre))
    })
    .await
}
