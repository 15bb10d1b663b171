//! The permissions of the caller, before an action is tried.

use actix_web::{HttpResponse, get};
use taskhub_domain::permission::{self, Permissions};
use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterIn},
};

use super::super::App;
use crate::http::{
    answer::Answered,
    extract::{Caller, Parameters},
    parameters::{one_of, optional, required, uuid},
    problem::Code,
};

/// The query parameters: the resource type, and the id of one resource.
struct PermissionParameters;

impl IntoParams for PermissionParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            required("noun", "The resource type.", one_of(permission::RESOURCE_TYPES, None)),
            optional(
                "id",
                "The id of one resource. Default: the permissions to list and to create resources of the type.",
                uuid(),
            ),
        ]
    }
}

/// Get the caller's permissions
///
/// Reports for each action whether the caller may perform it, under which rule, and which scope the
/// token lacks. With `id` the report is about one resource. Without it the report is about the
/// resource type: whether the caller can list resources (`read`) and create one (`create`).
#[utoipa::path(
    tag = "auth",
    security(("token" = [])),
    params(PermissionParameters),
    responses((status = 200, description = "The permissions of the caller.", body = Permissions)),
    extensions(("x-problems" = json!([Code::NotFound]))),
)]
#[get("/permissions")]
pub(crate) async fn get_permissions(caller: Caller, app: App, mut query: Parameters) -> Answered {
    let id = query.take_id("id", "an id")?;
    let noun = query.0.take("noun")?;
    Ok(HttpResponse::Ok().json(permission::get(&app.repository, &caller, &noun, id).await?))
}
