//! `/api/v1/teams`.

use actix_web::{HttpRequest, delete, get, patch, post, put};
use taskhub_domain::team::{Team, TeamInput, TeamMember, TeamMemberInput};

use super::{
    App,
    noun::{self, history},
};
use crate::{
    answer::{Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Once, Parameters, Within},
};

/// List teams
///
/// Those that the caller is a member of or manages; to admins all.
#[utoipa::path(tag = "teams", responses((status = 200, description = "A page of teams.", body = List<Team>)))]
#[get("")]
pub(crate) async fn list_teams(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::list::<Team>(&caller, &app, &query, &request).await
}

/// Create a team
///
/// For managers and admins. The caller manages it, unless another user is named.
#[utoipa::path(tag = "teams", request_body = TeamInput, responses((status = 201, description = "The new team.", body = Team)))]
#[post("")]
pub(crate) async fn create_team(caller: Caller, app: App, once: Once, body: Body<TeamInput>) -> Answered {
    noun::create::<Team>(&caller, &app, &once, body).await
}

/// Get a team
#[utoipa::path(tag = "teams", params(("id" = uuid::Uuid, Path, description = "The team's id.")), responses((status = 200, description = "The team.", body = Team)))]
#[get("/{id}")]
pub(crate) async fn get_team(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    noun::get_then::<Team>(&caller, &app, id, query, &known).await
}

/// Replace a team
///
/// For its manager and admins. All writable fields: what is absent gets its default.
#[utoipa::path(tag = "teams", params(("id" = uuid::Uuid, Path, description = "The team's id.")), request_body = TeamInput, responses((status = 200, description = "The changed team.", body = Team)))]
#[put("/{id}")]
pub(crate) async fn replace_team(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<TeamInput>,
) -> Answered {
    noun::update::<Team>(&caller, &app, id, pre, body).await
}

/// Change a team
///
/// For its manager and admins.
#[utoipa::path(tag = "teams", params(("id" = uuid::Uuid, Path, description = "The team's id.")), request_body = TeamInput, responses((status = 200, description = "The changed team.", body = Team)))]
#[patch("/{id}")]
pub(crate) async fn update_team(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<TeamInput>,
) -> Answered {
    noun::update::<Team>(&caller, &app, id, pre, body).await
}

/// Delete a team
///
/// For its manager and admins: one that has no projects any more. Its members leave it.
#[utoipa::path(tag = "teams", params(("id" = uuid::Uuid, Path, description = "The team's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}")]
pub(crate) async fn delete_team(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    noun::remove::<Team>(&caller, &app, id, pre).await
}

/// List a team's members
#[utoipa::path(tag = "teams", params(("id" = uuid::Uuid, Path, description = "The team's id.")), responses((status = 200, description = "A page of members.", body = List<TeamMember>)))]
#[get("/{id}/members")]
pub(crate) async fn list_team_members(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::list_within::<TeamMember>(&caller, &app, id, &query, &request).await
}

/// Add a member to a team
///
/// For its manager and admins. A member sees the team's projects from now on.
#[utoipa::path(tag = "teams", params(("id" = uuid::Uuid, Path, description = "The team's id.")), request_body = TeamMemberInput, responses((status = 201, description = "The new member.", body = TeamMember)))]
#[post("/{id}/members")]
pub(crate) async fn create_team_member(
    caller: Caller,
    app: App,
    id: Id,
    once: Once,
    body: Body<TeamMemberInput>,
) -> Answered {
    noun::create_within::<TeamMember>(&caller, &app, id, &once, body).await
}

/// Get a member of a team
#[utoipa::path(tag = "teams", params(("id" = uuid::Uuid, Path, description = "The team's id."), ("member_id" = uuid::Uuid, Path, description = "The membership's id.")), responses((status = 200, description = "The member.", body = TeamMember)))]
#[get("/{id}/members/{member_id}")]
pub(crate) async fn get_team_member(
    caller: Caller,
    app: App,
    ids: Within,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    noun::get_within_then::<TeamMember>(&caller, &app, ids, query, &known).await
}

/// Replace a member's role
///
/// For the team's manager and admins.
#[utoipa::path(tag = "teams", params(("id" = uuid::Uuid, Path, description = "The team's id."), ("member_id" = uuid::Uuid, Path, description = "The membership's id.")), request_body = TeamMemberInput, responses((status = 200, description = "The changed member.", body = TeamMember)))]
#[put("/{id}/members/{member_id}")]
pub(crate) async fn replace_team_member(
    caller: Caller,
    app: App,
    ids: Within,
    pre: IfMatch,
    body: Body<TeamMemberInput>,
) -> Answered {
    noun::update_within::<TeamMember>(&caller, &app, ids, pre, body).await
}

/// Change a member's role
///
/// For the team's manager and admins.
#[utoipa::path(tag = "teams", params(("id" = uuid::Uuid, Path, description = "The team's id."), ("member_id" = uuid::Uuid, Path, description = "The membership's id.")), request_body = TeamMemberInput, responses((status = 200, description = "The changed member.", body = TeamMember)))]
#[patch("/{id}/members/{member_id}")]
pub(crate) async fn update_team_member(
    caller: Caller,
    app: App,
    ids: Within,
    pre: IfMatch,
    body: Body<TeamMemberInput>,
) -> Answered {
    noun::update_within::<TeamMember>(&caller, &app, ids, pre, body).await
}

/// Remove a member from a team
///
/// For its manager and admins. What the user saw through the team alone they see no more, at once.
#[utoipa::path(tag = "teams", params(("id" = uuid::Uuid, Path, description = "The team's id."), ("member_id" = uuid::Uuid, Path, description = "The membership's id.")), responses((status = 204, description = "They have left.")))]
#[delete("/{id}/members/{member_id}")]
pub(crate) async fn delete_team_member(caller: Caller, app: App, ids: Within, pre: IfMatch) -> Answered {
    noun::remove_within::<TeamMember>(&caller, &app, ids, pre).await
}

history! {
    Team, tagged "teams";
    /// List what happened to a team
    list_team_history;
}

history! {
    TeamMember, tagged "teams", at "/{id}/members/{member_id}/history", by "member_id";
    /// List what happened to a member of a team
    list_team_member_history;
}
