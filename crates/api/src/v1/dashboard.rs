//! The endpoint of the dashboard: `/api/v1/dashboard`.

use actix_web::{HttpResponse, get};
use taskhub_domain::dashboard::{self, Dashboard};

use super::App;
use crate::http::{answer::Answered, extract::Caller};

/// Get the dashboard of the caller
///
/// Returns the number of the caller's open tasks, and of those that are in progress, due soon or
/// overdue. Also returns the next tasks, the running timer, and the latest changes of resources
/// that the caller sees. A service account has no tasks of its own and no timer.
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:read"])),
    responses((status = 200, description = "The dashboard.", body = Dashboard)),
)]
#[get("")]
pub(crate) async fn get_dashboard(caller: Caller, app: App) -> Answered {
    Ok(HttpResponse::Ok().json(dashboard::of(&app.repository, &caller).await?))
}
