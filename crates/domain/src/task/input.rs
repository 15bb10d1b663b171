//! What can be written of a task.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Priority, Task, TaskStatus};
use crate::{
    Instant, Result, Tx,
    input::{in_order, one_line, trimmed},
    project::Project,
    user::User,
};

/// What can be written of a task.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskInput {
    #[serde(deserialize_with = "trimmed")]
    #[garde(length(chars, min = 3, max = 200), custom(one_line))]
    #[schema(min_length = 3, max_length = 200, example = "Write the release notes")]
    title: String,
    #[serde(default)]
    #[garde(length(chars, max = 20_000))]
    #[schema(max_length = 20_000)]
    description: Option<String>,
    /// A project that the caller sees; null for a personal task.
    #[serde(default)]
    #[garde(skip)]
    project_id: Option<Uuid>,
    /// A user of the tenant.
    #[serde(default)]
    #[garde(skip)]
    assignee_id: Option<Uuid>,
    #[serde(default)]
    #[garde(skip)]
    #[schema(default = "todo")]
    status: TaskStatus,
    #[serde(default)]
    #[garde(skip)]
    #[schema(default = "medium")]
    priority: Priority,
    #[serde(default)]
    #[garde(skip)]
    start_at: Option<Instant>,
    /// Not before the start.
    #[serde(default)]
    #[garde(skip)]
    due_at: Option<Instant>,
    /// Minutes of work.
    #[serde(default)]
    #[garde(range(min = 0, max = 1_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000, example = 90)]
    estimate_minutes: Option<i32>,
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

impl TaskInput {
    /// The row with what was written of it, its references resolved.
    pub(super) async fn apply(self, tx: &Tx, old: Task) -> Result<Task> {
        let Self {
            title,
            description,
            project_id,
            assignee_id,
            status,
            priority,
            start_at,
            due_at,
            estimate_minutes,
        } = self;
        in_order(start_at, due_at, "due_at")?;
        if project_id != old.project_id {
            tx.refer::<Project>(project_id, "project_id").await?;
        }
        if assignee_id != old.assignee_id {
            tx.refer::<User>(assignee_id, "assignee_id").await?;
        }
        let row = Task {
            title,
            description,
            project_id,
            assignee_id,
            priority,
            start_at,
            due_at,
            estimate_minutes,
            ..old
        };
        Ok(row.with_status(status, tx.now()))
    }
}
