//! Milestones: goals of a project with a due date.
//!
//! Invariant: a milestone is visible to the users who see its project, and is changed by those who
//! manage it.

use garde::Validate;
use sea_orm::{Condition, entity::prelude::*};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Project, relations_within};
use crate::{
    Context, Result, Scope, Timestamp, Tx,
    kernel::{
        crud::Editable,
        input::{one_line, trimmed},
        list::{self, Filter, Form, Sort},
        policy::{self, Action, Relation, Relations},
        repository::{
            Access, Birth, Blank, Child, Container, Listed, Resource, Stored, entity, readable_ids,
        },
    },
};

entity! {
    /// A goal of a project, with an optional due date.
    pub struct Milestone in "milestone", editable {
        /// The id of the project of the milestone.
        pub project_id: Uuid,
        /// The name, on one line.
        #[schema(example = "First release")]
        pub name: String,
        /// The description, or null.
        pub description: Option<String>,
        /// The due date and time (UTC), or null.
        pub due_at: Option<Timestamp>,
        /// The date and time (UTC) at which the milestone was marked as reached, or null while it
        /// is not.
        pub reached_at: Option<Timestamp>,
    }
}

impl Resource for Milestone {
    const TYPE: policy::ResourceType = policy::ResourceType::Milestone;
    type Parent = Project;
}

impl Access for Milestone {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        relations_within(Some(self.project_id), scope).await
    }

    fn lies_in(&self) -> Option<Uuid> {
        Some(self.project_id)
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        let visible = || entity::Column::ProjectId.in_subquery(readable_ids::<Project>(ctx));
        (relation == Relation::ProjectVisible).then(|| Condition::all().add(visible()))
    }

    async fn container(&self, _scope: &Scope) -> Result<Option<Container>> {
        Ok(Some(super::container(self.project_id)))
    }
}

impl Stored for Milestone {}

impl Listed for Milestone {
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "due_at", form: Form::Timestamp, column: Column::DueAt },
            Filter { name: "reached_at", form: Form::Timestamp, column: Column::ReachedAt },
            Filter { name: "created_at", form: Form::Timestamp, column: Column::CreatedAt },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        use list::Key;
        &[
            Sort { name: "created_at", column: "id", key: |row| row.id.into() },
            // A generated column: milestones without a due date come last.
            Sort {
                name: "due_at",
                column: "due_key",
                key: |row| Key::Number(row.due_at.map_or(i64::MAX, Timestamp::micros)),
            },
            Sort { name: "name", column: "name", key: |row| (&row.name).into() },
        ]
    }
}

impl Child for Milestone {
    const COLLECTION: &'static str = "milestones";

    fn parent(&self) -> Uuid {
        self.project_id
    }

    fn within(project: &Project) -> Condition {
        Condition::all().add(entity::Column::ProjectId.eq(project.id))
    }
}

/// The writable fields of a milestone.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MilestoneInput {
    /// The name, on one line.
    #[serde(deserialize_with = "trimmed::<_, 200>")]
    #[garde(length(chars, min = 1, max = 200), custom(one_line))]
    #[schema(format = "line", min_length = 1, max_length = 200, example = "First release")]
    name: String,
    /// The description, or null.
    #[serde(default)]
    #[garde(length(chars, max = 20_000))]
    #[schema(max_length = 20_000)]
    description: Option<String>,
    /// The due date and time (UTC), or null.
    #[serde(default)]
    #[garde(skip)]
    due_at: Option<Timestamp>,
    /// Whether the milestone is reached. The first `true` sets `reached_at` to the current time;
    /// `false` clears it.
    #[serde(default)]
    #[garde(skip)]
    #[schema(default = false)]
    reached: bool,
}

impl From<&Milestone> for MilestoneInput {
    fn from(row: &Milestone) -> Self {
        Self {
            name: row.name.clone(),
            description: row.description.clone(),
            due_at: row.due_at,
            reached: row.reached_at.is_some(),
        }
    }
}

impl Editable for Milestone {
    type Input = MilestoneInput;

    fn blank(born: Birth, _ctx: &Context, project: &Project) -> Self {
        Self { project_id: project.id, ..Self::born(born) }
    }

    async fn apply(self, tx: &Tx, input: MilestoneInput) -> Result<Self> {
        let MilestoneInput { name, description, due_at, reached } = input;
        let reached_at = reached.then(|| self.reached_at.unwrap_or(tx.now()));
        Ok(Self { name, description, due_at, reached_at, ..self })
    }
}
