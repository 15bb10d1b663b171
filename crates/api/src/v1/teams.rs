//! `/api/v1/teams`.

use taskhub_domain::team::{Team, TeamInput};

use super::endpoints::endpoints;

endpoints! {
    one "team", many "teams", removal "was deleted";
    Team by TeamInput, tagged "teams";
    /// List teams
    ///
    /// Those that the caller is a member of or manages; to admins all.
    list_teams;
    /// Create a team
    ///
    /// For managers and admins. The caller manages it, unless another user is named.
    create_team;
    /// Get a team
    get_team;
    /// Replace a team
    ///
    /// For its manager and admins. All writable fields: what is absent gets its default.
    replace_team;
    /// Change a team
    ///
    /// For its manager and admins.
    update_team;
    /// Delete a team
    ///
    /// For its manager and admins: one that has no projects any more. Its members leave it.
    delete_team;
    /// List what happened to a team
    list_team_history;
}
