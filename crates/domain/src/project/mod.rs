//! Projects: what tasks and documents belong to. One of no team is shared with the whole tenant, and managed by its manager and by those with
//! the role of one; a team's is seen by its members, and managed by its manager and the team's.

mod milestone;

use garde::Validate;
use sea_orm::{Condition, QuerySelect, QueryTrait, entity::prelude::*, sea_query::SelectStatement};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::milestone::{Milestone, MilestoneInput};
use crate::{
    Context, Error, Instant, Result, Scope, Tx,
    edit::{Editable, Reference, input},
    error::Kind,
    input::{Unchecked, in_order, one_line, trimmed},
    list::{self, Filter, Form, Sort},
    policy::{self, Action, Fact, Facts, Role},
    priority::Priority,
    store::{Container, Delete, Evidence, Noun, Precondition, Searched, Update, entity, row::enumeration},
    team::{self, Team},
    user::{self, User},
};

/// Where a project stands.
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
    /// Not begun.
    #[default]
    Planned,
    /// Under way.
    Active,
    /// Waiting.
    OnHold,
    /// Done.
    Completed,
    /// Put away: nothing in it can be changed until it has another status.
    Archived,
}

entity! {
    /// What tasks and documents belong to.
    pub struct Project in "project", editable {
        #[schema(example = "Website")]
        pub name: String,
        pub description: Option<String>,
        /// What belongs to it, and what does not.
        pub scope: Option<String>,
        /// What it is to achieve.
        pub objectives: Option<String>,
        /// The user who manages it; null when a service made it.
        pub manager_id: Option<Uuid>,
        /// The team that it belongs to; null: the whole tenant.
        pub team_id: Option<Uuid>,
        pub status: ProjectStatus,
        pub priority: Priority,
        pub start_at: Option<Instant>,
        pub due_at: Option<Instant>,
    }
}

enumeration!(ProjectStatus as String);

/// Whether the caller sees a project, and manages it.
async fn standing(project: &Project, scope: &Scope) -> Result<(bool, bool)> {
    let ctx = scope.ctx();
    let own = ctx.user().is_some_and(|user| project.manager_id == Some(user));
    let Some(team) = project.team_id else { return Ok((true, own || ctx.role() == Role::Manager)) };
    if own {
        return Ok((true, true));
    }
    let team = scope.find::<Team>(team, false).await?.ok_or(Kind::NotFound)?;
    let facts = team::facts_within(&team, scope).await?;
    let manages = facts.has(Fact::ManagesTeam);
    Ok((manages || facts.has(Fact::TeamMember), manages))
}

/// The facts about what lies in a project: whether the caller sees it and manages it.
pub(crate) async fn facts_within(project: Option<Uuid>, scope: &Scope) -> Result<Facts> {
    let facts = Facts::default().with(Fact::Personal, project.is_none());
    // To admins nobody asks.
    let Some(id) = project.filter(|_| scope.ctx().role() != Role::Admin) else { return Ok(facts) };
    let Some(project) = scope.find::<Project>(id, false).await? else { return Ok(facts) };
    let (visible, manages) = standing(&project, scope).await?;
    Ok(facts.with(Fact::ProjectVisible, visible).with(Fact::ManagesProject, manages))
}

/// The projects that a caller sees who is no admin.
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

/// The ids of the projects that a user manages with a role, but for an admin's, who manages all.
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

impl Noun for Project {
    const NOUN: policy::Noun = policy::Noun::Project;
    type Item = Self;

    async fn facts(&self, scope: &Scope, _action: Action) -> Result<Facts> {
        let (visible, manages) = standing(self, scope).await?;
        Ok(Facts::default().with(Fact::ProjectVisible, visible).with(Fact::ManagesProject, manages))
    }

    fn holds(fact: Fact, ctx: &Context) -> Option<Condition> {
        (fact == Fact::ProjectVisible).then(|| visible(ctx))
    }

