//! `/api/v1/tenant`.

use actix_web::{get, patch, put};
use taskhub_domain::tenant::{self, Tenant, TenantInput};

use super::{App, noun};
use crate::{
    answer::{self, Answered},
    extract::{Body, Caller, IfMatch, IfNoneMatch},
};

/// Get the organisation
#[utoipa::path(tag = "tenant", responses((status = 200, description = "The caller's organisation.", body = Tenant)))]
#[get("")]
pub(crate) async fn get_tenant(caller: Caller, app: App, known: IfNoneMatch) -> Answered {
    let tenant = tenant::get(&app.store, &caller).await?;
    Ok(answer::resource(&known, tenant.version, &tenant))
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
    noun::change(caller, app, input, |tx, (body, pre)| Box::pin(tenant::update(tx, body, pre))).await
}
