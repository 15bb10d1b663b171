//! Projects: they contain tasks, documents and milestones.
//!
//! Invariant: a project without a team is visible to the whole tenant; its manager and every user
//! with the role manager manage it. A project of a team is visible to the members of the team. Its
//! manager and the manager of the team see and manage it. Admins see and manage all projects. An
//! archived project and its contents do not change.

mod milestone;

use garde::Validate;
use sea_orm::{Condition, QuerySelect, QueryTrait, entity::prelude::*, sea_query::SelectStatement};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::milestone::{Milestone, MilestoneInput};
use crate::{
    Context, Error, Result, Scope, Timestamp, Tx,
    identity::user::{self, User},
    kernel::{
        crud::{Editable, Reference, input},
        error::Kind,
        input::{Unchecked, in_order, one_line, trimmed},
        list::{self, Filter, Form, Sort},
        policy::{self, Action, Relation, Relations, Role},
        repository::{
            Access, Birth, Blank, Container, Delete, Evidence, Listed, Precondition, Resource, Searched,
            Stored, Update, entity, row::enumeration,
        },
    },
    work::{
        priority::Priority,
        team::{self, Team},
    },
};

/// The status of a project. An `archived` project and its contents are read-only until it has
/// another status. Two changes stay possible: stopping a timer, and deleting a task in the trash
/// permanently.
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
pub enum ProjectStatus {
    /// Not started.
    #[default]
    Planned,
    /// In progress.
    Active,
    /// Paused.
    OnHold,
    /// Finished.
    Completed,
    /// Read-only, with its contents, until the project has another status.
    Archived,
}

entity! {
    /// A project. A project without a team is visible to the whole organisation; its manager and
    /// every user with the role manager manage it. A project of a team is visible to the members of
    /// the team; its manager and the manager of the team manage it. Admins manage all projects.
    pub struct Project in "project", editable {
        /// The name, on one line.
        #[schema(example = "Website")]
        pub name: String,
        /// The description, or null.
        pub description: Option<String>,
        /// The scope of the project: the work that it includes and excludes. Null if it is not
        /// defined.
        pub scope: Option<String>,
        /// The objectives of the project, or null.
        pub objectives: Option<String>,
        /// The id of the user who manages the project, or null if nobody was named.
        pub manager_id: Option<Uuid>,
        /// The id of the team that the project belongs to, or null if it is shared with the whole
        /// organisation.
        pub team_id: Option<Uuid>,
        /// The status.
        pub status: ProjectStatus,
        /// The priority.
        pub priority: Priority,
        /// The planned start date and time (UTC), or null.
        pub start_at: Option<Timestamp>,
        /// The due date and time (UTC), or null.
        pub due_at: Option<Timestamp>,
    }
}

enumeration!(ProjectStatus as String);

/// Whether the caller sees a project, and whether they manage it.
async fn standing(project: &Project, scope: &Scope) -> Result<(bool, bool)> {
    let ctx = scope.ctx();
    let own = ctx.user().is_some_and(|user| project.manager_id == Some(user));
    let Some(team) = project.team_id else { return Ok((true, own || ctx.role() == Role::Manager)) };
    if own {
        return Ok((true, true));
    }
    let team = scope.find::<Team>(team, false).await?.ok_or(Kind::NotFound)?;
    let relations = team::relations_within(&team, scope).await?;
    let manages = relations.has(Relation::ManagesTeam);
    Ok((manages || relations.has(Relation::TeamMember), manages))
}

/// The relations to a child of a project: whether the caller sees the project, and manages it.
pub(crate) async fn relations_within(project: Option<Uuid>, scope: &Scope) -> Result<Relations> {
    let relations = Relations::default().with(Relation::Personal, project.is_none());
    // Admins need no relation to a project.
    let Some(id) = project.filter(|_| scope.ctx().role() != Role::Admin) else { return Ok(relations) };
    let Some(project) = scope.find::<Project>(id, false).await? else { return Ok(relations) };
    let (visible, manages) = standing(&project, scope).await?;
    Ok(relations.with(Relation::ProjectVisible, visible).with(Relation::ManagesProject, manages))
}

