//! `/api/v1/teams/{id}/members`.

use taskhub_domain::{
    offboarding,
    team::{TeamMember, TeamMemberInput},
};

use super::{App, endpoints::endpoints_within, noun};
use crate::{
    answer::Answered,
    extract::{Caller, IfMatch, Parameters, Within},
};

endpoints_within! {
    one "team member", many "team members", of "team";
    TeamMember by TeamMemberInput, tagged "teams", at "/{id}/members", "/{id}/members/{member_id}", "/{id}/members/{member_id}/history", by "member_id", removed by delete_team_member;
    /// List a team's members
    list_team_members;
    /// Add a member to a team
    ///
    /// For its manager and admins. A member sees the team's projects from now on.
    create_team_member;
    /// Get a member of a team
    get_team_member;
    /// Replace a member's role
    ///
    /// For the team's manager and admins. Another user in their place has the effects of a removal
    /// on the one before.
    replace_team_member;
    /// Change a member's role
    ///
    /// For the team's manager and admins. Another user in their place has the effects of a removal
    /// on the one before.
    update_team_member;
    /// List what happened to a member of a team
    list_team_member_history;
}

/// Remove a member from a team
///
/// For its manager and admins. What the user saw through the team alone they see no more, at once,
/// also what they own or are assigned there. Their open tasks in the team's projects pass to the
/// user whom `transfer_to` names. Without it, those that they can't see any more are cleared of
/// their assignee, and the managers of the projects and of the team are notified. Time that they
/// worked stays theirs.
#[utoipa::path(tag = "teams", params(("id" = uuid::Uuid, Path, description = "The id of what it lies in."), ("member_id" = uuid::Uuid, Path, description = "Its own id."), ("transfer_to" = Option<uuid::Uuid>, Query, description = "The id of another active user who sees the team's projects: they are assigned the member's open tasks there.")), responses((status = 204, description = "No content: the user is no member any more.")))]
#[delete("/{id}/members/{member_id}")]
pub(crate) async fn delete_team_member(
    caller: Caller,
    app: App,
    Within(team, member): Within,
    mut query: Parameters,
    pre: IfMatch,
) -> Answered {
    let input = ((team, member), query.take_id("transfer_to", "an id")?, pre.0);
    noun::finish(&caller, &app, b"", input, |tx, (ids, heir, pre)| {
        Box::pin(offboarding::remove_member(tx, *ids, *heir, pre))
    })
    .await
}
