//! The permissions of the caller, before an action is tried.

use actix_web::{HttpResponse, get};
use taskhub_domain::permission::{self, Permissions};

use super::super::App;
use crate::http::{
    answer::Answered,
    extract::{Caller, Parameters},
};

/// Get the caller's permissions
///
/// Reports for each action whether the caller may perform it, under which rule, and which scope the
/// token lacks. With `id` the report is about one resource. Without it the report is about the
/// resource type: whether the caller can list resources (`read`) and create one (`create`).
#[utoipa::path(tag = "auth", responses(
    (status = 200, description = "The permissions of the caller.", body = Permissions),
    (status = 404, description = "The row does not exist, or the caller cannot see it.", body = crate::http::problem::ProblemBody, content_type = "application/problem+json"),
))]
#[get("/permissions")]
pub(crate) async fn get_permissions(caller: Caller, app: App, mut query: Parameters) -> Answered {
    let id = query.take_id("id", "an id")?;
    let noun = query.0.take("noun")?;
    Ok(HttpResponse::Ok().json(permission::get(&app.repository, &caller, &noun, id).await?))
}
