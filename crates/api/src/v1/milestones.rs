//! `/api/v1/projects/{id}/milestones`.

use taskhub_domain::project::{Milestone, MilestoneInput};

use super::endpoints::endpoints_within;

endpoints_within! {
    one "milestone", many "milestones", of "project", removal "was deleted";
    Milestone by MilestoneInput, tagged "projects", at "/{id}/milestones", "/{id}/milestones/{milestone_id}", "/{id}/milestones/{milestone_id}/history", by "milestone_id";
    /// List a project's milestones
    list_milestones;
    /// Add a milestone to a project
    ///
    /// For whoever manages the project, and admins.
    create_milestone;
    /// Get a milestone of a project
    get_milestone;
    /// Replace a milestone of a project
    ///
    /// For whoever manages the project, and admins. All writable fields: what is absent gets its default.
    replace_milestone;
    /// Change a milestone of a project
    ///
    /// For whoever manages the project, and admins.
    update_milestone;
    /// Remove a milestone from a project
    ///
    /// For whoever manages the project, and admins.
    delete_milestone;
    /// List what happened to a milestone
    list_milestone_history;
}
