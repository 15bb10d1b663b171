//! Teams: people who work together, and whose projects only they see.
//!
//! Invariant: what a team shows follows from its members at the moment of asking: nothing is copied to users or projects, so joining and leaving
//! take effect at once.

pub(crate) mod member;

use sea_orm::{Condition, QuerySelect, QueryTrait, entity::prelude::*, sea_query::SelectStatement};

pub(crate) use self::member::joined;
pub use self::member::{TeamMember, TeamMemberInput};
use crate::{
    Context, Result, Scope, Tx,
    edit::{Editable, Reference, input},
    input::{name_key, one_line, trimmed},
    list::{Filter, Form, Sort},
    policy::{self, Action, Fact, Facts},
    store::{Noun, Searched, Unique, entity},
    user::{self, User},
};

entity! {
    /// People who work together.
    pub struct Team in "team", editable {
        /// Unique in the tenant, whatever its letters' case and blanks.
        #[schema(example = "Design")]
        pub name: String,
        pub description: Option<String>,
        /// What the team wants to reach.
        pub goals: Option<String>,
        /// The user who manages it; null when a service made it.
        pub manager_id: Option<Uuid>,
        /// By which names are compared. Never shown.
        #[serde(skip)]
        pub name_key: String,
    }
}

impl Team {
    /// Whether the caller is the team's manager.
    pub(crate) fn managed_by(&self, ctx: &Context) -> bool {
        ctx.user().is_some_and(|user| self.manager_id == Some(user))
    }
}

/// The facts about what lies in a team.
pub(crate) async fn facts_within(team: &Team, scope: &Scope) -> Result<Facts> {
    let manages = team.managed_by(scope.ctx());
    // A manager sees the team whether or not they are one of its members.
    let member = !manages && member::is_one(team.id, scope).await?;
    Ok(Facts::default().with(Fact::ManagesTeam, manages).with(Fact::TeamMember, member))
}

/// The ids of the teams that a user manages.
pub(crate) fn managed(ctx: &Context, user: Uuid) -> SelectStatement {
    use entity::Column;
    let own = Condition::all().add(Column::TenantId.eq(ctx.tenant())).add(Column::ManagerId.eq(user));
    entity::Entity::find().select_only().column(Column::Id).filter(own).into_query()
}

impl Noun for Team {
    const NOUN: policy::Noun = policy::Noun::Team;
    type Item = Self;

    const HIDDEN: &'static [&'static str] = &["tenant_id", "name_key"];

    fn derived(self) -> Self {
        Self { name_key: name_key::<200>(&self.name, &self.name_key, self.id), ..self }
    }

    async fn facts(&self, scope: &Scope, _action: Action) -> Result<Facts> {
        facts_within(self, scope).await
    }

    fn holds(fact: Fact, ctx: &Context) -> Option<Condition> {
        let user = ctx.user()?;
        let condition = match fact {
            Fact::ManagesTeam => entity::Column::ManagerId.eq(user),
            Fact::TeamMember => entity::Column::Id.in_subquery(joined(ctx, user)),
            _ => return None,
        };
        Some(Condition::all().add(condition))
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

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "manager", form: Form::Person, column: Column::ManagerId },
            Filter { name: "name", form: Form::Text, column: Column::Name },
            Filter { name: "created_at", form: Form::Instant, column: Column::CreatedAt },
            Filter { name: "q", form: Form::FullText, column: Column::Id },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[
            Sort { name: "created_at", column: "id", key: |row| row.id.into() },
            Sort { name: "name", column: "name", key: |row| (&row.name).into() },
        ]
    }

    fn uniques() -> &'static [Unique] {
        &[Unique { index: "team_folded_key", columns: "team.name_key", field: "name" }]
    }
}

input! {
    /// What can be written of a team.
    pub struct TeamInput of Team {
        /// Unique in the tenant, whatever its letters' case and blanks.
        #[serde(deserialize_with = "trimmed::<_, 200>")]
        #[garde(length(chars, min = 1, max = 200), custom(one_line))]
        #[schema(format = "line", min_length = 1, max_length = 200, example = "Design")]
        name: String,
        #[serde(default)]
        #[garde(length(chars, max = 20_000))]
        #[schema(max_length = 20_000)]
        description: Option<String>,
        /// What the team wants to reach.
        #[serde(default)]
        #[garde(length(chars, max = 20_000))]
        #[schema(max_length = 20_000, example = "One look for all products by June.")]
        goals: Option<String>,
        /// An active user; the caller, when it is absent from a new team.
        #[serde(default)]
        #[garde(skip)]
        manager_id: Option<Uuid>,
    }
}

impl Editable for Team {
    type Input = TeamInput;
    const REFERENCES: &'static [Reference] = &[Reference::to::<User>("manager_id")];

    /// A team that names no manager is its maker's.
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
