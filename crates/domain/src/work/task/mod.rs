//! Tasks: units of work, in a project or personal.
//!
//! Invariant: a user who sees the project of a task sees the task. A personal task has no project;
//! its owner, its assignee, managers and admins see it. A task in the trash keeps its row and is
//! absent to every query that does not ask for deleted tasks.
//!
//! This module knows nothing of HTTP. The rules of recurrence, order, subtasks, dependencies and
//! assignment are in the modules below.

mod assignment;
mod days;
mod dependency;
mod family;
#[cfg(fuzzing)]
pub mod fuzzing;
mod input;
mod local;
mod operations;
mod rank;
mod recurrence;
mod rule;
mod series;
mod tagged;

use futures::future::BoxFuture;
use sea_orm::{Condition, QuerySelect, QueryTrait, Value, entity::prelude::*, sea_query::SelectStatement};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use self::assignment::{assignees, clear_unseen_of, transfer};
use self::{assignment::Assignment, recurrence::Settings};
pub use self::{
    dependency::{TaskDependency, TaskDependencyInput},
    input::{MoveInput, Side, TaskInput},
    operations::{complete, deleted, in_project, move_to, purge, remove_project, reopen, restore},
    recurrence::RecurrenceMode,
};
pub use crate::work::priority::Priority;
use crate::{
    Context, Result, Scope, Timestamp, Tx,
    identity::user::User,
    kernel::{
        crud::{Editable, Reference},
        input::in_order,
        list::{self, Filter, Form, Sort},
        policy::{self, Action, Relation, Relations},
        repository::{
            Access, Birth, Blank, Container, Listed, Resource, Searched, Stored, Written, entity,
            json::AsJson, readable_ids, row::enumeration,
        },
    },
    work::{
        label::Label,
        project::{self, Project},
    },
};

/// The status of a task: `todo` and `in_progress` are open, `done` and `cancelled` are not.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    DeriveActiveEnum,
    EnumIter,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Not started.
    #[default]
    Todo,
    /// In progress.
    InProgress,
    /// Completed.
    Done,
    /// Abandoned.
    Cancelled,
}

entity! {
    /// A unit of work, in a project or personal.
    pub struct Task in "task", editable {
        /// The title, on one line.
        #[schema(example = "Write the release notes")]
        pub title: String,
        /// The description, or null.
        pub description: Option<String>,
        /// The id of the project of the task, or null for a personal task.
        pub project_id: Option<Uuid>,
        /// The id of the parent task, which is in the same project, or null if the task is not a
        /// subtask.
        pub parent_id: Option<Uuid>,
        /// The id of the user who owns the task: its creator, or the user to whom it was
        /// transferred. Null if a service account created it.
        pub owner_id: Option<Uuid>,
        /// The id of the user to whom the task is assigned, or null.
        pub assignee_id: Option<Uuid>,
        /// The status.
        pub status: TaskStatus,
        /// The priority.
        pub priority: Priority,
        /// The ids of the labels of the task.
        #[schema(value_type = Vec<Uuid>, max_items = 20)]
        pub label_ids: AsJson<Vec<Uuid>>,
        /// The planned start date and time (UTC), or null.
        pub start_at: Option<Timestamp>,
        /// The due date and time (UTC), or null.
        pub due_at: Option<Timestamp>,
        /// The estimated work in minutes, or null.
        #[schema(example = 90)]
        pub estimate_minutes: Option<i32>,
        /// The date and time (UTC) at which the task was completed, or null while it is not done.
        pub completed_at: Option<Timestamp>,
        /// The rule by which the task recurs (RFC 5545 section 3.3.10), or null. Completing the
        /// task creates the next task, which takes over the rule. A completed task therefore has no
        /// rule, also when it is reopened.
        #[schema(example = "FREQ=WEEKLY;BYDAY=MO")]
        pub recurrence: Option<String>,
        /// The date from which the next due date is computed.
        pub recurrence_mode: RecurrenceMode,
        /// Whether a month without the day in the rule uses its last day instead.
        pub month_end_clamp: bool,
        /// The intended local time of the start, where the clock shows another one: see [`local`].
        /// No response contains it.
        #[serde(skip)]
        pub start_local: Option<String>,
        /// The intended local time of the due date, likewise. No response contains it.
        #[serde(skip)]
        pub due_local: Option<String>,
        /// The position among the tasks of the project: a string that sorts by code point.
        pub rank: String,
        /// The date and time (UTC) at which the task was deleted. Null unless the task is in the
        /// trash.
        pub deleted_at: Option<Timestamp>,
    }
}

