//! What can be written of a task.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Priority, Task, TaskStatus,
    recurrence::{LONGEST, RecurrenceMode},
};
use crate::{
    Instant,
    input::{items, one_line, title_line, trimmed},
};

/// What can be written of a task.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskInput {
    /// At least three characters, or one of Han, kana or Hangul. Characters that show nothing do not count.
    #[serde(deserialize_with = "trimmed::<_, 200>")]
    #[garde(length(chars, max = 200), custom(title_line))]
    #[schema(format = "title", min_length = 1, max_length = 200, example = "Write the release notes")]
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
    /// An active user who sees the task in its project.
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
    #[garde(custom(items::<_, 0, 20>), custom(distinct))]
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
    /// A rule by which the task recurs (RFC 5545 section 3.3.10), daily at most, without `RRULE:` before it. Completing the task makes the next one. It is
    /// due on the next day on which the rule holds, at the same local time in the tenant's time zone. A local time that the clocks skip is as much later
    /// on that day; of one that comes twice it is the first. `UNTIL` may be a date, which is the last day. The rule needs a due date, and must hold within
    /// forty years. The next task has the same fields, watchers and reminders before its due date; subtasks and dependencies stay with the completed one.
    #[serde(default)]
    #[garde(length(chars, min = 1, max = LONGEST), custom(one_line))]
    #[schema(format = "rrule", min_length = 1, max_length = 500, example = "FREQ=WEEKLY;BYDAY=MO")]
    pub(super) recurrence: Option<String>,
    /// What the next due date is reckoned from. Anything but the default needs a rule.
    #[serde(default)]
    #[garde(skip)]
    #[schema(default = "from_due")]
    pub(super) recurrence_mode: RecurrenceMode,
    /// Whether a month without a day of the rule, such as the 31st, has its last day instead. Otherwise such a month is left out, as in RFC 5545. `true`
    /// needs a rule.
    #[serde(default)]
    #[garde(skip)]
    #[schema(default = false)]
    pub(super) month_end_clamp: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
fn distinct(ids: &[Uuid], _: &()) -> garde::Result {
    let twice = |place: usize, id: &Uuid| ids.iter().take(place).any(|earlier| earlier == id);
    match ids.iter().enumerate().find(|(place, id)| twice(*place, id)) {
        Some((_, id)) => Err(garde::Error::new(format!("must contain each label once: {id} is repeated"))),
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
            recurrence_mode: row.recurrence_mode,
            month_end_clamp: row.month_end_clamp,
        }
    }
}
