//! The endpoints of team members, under `/api/v1/teams/{id}/members`.
//!
//! Removing a member also concerns the tasks that they are assigned, so it has a handler of its own
//! here.

use taskhub_domain::{
    offboarding,
    team::{TeamMember, TeamMemberInput},
};

use super::{App, endpoints::endpoints_within, resource};
use crate::http::{
    answer::Answered,
    extract::{Caller, IfMatch, Parameters, Within},
};

endpoints_within! {
    one "team member", many "team members", of "team";
    TeamMember by TeamMemberInput, tagged "teams", at "/{id}/members", "/{id}/members/{member_id}", "/{id}/members/{member_id}/history", by "member_id", removed by delete_team_member;
    /// List the members of a team
    ///
    /// Returns the memberships of a team that the caller can see. The manager of the team is a
    /// member only if they were added.
    list_team_members;
    /// Add a member to a team
    ///
    /// The manager of the team or an admin may call it. The new member sees the projects of the
    /// team at once. Fails with 409 `conflict` if the user is already a member.
    create_team_member;
    /// Get a member of a team
    get_team_member;
    /// Replace a member of a team
    ///
    /// Replaces the user and the role. A field that is absent from the body is set to its default.
    /// The manager of the team or an admin may call it. If the body names another user, the
    /// previous user loses access as after a removal without `transfer_to`. Fails with 409
    /// `conflict` if the new user is already a member.
    replace_team_member;
    /// Update a member of a team
    ///
    /// Changes the fields that are in the body (JSON merge patch, RFC 7396). The manager of the
    /// team or an admin may call it. If the body names another user, the previous user loses access
    /// as after a removal without `transfer_to`. Fails with 409 `conflict` if the new user is
    /// already a member.
    update_team_member;
    /// List the history of a member of a team
    list_team_member_history;
}

/// Remove a member from a team
///
/// The manager of the team or an admin may call it. The user immediately loses access to everything
/// that they saw only through the team, including tasks that they own or are assigned.
///
/// With `transfer_to`, their open tasks in the projects of the team are assigned to that user.
/// Without it, the open tasks that they can no longer see lose their assignee. The managers of the
/// projects and of the team are notified of that. The time entries of the user are kept.
#[utoipa::path(
    tag = "teams",
    security(("token" = ["teams:read", "teams:write"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the team."),
        (
            "member_id" = uuid::Uuid,
            Path,
            description = "The id of the membership, which is not the id of the user."
        ),
        (
            "transfer_to" = Option<uuid::Uuid>,
            Query,
            description = "The id of another active user who can see the projects of the team. The open tasks of the member there are assigned to this user. Default: nobody."
        )
    ),
    responses((status = 204, description = "No content: the member was removed from the team.")),
)]
#[delete("/{id}/members/{member_id}")]
pub(crate) async fn delete_team_member(
    caller: Caller,
    app: App,
    Within(team, member): Within,
    mut query: Parameters,
    pre: IfMatch,
) -> Answered {
    let input = ((team, member), query.take_id("transfer_to", "an id")?, pre.0);
    resource::finish(&caller, &app, b"", input, |tx, (ids, heir, pre)| {
        Box::pin(offboarding::remove_member(tx, *ids, *heir, pre))
    })
    .await
}