/// The projects that a caller other than an admin sees.
fn visible(ctx: &Context) -> Condition {
    use entity::Column;
    let shared = Condition::any().add(Column::TeamId.is_null());
    match ctx.user() {
        Some(user) => shared
            .add(Column::ManagerId.eq(user))
            .add(Column::TeamId.in_subquery(team::joined(ctx, user)))
            .add(Column::TeamId.in_subquery(team::managed(ctx, user))),
        None => shared,
    }
}

/// The ids of a team's projects.
pub(crate) fn ids_of_team(ctx: &Context, team: Uuid) -> SelectStatement {
    use entity::Column;
    let own = Condition::all().add(Column::TenantId.eq(ctx.tenant())).add(Column::TeamId.eq(team));
    entity::Entity::find().select_only().column(Column::Id).filter(own).into_query()
}

/// The ids of the projects that a user manages. Admins manage all projects and do not call this.
pub(crate) fn managed_ids(ctx: &Context, user: Uuid) -> SelectStatement {
    use entity::Column;
    let mut managed = Condition::any()
        .add(Column::ManagerId.eq(user))
        .add(Column::TeamId.in_subquery(team::managed(ctx, user)));
    if ctx.role() == Role::Manager {
        managed = managed.add(Column::TeamId.is_null());
    }
    let projects = entity::Entity::find().select_only().column(Column::Id);
    projects.filter(Column::TenantId.eq(ctx.tenant())).filter(managed).into_query()
}

impl Resource for Project {
    const TYPE: policy::ResourceType = policy::ResourceType::Project;
    type Parent = ();
}

impl Access for Project {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        let (visible, manages) = standing(self, scope).await?;
        Ok(Relations::default()
            .with(Relation::ProjectVisible, visible)
            .with(Relation::ManagesProject, manages))
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        (relation == Relation::ProjectVisible).then(|| visible(ctx))
    }
}

impl Stored for Project {
    const IN_USE: Option<&'static str> =
        Some("The project contains tasks or documents. Delete them, or move them to another project.");
    fn searched(&self) -> Option<Searched<'_>> {
        Some(Searched {
            title: &self.name,
            body: self.description.as_deref(),
            more: [self.scope.as_deref(), self.objectives.as_deref()],
            project_id: Some(self.id),
            task_id: None,
        })
    }
}

impl Listed for Project {
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        const STATUSES: &[&str] = &["planned", "active", "on_hold", "completed", "archived"];
        &[
            Filter { name: "status", form: Form::Words(STATUSES), column: Column::Status },
            Filter { name: "priority", form: Form::Ranks(Priority::WORDS), column: Column::Priority },
            Filter { name: "manager", form: Form::Person, column: Column::ManagerId },
            Filter { name: "team", form: Form::Id, column: Column::TeamId },
            Filter { name: "due_at", form: Form::Timestamp, column: Column::DueAt },
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
            Sort { name: "name", column: "name", key: |row| (&row.name).into() },
            Sort { name: "priority", column: "priority", key: |row| Key::Rank(row.priority as i16) },
        ]
    }
}

input! {
    /// The writable fields of a project.
    pub struct ProjectInput of Project {
        /// The name, on one line.
        #[serde(deserialize_with = "trimmed::<_, 200>")]
        #[garde(length(chars, min = 1, max = 200), custom(one_line))]
        #[schema(format = "line", min_length = 1, max_length = 200, example = "Website")]
        name: String,
        /// The description, or null.
        #[serde(default)]
        #[garde(length(chars, max = 20_000))]
        #[schema(max_length = 20_000)]
        description: Option<String>,
        /// The scope of the project: the work that it includes and excludes. Null if it is not
        /// defined.
        #[serde(default)]
        #[garde(length(chars, max = 20_000))]
        #[schema(max_length = 20_000, example = "All pages but the shop.")]
        scope: Option<String>,
        /// The objectives of the project, or null.
        #[serde(default)]
        #[garde(length(chars, max = 20_000))]
        #[schema(max_length = 20_000, example = "Twice as many visitors by June.")]
        objectives: Option<String>,
        /// The id of the active user who manages the project, or null. Default for a new project:
        /// the caller.
        #[serde(default)]
        #[garde(skip)]
        manager_id: Option<Uuid>,
        /// The id of a team that the caller manages (an admin may name any team). Null or absent to
        /// share the project with the whole organisation, which a manager or an admin may do.
        #[serde(default)]
        #[garde(skip)]
        team_id: Option<Uuid>,
        /// The status.
        #[serde(default)]
        #[garde(skip)]
        #[schema(default = "planned")]
        status: ProjectStatus,
        /// The priority.
        #[serde(default)]
        #[garde(skip)]
        #[schema(default = "medium")]
        priority: Priority,
        /// The planned start date and time (UTC), or null.
        #[serde(default)]
        #[garde(skip)]
        start_at: Option<Timestamp>,
        /// The due date and time (UTC), not before the start, or null.
        #[serde(default)]
        #[garde(skip)]
        due_at: Option<Timestamp>,
    }
}

