//! What can be written of a task.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Priority, Task, TaskStatus};
use crate::{
    Instant,
    input::{one_line, trimmed},
};

/// What can be written of a task.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskInput {
    #[serde(deserialize_with = "trimmed")]
    #[garde(length(chars, min = 3, max = 200), custom(one_line))]
    #[schema(min_length = 3, max_length = 200, example = "Write the release notes")]
    pub(super) title: String,
    #[serde(default)]
    #[garde(length(chars, max = 20_000))]
    #[schema(max_length = 20_000)]
    pub(super) description: Option<String>,
    /// A project that the caller sees; null for a personal task.
    #[serde(default)]
    #[garde(skip)]
    pub(super) project_id: Option<Uuid>,
    /// A user of the tenant.
    #[serde(default)]
    #[garde(skip)]
    pub(super) assignee_id: Option<Uuid>,
    #[serde(default)]
    #[garde(skip)]
    #[schema(default = "todo")]
    pub(super) status: TaskStatus,
    #[serde(default)]
    #[garde(skip)]
    #[schema(default = "medium")]
    pub(super) priority: Priority,
    #[serde(default)]
    #[garde(skip)]
    pub(super) start_at: Option<Instant>,
    /// Not before the start.
    #[serde(default)]
    #[garde(skip)]
    pub(super) due_at: Option<Instant>,
    /// Minutes of work.
    #[serde(default)]
    #[garde(range(min = 0, max = 1_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000, example = 90)]
    pub(super) estimate_minutes: Option<i32>,
}

impl From<&Task> for TaskInput {
    fn from(row: &Task) -> Self {
        Self {
            title: row.title.clone(),
            description: row.description.clone(),
            project_id: row.project_id,
            assignee_id: row.assignee_id,
            status: row.status,
            priority: row.priority,
            start_at: row.start_at,
            due_at: row.due_at,
            estimate_minutes: row.estimate_minutes,
        }
    }
}
