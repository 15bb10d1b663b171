//! Reports.

use super::{Entry, Slot};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("get_individual_report", &["reports:read"])
        .query_ids(&[("user", Slot::Assignee)])
        .unknown_id(404, "not_found"),
    Entry::scoped("get_team_report", &["reports:read"])
        .query_ids(&[("team", Slot::Team)])
        .unknown_id(404, "not_found"),
    Entry::scoped("get_workload_report", &["reports:read"]),
    Entry::scoped("get_completion_report", &["reports:read"])
        .query_ids(&[("project", Slot::Project)])
        .unknown_id(404, "not_found"),
    Entry::scoped("get_time_by_project_report", &["reports:read"]),
];