/// The new status of a project.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectStatusInput {
    /// The new status. `archived` makes the project and its contents read-only.
    #[garde(skip)]
    status: ProjectStatus,
}

impl Editable for Project {
    type Input = ProjectInput;
    const REFERENCES: &'static [Reference] =
        &[Reference::to::<User>("manager_id"), Reference::to::<Team>("team_id")];

    fn blank(born: Birth, _ctx: &Context, (): &()) -> Self {
        Self::born(born)
    }

    /// The creator manages a new project that names no manager.
    fn complete(input: ProjectInput, ctx: &Context) -> ProjectInput {
        ProjectInput { manager_id: input.manager_id.or(ctx.user()), ..input }
    }

    async fn apply(self, tx: &Tx, input: ProjectInput) -> Result<Self> {
        in_order(input.start_at, input.due_at, "due_at")?;
        if input.team_id != self.team_id {
            may_place(tx, input.team_id).await?;
        }
        if input.manager_id != self.manager_id {
            user::refer_active(tx, input.manager_id, "manager_id").await?;
        }
        let before = (self.status == ProjectStatus::Archived).then(|| self.clone());
        let row = input.onto(self);
        match before {
            Some(before) if row.status == ProjectStatus::Archived && row != before => Err(archived()),
            _ => Ok(row),
        }
    }
}

/// The error of a change in an archived project.
fn archived() -> Error {
    let detail = "The project is archived. Give it another status before you change anything in it.";
    Error::with(Kind::Conflict, detail)
}

/// The project as the container of what lies in it.
pub(crate) fn container(id: Uuid) -> Container {
    Container { row: (Project::TYPE, id), ensure_open: |scope, id| Box::pin(ensure_not_archived(scope, id)) }
}

/// Refuses an archived project. Locks another one, so that it is not archived before the
/// transaction ends.
async fn ensure_not_archived(scope: &Scope, id: Uuid) -> Result<()> {
    match scope.hold::<Project>(id).await? {
        Some(project) if project.status == ProjectStatus::Archived => Err(archived()),
        _ => Ok(()),
    }
}

/// Refuses a team, or the whole tenant, to which the caller may not assign a project. A team
/// requires its manager; the whole tenant requires the role manager. The right to take the project
/// away from its present team was checked before.
async fn may_place(tx: &Tx, team: Option<Uuid>) -> Result<()> {
    let ctx = tx.ctx();
    let allowed = match tx.refer::<Team>(team, "team_id").await? {
        Some(team) => team.managed_by(ctx),
        None => ctx.role() == Role::Manager,
    };
    if allowed || ctx.role() == Role::Admin {
        Ok(())
    } else {
        let detail = "Only the manager of the team or an admin can give it a project. Only managers and admins \
                      can have a project without a team.";
        Err(Error::with(Kind::Forbidden, detail))
    }
}

/// A project that the caller may delete now.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Conflict` while it is archived, and those of the precondition.
pub(crate) async fn resolve_deletable(
    tx: &Tx,
    id: Uuid,
    pre: &Precondition,
) -> Result<Evidence<Project, Delete>> {
    let seen = tx.resolve::<Project, _>(id, Delete).await?;
    tx.check(pre, seen.row().version).await?;
    if seen.row().status == ProjectStatus::Archived {
        return Err(archived());
    }
    Ok(seen)
}

/// Changes only the status of a project.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`, and those of the precondition.
pub async fn set_status(
    tx: &Tx,
    id: Uuid,
    body: &Unchecked<ProjectStatusInput>,
    pre: &Precondition,
) -> Result<Project> {
    let seen = tx.resolve::<Project, _>(id, Update).await?;
    let ProjectStatusInput { status } = body.check_over(&ProjectStatusInput { status: seen.row().status })?;
    let row = Project { status, ..seen.row().clone() };
    tx.update(seen, row, pre).await
}
