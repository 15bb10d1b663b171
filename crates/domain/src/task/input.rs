//! What can be written of a task.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Priority, Task, TaskStatus, recurrence::LONGEST};
use crate::{
    Instant,
    input::{one_line, trimmed},
};

/// What can be written of a task.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskInput {
    #[serde(deserialize_with = "trimmed::<_, 200>")]
    #[garde(length(chars, min = 3, max = 200), custom(one_line))]
    #[schema(format = "line", min_length = 3, max_length = 200, example = "Write the release notes")]
    pub(super) title: String,
    #[serde(default)]
    #[garde(length(chars, max = 20_000))]
    #[schema(max_length = 20_000)]
    pub(super) description: Option<String>,
    /// A project that the caller sees; null for a personal task.
    #[serde(default)]
    #[garde(skip)]
    pub(super) project_id: Option<Uuid>,
    /// A task that this is a part of, at most five deep; it lies in the same project, which may be left out then.
    #[serde(default)]
    #[garde(skip)]
    pub(super) parent_id: Option<Uuid>,
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
    /// Labels of the tenant, each once.
    #[serde(default)]
    #[garde(length(max = 20), custom(distinct))]
    #[schema(max_items = 20)]
    pub(super) label_ids: Vec<Uuid>,
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
    /// A rule as in RFC 5545 section 3.3.10, daily at most, by which the task comes again: completing it makes the next one, due when the rule holds next
    /// after its own due date, by the clock of the tenant's time zone. Needs a due date, and must hold within some forty years. The next one has the
    /// same fields, watchers and reminders before its due date; parts and dependencies stay with the one that is done. Without `RRULE:` before it.
    #[serde(default)]
    #[garde(length(chars, min = 1, max = LONGEST), custom(one_line))]
    #[schema(format = "rrule", min_length = 1, max_length = 500, example = "FREQ=WEEKLY;BYDAY=MO")]
    pub(super) recurrence: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
fn distinct(ids: &[Uuid], _: &()) -> garde::Result {
    let twice = |place: usize, id: &Uuid| ids.iter().take(place).any(|earlier| earlier == id);
    match ids.iter().enumerate().find(|(place, id)| twice(*place, id)) {
        Some((_, id)) => Err(garde::Error::new(format!("{id} stands there twice"))),
        None => Ok(()),
    }
}

/// Where a task is to go: beside another, whose project is then its own, or last in a project.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveInput {
    /// A project that the caller sees. Beside another task it may be left out.
    #[serde(default)]
    #[garde(skip)]
    pub(super) project_id: Option<Uuid>,
    /// The task that it is to stand beside.
    #[serde(default)]
    #[garde(skip)]
    pub(super) beside_id: Option<Uuid>,
    /// On which side of that.
    #[serde(default)]
    #[garde(skip)]
    #[schema(default = "after")]
    pub(super) side: Side,
}

/// A side of a task in the order of its project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Right before it.
    Before,
    /// Right after it.
    #[default]
    After,
}

impl From<&Task> for TaskInput {
    fn from(row: &Task) -> Self {
        Self {
            title: row.title.clone(),
            description: row.description.clone(),
            project_id: row.project_id,
            parent_id: row.parent_id,
            assignee_id: row.assignee_id,
            status: row.status,
            priority: row.priority,
            label_ids: row.label_ids.0.clone(),
            start_at: row.start_at,
            due_at: row.due_at,
            estimate_minutes: row.estimate_minutes,
            recurrence: row.recurrence.clone(),
        }
    }
}