enumeration!(TaskStatus as String);

impl Resource for Task {
    const TYPE: policy::ResourceType = policy::ResourceType::Task;
    type Parent = ();
}

impl Access for Task {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        let user = scope.ctx().user();
        let mine = |id: Option<Uuid>| user.is_some() && user == id;
        let relations = project::relations_within(self.project_id, scope).await?;
        let (owner, assignee) = (mine(self.owner_id), mine(self.assignee_id));
        let personal = relations.has(Relation::Personal);
        let relations = relations.with(Relation::Owner, owner).with(Relation::Assignee, assignee);
        Ok(relations
            .with(Relation::PersonalOwner, personal && owner)
            .with(Relation::PersonalAssignee, personal && assignee))
    }

    fn affects_visibility(column: entity::Column) -> bool {
        use entity::Column;
        matches!(column, Column::ProjectId | Column::OwnerId | Column::AssigneeId)
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        use entity::Column;
        let user = ctx.user();
        let personal = || Condition::all().add(Column::ProjectId.is_null());
        Some(match relation {
            Relation::ProjectVisible => {
                Condition::all().add(Column::ProjectId.in_subquery(readable_ids::<Project>(ctx)))
            }
            Relation::Personal => personal(),
            Relation::PersonalOwner => personal().add(Column::OwnerId.eq(user?)),
            Relation::PersonalAssignee => personal().add(Column::AssigneeId.eq(user?)),
            _ => return None,
        })
    }

    async fn container(&self, _scope: &Scope) -> Result<Option<Container>> {
        Ok(self.project_id.map(project::container))
    }
}

impl Stored for Task {
    const BATCHED: bool = true;
    const HIDDEN: &'static [&'static str] = &["tenant_id", "start_local", "due_local"];

    fn follow_up<'a>(tx: &'a Tx, written: Written<'a, Self>) -> Option<BoxFuture<'a, Result<()>>> {
        let task = written.new?;
        Some(Box::pin(async move {
            tagged::keep(tx, written.old, task).await?;
            match written.old {
                Some(old) => family::follow(tx, old, task).await,
                None => Ok(()),
            }
        }))
    }

    fn searched(&self) -> Option<Searched<'_>> {
        Some(Searched {
            title: &self.title,
            body: self.description.as_deref(),
            more: [None; 2],
            project_id: self.project_id,
            task_id: None,
        })
    }

    fn is_removed(&self) -> bool {
        self.deleted_at.is_some()
    }

    fn not_removed() -> Option<Condition> {
        Some(Condition::all().add(entity::Column::DeletedAt.is_null()))
    }

    fn removed(self, at: Option<Timestamp>) -> Option<Self> {
        Some(Self { deleted_at: at, ..self })
    }
}

