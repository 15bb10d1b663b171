//! The endpoints of teams, under `/api/v1/teams`. Members have a module of their own.

use taskhub_domain::team::{Team, TeamInput};

use super::endpoints::endpoints;

endpoints! {
    one "team", many "teams", removal "was deleted";
    Team by TeamInput, tagged "teams";
    /// List teams
    ///
    /// Returns the teams that the caller belongs to or manages. Admins see all teams.
    list_teams;
    /// Create a team
    ///
    /// A manager or an admin may call it. The caller manages the team unless `manager_id` names
    /// another user. Fails with 409 `conflict` if the name is taken.
    create_team;
    /// Get a team
    get_team;
    /// Replace a team
    ///
    /// Replaces all writable fields. A field that is absent from the body is set to its default.
    /// Permissions, side effects and special errors are those of `PATCH`.
    replace_team;
    /// Update a team
    ///
    /// Changes the fields that are in the body (JSON merge patch, RFC 7396); null clears a field.
    /// The manager of the team or an admin may call it. If the manager changes, the previous
    /// manager loses their assignments to open tasks in projects that they can no longer see. The
    /// managers of these projects are notified. Fails with 409 `conflict` if the name is taken.
    update_team;
    /// Delete a team
    ///
    /// Deletes the team and its memberships permanently. The manager of the team or an admin may
    /// call it. Fails with 409 `in_use` while the team has projects.
    delete_team;
    /// List the history of a team
    list_team_history;
}