    fn searched(&self) -> Option<Searched<'_>> {
        Some(Searched {
            title: &self.name,
            body: self.description.as_deref(),
            more: [self.scope.as_deref(), self.objectives.as_deref()],
            project_id: Some(self.id),
            task_id: None,
        })
    }

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        const STATUSES: &[&str] = &["planned", "active", "on_hold", "completed", "archived"];
        &[
            Filter { name: "status", form: Form::Words(STATUSES), column: Column::Status },
            Filter { name: "priority", form: Form::Ranks(Priority::WORDS), column: Column::Priority },
            Filter { name: "manager", form: Form::Person, column: Column::ManagerId },
            Filter { name: "team", form: Form::Id, column: Column::TeamId },
            Filter { name: "due_at", form: Form::Instant, column: Column::DueAt },
            Filter { name: "created_at", form: Form::Instant, column: Column::CreatedAt },
            Filter { name: "updated_at", form: Form::Instant, column: Column::UpdatedAt },
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
    /// What can be written of a project.
    pub struct ProjectInput of Project {
        #[serde(deserialize_with = "trimmed::<_, 200>")]
        #[garde(length(chars, min = 1, max = 200), custom(one_line))]
        #[schema(format = "line", min_length = 1, max_length = 200, example = "Website")]
        name: String,
        #[serde(default)]
        #[garde(length(chars, max = 20_000))]
        #[schema(max_length = 20_000)]
        description: Option<String>,
        /// What belongs to it, and what does not.
        #[serde(default)]
        #[garde(length(chars, max = 20_000))]
        #[schema(max_length = 20_000, example = "All pages but the shop.")]
        scope: Option<String>,
        /// What it is to achieve.
        #[serde(default)]
        #[garde(length(chars, max = 20_000))]
        #[schema(max_length = 20_000, example = "Twice as many visitors by June.")]
        objectives: Option<String>,
        /// An active user; the caller, when it is absent from a new project.
        #[serde(default)]
        #[garde(skip)]
        manager_id: Option<Uuid>,
        /// A team that the caller manages; absent or null: the whole tenant.
        #[serde(default)]
        #[garde(skip)]
        team_id: Option<Uuid>,
        #[serde(default)]
        #[garde(skip)]
        #[schema(default = "planned")]
        status: ProjectStatus,
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
    }
}

/// A project's new status.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectStatusInput {
    #[garde(skip)]
    status: ProjectStatus,
}

impl Editable for Project {
    type Input = ProjectInput;
    const REFERENCES: &'static [Reference] =
        &[Reference::to::<User>("manager_id"), Reference::to::<Team>("team_id")];

    /// A project that names no manager is its maker's.
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

/// What is archived stays as it is.
fn archived() -> Error {
    let detail = "The project is archived: before anything in it can be changed, it needs another status.";
    Error::with(Kind::Conflict, detail)
}

/// The project as the container of what lies in it.
pub(crate) fn container(id: Uuid) -> Container {
    Container { row: (Project::NOUN, id), ensure_open: |scope, id| Box::pin(ensure_not_archived(scope, id)) }
}

/// Refuses a project that is archived, and keeps one that is not from being archived before the transaction ends.
async fn ensure_not_archived(scope: &Scope, id: Uuid) -> Result<()> {
    match scope.hold::<Project>(id).await? {
        Some(project) if project.status == ProjectStatus::Archived => Err(archived()),
        _ => Ok(()),
    }
}

/// Whether the caller may put a project there: into a team as its manager, and before the whole tenant with the role of one. That they may take it
/// away from where it is was judged before.
async fn may_place(tx: &Tx, team: Option<Uuid>) -> Result<()> {
    let ctx = tx.ctx();
    let allowed = match tx.refer::<Team>(team, "team_id").await? {
        Some(team) => team.managed_by(ctx),
        None => ctx.role() == Role::Manager,
    };
    if allowed || ctx.role() == Role::Admin {
        Ok(())
    } else {
        Err(Error::with(Kind::Forbidden, "You may not put a project there."))
    }
}

/// A project that the caller may delete now: it is not archived.
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

/// Changes a project's status alone.
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