impl Listed for Task {
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        const STATUSES: &[&str] = &["todo", "in_progress", "done", "cancelled"];
        &[
            Filter { name: "status", form: Form::Words(STATUSES), column: Column::Status },
            Filter { name: "priority", form: Form::Ranks(Priority::WORDS), column: Column::Priority },
            Filter { name: "project", form: Form::Id, column: Column::ProjectId },
            Filter { name: "parent", form: Form::Id, column: Column::ParentId },
            Filter { name: "label", form: Form::Through(tagged::with), column: Column::Id },
            Filter { name: "owner", form: Form::Person, column: Column::OwnerId },
            Filter { name: "assignee", form: Form::Person, column: Column::AssigneeId },
            Filter { name: "start_at", form: Form::Timestamp, column: Column::StartAt },
            Filter { name: "due_at", form: Form::Timestamp, column: Column::DueAt },
            Filter { name: "completed_at", form: Form::Timestamp, column: Column::CompletedAt },
            Filter { name: "created_at", form: Form::Timestamp, column: Column::CreatedAt },
            Filter { name: "updated_at", form: Form::Timestamp, column: Column::UpdatedAt },
            Filter { name: "q", form: Form::FullText, column: Column::Id },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        use list::Key;
        &[
            Sort { name: "created_at", column: "id", key: |row| row.id.into() },
            Sort { name: "updated_at", column: "updated_at", key: |row| row.updated_at.into() },
            // A generated column: tasks without a due date come last.
            Sort {
                name: "due_at",
                column: "due_key",
                key: |row| Key::Number(row.due_at.map_or(i64::MAX, Timestamp::micros)),
            },
            Sort { name: "title", column: "title", key: |row| (&row.title).into() },
            Sort { name: "priority", column: "priority", key: |row| Key::Rank(row.priority as i16) },
            Sort { name: "rank", column: "rank", key: |row| (&row.rank).into() },
        ]
    }
}

/// Whether the caller sees a task, which may not be stored yet.
pub(crate) async fn is_seen(task: &Task, scope: &Scope) -> Result<bool> {
    Ok(!task.is_removed() && is_visible(scope, task.relations(scope, Action::Read).await?))
}

fn is_visible(scope: &Scope, relations: Relations) -> bool {
    policy::authorize_row(scope.ctx(), policy::ResourceType::Task, Action::Read, relations).is_ok()
}

/// The relations to a child of a task: whether the caller sees the task, and manages its project.
pub(crate) async fn relations_within(id: Uuid, scope: &Scope) -> Result<Relations> {
    let Some(task) = scope.find::<Task>(id, false).await?.filter(|task| !task.is_removed()) else {
        return Ok(Relations::default());
    };
    let relations = task.relations(scope, Action::Read).await?;
    let visible = is_visible(scope, relations);
    let manages = relations.has(Relation::ManagesProject);
    Ok(Relations::default().with(Relation::TaskVisible, visible).with(Relation::ManagesProject, manages))
}

/// The ids of the tasks in a project, or of the personal tasks.
pub(crate) fn ids_in(ctx: &Context, project: Option<Value>) -> SelectStatement {
    use entity::Column;
    let within = project.map_or_else(|| Column::ProjectId.is_null(), |project| Column::ProjectId.eq(project));
    ids_where(ctx, Condition::all().add(within))
}

/// The ids of the tasks in projects that a user manages.
pub(crate) fn managed_ids(ctx: &Context, user: Uuid) -> SelectStatement {
    let within = entity::Column::ProjectId.in_subquery(project::managed_ids(ctx, user));
    ids_where(ctx, Condition::all().add(within))
}

/// The project of a task, for the children of the task.
pub(crate) async fn container_of(id: Uuid, scope: &Scope) -> Result<Option<Container>> {
    let project = scope.find::<Task>(id, false).await?.and_then(|task| task.project_id);
    Ok(project.map(project::container))
}

/// The ids of the tasks that meet a condition.
pub(crate) fn ids_where(ctx: &Context, condition: Condition) -> SelectStatement {
    let own = entity::Column::TenantId.eq(ctx.tenant());
    let tasks = entity::Entity::find().select_only().column(entity::Column::Id);
    tasks.filter(own).filter(condition).into_query()
}

/// The tasks in the projects of a team.
pub(crate) fn of_team(ctx: &Context, team: Uuid) -> Condition {
    Condition::all().add(entity::Column::ProjectId.in_subquery(project::ids_of_team(ctx, team)))
}

