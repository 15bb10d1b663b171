//! What one may do.

use actix_web::{HttpResponse, get};
use taskhub_domain::permission::{self, Permissions};

use super::super::App;
use crate::{
    answer::Answered,
    extract::{Caller, Parameters},
};

/// Get one's permissions
///
/// With a row, or without an id with a collection: whether each action is allowed, on which ground, or which grounds and which scope are wanted.
#[utoipa::path(tag = "auth", responses(
    (status = 200, description = "What the caller may do.", body = Permissions),
    (status = 404, description = "Absent, or invisible to the caller.", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
))]
#[get("/permissions")]
pub(crate) async fn get_permissions(caller: Caller, app: App, mut query: Parameters) -> Answered {
    let id = query.take_id("id", "an id")?;
    let noun = query.0.take("noun")?;
    Ok(HttpResponse::Ok().json(permission::get(&app.store, &caller, &noun, id).await?))
}
