//! `/api/v1/audit`.

use actix_web::{HttpRequest, HttpResponse, get};
use taskhub_domain::audit::{self, AuditLine};

use super::App;
use crate::{
    answer::{self, Answered, List},
    extract::{Caller, Id, Parameters},
};

/// List the audit
///
/// For admins: who did what to which row, when, from where, with the old and new values of what changed.
#[utoipa::path(tag = "audit", responses((status = 200, description = "A page of the audit.", body = List<AuditLine>)))]
#[get("")]
pub(crate) async fn list_audit(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, audit::list(&app.store, &caller, &query.0).await?)
}

/// Get a line of the audit
///
/// For admins.
#[utoipa::path(tag = "audit", params(("id" = uuid::Uuid, Path, description = "The line's id.")), responses((status = 200, description = "The line.", body = AuditLine)))]
#[get("/{id}")]
pub(crate) async fn get_audit_entry(caller: Caller, app: App, id: Id) -> Answered {
    Ok(HttpResponse::Ok().json(audit::get(&app.store, &caller, id.0).await?))
}
