//! The writable fields of a task, and the body of a move.
//!
//! Invariant: what is checked here concerns one field, without the database. Rules that span fields
//! or rows are in [`super::Task`].

use garde::Validate;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Priority, Task, TaskStatus,
    recurrence::{LONGEST, RecurrenceMode},
};
use crate::{
    Timestamp,
    kernel::input::{items, one_line, title_line, trimmed},
};

/// The writable fields of a task.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskInput {
    /// The title, on one line: at least three visible characters, or one Han, kana or Hangul
    /// character.
    #[serde(deserialize_with = "trimmed::<_, 200>")]
    #[garde(length(chars, max = 200), custom(title_line))]
    #[schema(format = "title", min_length = 1, max_length = 200, example = "Write the release notes")]
    pub(super) title: String,
    /// The description, or null.
    #[serde(default)]
    #[garde(length(chars, max = 20_000))]
    #[schema(max_length = 20_000)]
    pub(super) description: Option<String>,
    /// The id of a project that the caller can see. Null or absent for a personal task. A subtask
    /// without it gets the project of its parent task. To leave that project, clear `parent_id` too.
    #[serde(default, deserialize_with = "given")]
    #[garde(skip)]
    #[schema(value_type = Option<Uuid>)]
    pub(super) project_id: Given,
    /// The id of the parent task, or null if the task is not a subtask. Subtasks nest at most five
    /// levels deep and are in the project of their parent task.
    #[serde(default)]
    #[garde(skip)]
    pub(super) parent_id: Option<Uuid>,
    /// The id of an active user who can see the task, or null.
    #[serde(default)]
    #[garde(skip)]
    pub(super) assignee_id: Option<Uuid>,
    /// The status. `done` is refused while an open task blocks this one.
    #[serde(default)]
    #[garde(skip)]
    #[schema(default = "todo")]
    pub(super) status: TaskStatus,
    /// The priority.
    #[serde(default)]
    #[garde(skip)]
    #[schema(default = "medium")]
    pub(super) priority: Priority,
    /// The ids of the labels, each at most once. Default: none.
    #[serde(default)]
    #[garde(custom(items::<_, 0, 20>), custom(distinct))]
    #[schema(max_items = 20)]
    pub(super) label_ids: Vec<Uuid>,
    /// The planned start date and time (UTC), or null.
    #[serde(default)]
    #[garde(skip)]
    pub(super) start_at: Option<Timestamp>,
    /// The due date and time (UTC), not before the start, or null.
    #[serde(default)]
    #[garde(skip)]
    pub(super) due_at: Option<Timestamp>,
    /// The estimated work in minutes, from 0 to 1000000, or null.
    #[serde(default)]
    #[garde(range(min = 0, max = 1_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000, example = 90)]
    pub(super) estimate_minutes: Option<i32>,
    /// The rule by which the task recurs (RFC 5545 section 3.3.10), without `RRULE:` in front, or
    /// null. The shortest frequency is `DAILY`. A task with a rule must have a due date. The rule
    /// must match a date within forty years.
    ///
    /// Completing the task creates the next task, due on the next day that the rule matches. It is
    /// due at the same local time in the time zone of the organisation. If the clocks skip that
    /// time, the task is due that much later on the same day. If the time occurs twice, the first
    /// one counts. `UNTIL` may be a date, which is then the last day.
    ///
    /// The next task has the same fields and watchers, and the reminders that depend on the due
    /// date. Subtasks and dependencies stay with the completed task.
    #[serde(default)]
    #[garde(length(chars, min = 1, max = LONGEST), custom(one_line))]
    #[schema(format = "rrule", min_length = 1, max_length = 500, example = "FREQ=WEEKLY;BYDAY=MO")]
    pub(super) recurrence: Option<String>,
    /// The date from which the next due date is computed. Another value than the default needs a
    /// rule.
    #[serde(default)]
    #[garde(skip)]
    #[schema(default = "from_due")]
    pub(super) recurrence_mode: RecurrenceMode,
    /// Whether a month without the day in the rule, such as the 31st, uses its last day instead.
    /// With `false`, such a month is skipped, as in RFC 5545. `true` needs a rule.
    #[serde(default)]
    #[garde(skip)]
    #[schema(default = false)]
    pub(super) month_end_clamp: bool,
}

/// The project in a body: `None` if the field is absent, `Some(None)` if it is null.
pub(super) type Given = Option<Option<Uuid>>;

fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Given, D::Error> {
    Option::deserialize(value).map(Some)
}

/// A rule of garde: no id occurs twice.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
fn distinct(ids: &[Uuid], _: &()) -> garde::Result {
    let twice = |place: usize, id: &Uuid| ids.iter().take(place).any(|earlier| earlier == id);
    match ids.iter().enumerate().find(|(place, id)| twice(*place, id)) {
        Some((_, id)) => Err(garde::Error::new(format!("must contain each label once: {id} is repeated"))),
        None => Ok(()),
    }
}

/// The destination of a task: next to another task, or at the end of a project.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveInput {
    /// The id of a project that the caller can see. It may be absent if `beside_id` is given;
    /// otherwise it must be the project of that task.
    #[serde(default)]
    #[garde(skip)]
    pub(super) project_id: Option<Uuid>,
    /// The id of the task next to which the task is placed. Null or absent for the end of the
    /// project.
    #[serde(default)]
    #[garde(skip)]
    pub(super) beside_id: Option<Uuid>,
    /// Whether the task is placed before or after the other task.
    #[serde(default)]
    #[garde(skip)]
    #[schema(default = "after")]
    pub(super) side: Side,
}

/// The place before or after a task in the order of its project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Directly before the task.
    Before,
    /// Directly after the task.
    #[default]
    After,
}

impl From<&Task> for TaskInput {
    fn from(row: &Task) -> Self {
        Self {
            title: row.title.clone(),
            description: row.description.clone(),
            project_id: Some(row.project_id),
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
