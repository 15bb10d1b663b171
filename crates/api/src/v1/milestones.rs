//! The endpoints of milestones, under `/api/v1/projects/{id}/milestones`.

use taskhub_domain::project::{Milestone, MilestoneInput};

use super::endpoints::endpoints_within;

endpoints_within! {
    one "milestone", many "milestones", of "project", removal "was deleted";
    Milestone by MilestoneInput, tagged "projects", at "/{id}/milestones", "/{id}/milestones/{milestone_id}", "/{id}/milestones/{milestone_id}/history", by "milestone_id";
    /// List the milestones of a project
    ///
    /// Returns the milestones of a project that the caller can see.
    list_milestones;
    /// Create a milestone
    ///
    /// Adds a milestone to the project. A manager of the project or an admin may call it.
    create_milestone;
    /// Get a milestone
    get_milestone;
    /// Replace a milestone
    ///
    /// Replaces all writable fields. A field that is absent from the body is set to its default. A
    /// manager of the project or an admin may call it.
    replace_milestone;
    /// Update a milestone
    ///
    /// Changes the fields that are in the body (JSON merge patch, RFC 7396); null clears a field. A
    /// manager of the project or an admin may call it.
    update_milestone;
    /// Delete a milestone
    ///
    /// Deletes the milestone permanently. A manager of the project or an admin may call it.
    delete_milestone;
    /// List the history of a milestone
    list_milestone_history;
}