/// The tasks of a project.
pub(crate) fn of_project(project: &Project) -> Condition {
    Condition::all().add(entity::Column::ProjectId.eq(project.id))
}

impl Editable for Task {
    type Input = TaskInput;
    const REFERENCES: &'static [Reference] = &[
        Reference::to::<Project>("project_id"),
        Reference::to::<Self>("parent_id"),
        Reference::to::<User>("assignee_id"),
        Reference::to::<Label>("label_ids"),
    ];

    fn blank(born: Birth, ctx: &Context, (): &()) -> Self {
        Self { owner_id: ctx.user(), rank: rank::last(born.id), ..Self::born(born) }
    }

    async fn apply(self, tx: &Tx, input: TaskInput) -> Result<Self> {
        let TaskInput {
            title,
            description,
            project_id,
            parent_id,
            assignee_id,
            status,
            priority,
            label_ids,
            start_at,
            due_at,
            estimate_minutes,
            recurrence,
            recurrence_mode,
            month_end_clamp,
        } = input;
        in_order(start_at, due_at, "due_at")?;
        let (given, wanted) = (project_id, project_id.flatten());
        if wanted != self.project_id {
            tx.refer::<Project>(wanted, "project_id").await?;
        }
        if parent_id.is_some() && parent_id != self.parent_id {
            // The right to delete the parent task includes the right to delete its subtasks.
            let relations = self.relations(tx, Action::Delete).await?;
            policy::authorize_row(tx.ctx(), Self::TYPE, Action::Delete, relations)?;
        }
        let project_id = family::project_of(tx, &self, parent_id, given).await?;
        if project_id != wanted {
            tx.refer::<Project>(project_id, "parent_id").await?;
        }
        // In a new project the task comes last, as after a move. A new task, which has no title
        // yet, comes last anyway.
        let mut rank = self.rank.clone();
        if project_id != self.project_id && !self.title.is_empty() {
            dependency::check_stays(tx, &self).await?;
            rank = rank::last(tx.birth().id);
        }
        tagged::refer(tx, &self.label_ids.0, &label_ids).await?;
        let settings = Settings { mode: recurrence_mode, clamp: month_end_clamp };
        let settings = settings.with(recurrence.as_deref(), Settings::of(&self))?;
        let clamp = settings.clamp;
        let is_same = (&recurrence, due_at, clamp) == (&self.recurrence, self.due_at, self.month_end_clamp);
        if !is_same {
            recurrence::check(tx, recurrence.as_deref(), due_at, clamp).await?;
        }
        let (was, id, assigned) = (self.status, self.id, Assignment::from(&self));
        let row = Self {
            title,
            description,
            project_id,
            parent_id,
            assignee_id,
            status: was,
            priority,
            label_ids: AsJson(label_ids),
            start_at,
            due_at,
            estimate_minutes,
            recurrence,
            recurrence_mode: settings.mode,
            month_end_clamp: clamp,
            rank,
            ..self
        };
        assignment::check(tx, assigned, &Self { status, ..row.clone() }).await?;
        if status == TaskStatus::Done && was != status {
            dependency::check_unblocked(tx, id).await?;
        }
        row.with_status(tx, status).await
    }
}

impl Task {
    /// Whether the task is open: neither done nor cancelled.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.status, TaskStatus::Todo | TaskStatus::InProgress)
    }

    /// The task with a status and the matching time of completion. A recurring task that becomes
    /// done passes its rule on to the next task.
    async fn with_status(self, tx: &Tx, status: TaskStatus) -> Result<Self> {
        let done = status == TaskStatus::Done;
        let completed_at = done.then(|| self.completed_at.unwrap_or(tx.now()));
        let row = Self { status, completed_at, ..self };
        if done && self.status != status { recurrence::hand_on(tx, row).await } else { Ok(row) }
    }
}
