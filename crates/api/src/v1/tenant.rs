//! `/api/v1/tenant`.

use actix_web::{HttpRequest, get, patch, put};
use taskhub_domain::{
    audit::{ChangeLine, Past},
    tenant::{self, Tenant, TenantInput},
};

use super::{App, noun};
use crate::{
    answer::{self, Answered, List},
    extract::{Body, Caller, IfMatch, IfNoneMatch, Parameters},
    problem::Problem,
};

/// Get the organisation
#[utoipa::path(tag = "tenant", responses((status = 200, description = "The caller's organisation.", body = Tenant)))]
#[get("")]
pub(crate) async fn get_tenant(
    caller: Caller,
    app: App,
    mut query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    if let Some(at) = query.take("as_of", noun::INSTANT)? {
        return Ok(noun::past(&known, &past(&caller, &app).await?.at(at).await?));
    }
    let tenant = tenant::get(&app.store, &caller).await?;
    Ok(answer::resource(&known, tenant.version, &tenant))
}

/// List what happened to the organisation
///
/// Who changed which of its settings when. The newest comes first.
#[utoipa::path(tag = "tenant", responses((status = 200, description = "A page of changes.", body = List<ChangeLine>)))]
#[get("/history")]
pub(crate) async fn list_tenant_history(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::told(&app, &query, &request, &past(&caller, &app).await?).await
}

async fn past(caller: &Caller, app: &App) -> Result<Past<Tenant>, Problem> {
    Ok(Past::of(&app.store, caller, caller.tenant()).await?)
}

/// Replace the organisation's settings
///
/// For admins: all writable fields.
#[utoipa::path(tag = "tenant", request_body = TenantInput, responses((status = 200, description = "The changed organisation.", body = Tenant)))]
#[put("")]
pub(crate) async fn replace_tenant(
    caller: Caller,
    app: App,
    pre: IfMatch,
    body: Body<TenantInput>,
) -> Answered {
    change(&caller, &app, pre, body).await
}

/// Change the organisation's settings
///
/// For admins.
#[utoipa::path(tag = "tenant", request_body = TenantInput, responses((status = 200, description = "The changed organisation.", body = Tenant)))]
#[patch("")]
pub(crate) async fn update_tenant(
    caller: Caller,
    app: App,
    pre: IfMatch,
    body: Body<TenantInput>,
) -> Answered {
    change(&caller, &app, pre, body).await
}

/// `PUT` and `PATCH`: the body knows which it is.
async fn change(caller: &Caller, app: &App, pre: IfMatch, body: Body<TenantInput>) -> Answered {
    let input = (body.input, pre.0);
    noun::change(caller, app, &body.octets, input, |tx, (body, pre)| Box::pin(tenant::update(tx, body, pre)))
        .await
}
