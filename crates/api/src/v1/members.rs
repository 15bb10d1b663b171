//! `/api/v1/teams/{id}/members`.

use taskhub_domain::team::{TeamMember, TeamMemberInput};

use super::endpoints::endpoints_within;

endpoints_within! {
    TeamMember by TeamMemberInput, tagged "teams", at "/{id}/members", "/{id}/members/{member_id}", "/{id}/members/{member_id}/history", by "member_id";
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
    /// For the team's manager and admins.
    replace_team_member;
    /// Change a member's role
    ///
    /// For the team's manager and admins.
    update_team_member;
    /// Remove a member from a team
    ///
    /// For its manager and admins. What the user saw through the team alone they see no more, at once.
    delete_team_member;
    /// List what happened to a member of a team
    list_team_member_history;
}
