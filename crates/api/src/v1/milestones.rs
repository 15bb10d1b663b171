//! `/api/v1/projects/{id}/milestones`.

use actix_web::{HttpRequest, delete, get, patch, post, put};
use taskhub_domain::project::{Milestone, MilestoneInput};

use super::{
    App,
    noun::{self, history},
};
use crate::{
    answer::{Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Once, Parameters, Within},
};

/// List a project's milestones
#[utoipa::path(tag = "projects", params(("id" = uuid::Uuid, Path, description = "The project's id.")), responses((status = 200, description = "A page of milestones.", body = List<Milestone>)))]
#[get("/{id}/milestones")]
pub(crate) async fn list_milestones(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::list_within::<Milestone>(&caller, &app, id, &query, &request).await
}

/// Add a milestone to a project
///
/// For whoever manages the project, and admins.
#[utoipa::path(tag = "projects", params(("id" = uuid::Uuid, Path, description = "The project's id.")), request_body = MilestoneInput, responses((status = 201, description = "The new milestone.", body = Milestone)))]
#[post("/{id}/milestones")]
pub(crate) async fn create_milestone(
    caller: Caller,
    app: App,
    id: Id,
    once: Once,
    body: Body<MilestoneInput>,
) -> Answered {
    noun::create_within::<Milestone>(&caller, &app, id, &once, body).await
}

/// Get a milestone of a project
#[utoipa::path(tag = "projects", params(("id" = uuid::Uuid, Path, description = "The project's id."), ("milestone_id" = uuid::Uuid, Path, description = "The milestone's id.")), responses((status = 200, description = "The milestone.", body = Milestone)))]
#[get("/{id}/milestones/{milestone_id}")]
pub(crate) async fn get_milestone(
    caller: Caller,
    app: App,
    ids: Within,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    noun::get_within_then::<Milestone>(&caller, &app, ids, query, &known).await
}

/// Replace a milestone of a project
///
/// For whoever manages the project, and admins. All writable fields: what is absent gets its default.
#[utoipa::path(tag = "projects", params(("id" = uuid::Uuid, Path, description = "The project's id."), ("milestone_id" = uuid::Uuid, Path, description = "The milestone's id.")), request_body = MilestoneInput, responses((status = 200, description = "The changed milestone.", body = Milestone)))]
#[put("/{id}/milestones/{milestone_id}")]
pub(crate) async fn replace_milestone(
    caller: Caller,
    app: App,
    ids: Within,
    pre: IfMatch,
    body: Body<MilestoneInput>,
) -> Answered {
    noun::update_within::<Milestone>(&caller, &app, ids, pre, body).await
}

/// Change a milestone of a project
///
/// For whoever manages the project, and admins.
#[utoipa::path(tag = "projects", params(("id" = uuid::Uuid, Path, description = "The project's id."), ("milestone_id" = uuid::Uuid, Path, description = "The milestone's id.")), request_body = MilestoneInput, responses((status = 200, description = "The changed milestone.", body = Milestone)))]
#[patch("/{id}/milestones/{milestone_id}")]
pub(crate) async fn update_milestone(
    caller: Caller,
    app: App,
    ids: Within,
    pre: IfMatch,
    body: Body<MilestoneInput>,
) -> Answered {
    noun::update_within::<Milestone>(&caller, &app, ids, pre, body).await
}

/// Remove a milestone from a project
///
/// For whoever manages the project, and admins.
#[utoipa::path(tag = "projects", params(("id" = uuid::Uuid, Path, description = "The project's id."), ("milestone_id" = uuid::Uuid, Path, description = "The milestone's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}/milestones/{milestone_id}")]
pub(crate) async fn delete_milestone(caller: Caller, app: App, ids: Within, pre: IfMatch) -> Answered {
    noun::remove_within::<Milestone>(&caller, &app, ids, pre).await
}

history! {
    Milestone, tagged "projects", at "/{id}/milestones/{milestone_id}/history", by "milestone_id";
    /// List what happened to a milestone
    list_milestone_history;
}
