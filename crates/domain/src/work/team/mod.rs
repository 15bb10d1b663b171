//! Teams: users who work together, and who alone see the projects of the team.
//!
//! Invariant: what a team gives access to follows from its members at the time of the request.
//! Nothing is copied to users or projects, so joining and leaving take effect at once.

pub(crate) mod member;

use sea_orm::{Condition, QuerySelect, QueryTrait, entity::prelude::*, sea_query::SelectStatement};

pub(crate) use self::member::joined;
pub use self::member::{TeamMember, TeamMemberInput};
use crate::{
    Context, Result, Scope, Tx,
    identity::user::{self, User},
    kernel::{
        crud::{Editable, Reference, input},
        input::{name_key, one_line, trimmed},
        list::{Filter, Form, Sort},
        policy::{self, Action, Relation, Relations},
        repository::{Access, Birth, Blank, Listed, Resource, Searched, Stored, Unique, entity},
    },
};

entity! {
    /// A group of users who work together. The projects of a team are visible to its members and
    /// its manager, and to admins.
    pub struct Team in "team", editable {
        /// The name, on one line, unique in the organisation. Names that differ only in letter case
        /// or in repeated spaces count as equal.
        #[schema(example = "Design")]
        pub name: String,
        /// The description, or null.
        pub description: Option<String>,
        /// The goals of the team, or null.
        pub goals: Option<String>,
        /// The id of the user who manages the team, or null if nobody was named. The manager need
        /// not be a member.
        pub manager_id: Option<Uuid>,
        /// The key by which names are compared. No response contains it.
        #[serde(skip)]
        pub name_key: String,
    }
}

impl Team {
    /// Whether the caller manages the team.
    pub(crate) fn managed_by(&self, ctx: &Context) -> bool {
        ctx.user().is_some_and(|user| self.manager_id == Some(user))
    }
}

/// The relations to a team and to its children.
pub(crate) async fn relations_within(team: &Team, scope: &Scope) -> Result<Relations> {
    let manages = team.managed_by(scope.ctx());
    // The manager sees the team anyway, so their membership need not be looked up.
    let member = !manages && member::is_one(team.id, scope).await?;
    Ok(Relations::default().with(Relation::ManagesTeam, manages).with(Relation::TeamMember, member))
}

/// The ids of the teams that a user manages.
pub(crate) fn managed(ctx: &Context, user: Uuid) -> SelectStatement {
    use entity::Column;
    let own = Condition::all().add(Column::TenantId.eq(ctx.tenant())).add(Column::ManagerId.eq(user));
    entity::Entity::find().select_only().column(Column::Id).filter(own).into_query()
}

impl Resource for Team {
    const TYPE: policy::ResourceType = policy::ResourceType::Team;
    type Parent = ();
}

impl Access for Team {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        relations_within(self, scope).await
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        let user = ctx.user()?;
        let condition = match relation {
            Relation::ManagesTeam => entity::Column::ManagerId.eq(user),
            Relation::TeamMember => entity::Column::Id.in_subquery(joined(ctx, user)),
            _ => return None,
        };
        Some(Condition::all().add(condition))
    }
}

impl Stored for Team {
    const HIDDEN: &'static [&'static str] = &["tenant_id", "name_key"];
    const IN_USE: Option<&'static str> =
        Some("The team has projects. Delete them, or give them another team.");

    fn derived(self) -> Self {
        Self { name_key: name_key::<200>(&self.name, &self.name_key, self.id), ..self }
    }

    fn searched(&self) -> Option<Searched<'_>> {
        Some(Searched {
            title: &self.name,
            body: self.description.as_deref(),
            more: [self.goals.as_deref(), None],
            project_id: None,
            task_id: None,
        })
    }

    fn uniques() -> &'static [Unique] {
        &[Unique { index: "team_folded_key", columns: "team.name_key", field: "name" }]
    }
}

impl Listed for Team {
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "manager", form: Form::Person, column: Column::ManagerId },
            Filter { name: "name", form: Form::Text, column: Column::Name },
            Filter { name: "created_at", form: Form::Timestamp, column: Column::CreatedAt },
            Filter { name: "q", form: Form::FullText, column: Column::Id },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[
            Sort { name: "created_at", column: "id", key: |row| row.id.into() },
            Sort { name: "name", column: "name", key: |row| (&row.name).into() },
        ]
    }
}

input! {
    /// The writable fields of a team.
    pub struct TeamInput of Team {
        /// The name, on one line, unique in the organisation. Names that differ only in letter case
        /// or in repeated spaces count as equal.
        #[serde(deserialize_with = "trimmed::<_, 200>")]
        #[garde(length(chars, min = 1, max = 200), custom(one_line))]
        #[schema(format = "line", min_length = 1, max_length = 200, example = "Design")]
        name: String,
        /// The description, or null.
        #[serde(default)]
        #[garde(length(chars, max = 20_000))]
        #[schema(max_length = 20_000)]
        description: Option<String>,
        /// The goals of the team, or null.
        #[serde(default)]
        #[garde(length(chars, max = 20_000))]
        #[schema(max_length = 20_000, example = "One look for all products by June.")]
        goals: Option<String>,
        /// The id of the active user who manages the team, or null. Default for a new team: the
        /// caller.
        #[serde(default)]
        #[garde(skip)]
        manager_id: Option<Uuid>,
    }
}

impl Editable for Team {
    type Input = TeamInput;
    const REFERENCES: &'static [Reference] = &[Reference::to::<User>("manager_id")];

    fn blank(born: Birth, _ctx: &Context, (): &()) -> Self {
        Self::born(born)
    }

    /// The creator manages a new team that names no manager.
    fn complete(input: TeamInput, ctx: &Context) -> TeamInput {
        TeamInput { manager_id: input.manager_id.or(ctx.user()), ..input }
    }

    async fn apply(self, tx: &Tx, input: TeamInput) -> Result<Self> {
        if input.manager_id != self.manager_id {
            user::refer_active(tx, input.manager_id, "manager_id").await?;
        }
        Ok(input.onto(self))
    }
}
