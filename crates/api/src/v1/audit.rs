//! Endpoints of the audit log: `/api/v1/audit`. It can only be read.

use actix_web::{HttpRequest, HttpResponse, get};
use taskhub_domain::audit::AuditEntry;
use taskhub_domain::audit::{self, AuditLine};

use super::App;
use crate::http::{
    answer::{self, Answered, List},
    extract::{Caller, Id, Parameters},
    parameters::ListOf,
};

/// List audit entries
///
/// Returns who did what to which resource, when, from which address and in which request, with the
/// old and new values of the changed fields. Values that no response shows, such as password
/// hashes, read `[redacted]`. For admins.
#[utoipa::path(
    tag = "audit",
    security(("token" = ["audit:read"])),
    params(ListOf<AuditEntry>),
    responses((status = 200, description = "One page of audit entries.", body = List<AuditLine>)),
)]
#[get("")]
pub(crate) async fn list_audit(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, audit::list(&app.repository, &caller, &query.0).await?)
}

/// Get an audit entry
///
/// Returns one entry of the audit log. For admins.
#[utoipa::path(
    tag = "audit",
    security(("token" = ["audit:read"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the audit entry.")),
    responses((status = 200, description = "The audit entry.", body = AuditLine)),
)]
#[get("/{id}")]
pub(crate) async fn get_audit_entry(caller: Caller, app: App, id: Id) -> Answered {
    Ok(HttpResponse::Ok().json(audit::get(&app.repository, &caller, id.0).await?))
}
