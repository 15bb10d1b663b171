//! Teams: people who work together, and whose projects only they see.
//!
//! Invariant: what a team shows follows from its members at the moment of asking: nothing is copied to users or projects, so joining and leaving
//! take effect at once.

pub(crate) mod member;

use garde::Validate;
use sea_orm::{Condition, QuerySelect, QueryTrait, entity::prelude::*, sea_query::SelectStatement};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use self::member::joined;
pub use self::member::{TeamMember, TeamMemberInput};
use crate::{
    Context, Instant, Result, Scope, Tx,
    edit::Editable,
    input::{one_line, trimmed},
    list::{self, Filter, Form, Sort},
    policy::{self, Action, Fact, Facts},
    store::{
        Birth, Noun,
        noun::{ColumnOf, Unique, owned},
        row::positions,
    },
    user::User,
};

pub(crate) mod entity {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::wildcard_imports,
        reason = "written for and by sea-orm's derive"
    )]
    use super::*;

    /// People who work together.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, ToSchema)]
    #[sea_orm(table_name = "team")]
    #[schema(as = Team)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[serde(skip)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Unique in the tenant.
        #[schema(example = "Design")]
        pub name: String,
        pub description: Option<String>,
        /// What the team wants to reach.
        pub goals: Option<String>,
        /// The user who manages it; null when a service made it.
        pub manager_id: Option<Uuid>,
        pub created_at: Instant,
        pub updated_at: Instant,
        pub version: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub use entity::Model as Team;

owned!(Team, entity);
positions!(Team { tenant_id, id, name, description, goals, manager_id, created_at, updated_at, version });

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

    fn item_columns() -> Vec<ColumnOf<Self>> {
        list::whole::<Self>()
    }

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "manager", form: Form::Person, column: Column::ManagerId },
            Filter { name: "name", form: Form::Text, column: Column::Name },
            Filter { name: "created_at", form: Form::Instant, column: Column::CreatedAt },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        use list::Key;
        &[
            Sort { name: "created_at", column: "id", key: |row| Key::Id(row.id) },
            Sort { name: "name", column: "name", key: |row| Key::Text(row.name.clone()) },
        ]
    }

    fn uniques() -> &'static [Unique] {
        &[Unique { index: "team_name_key", columns: "team.name", field: "name" }]
    }
}

/// What can be written of a team.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamInput {
    /// Unique in the tenant.
    #[serde(deserialize_with = "trimmed")]
    #[garde(length(chars, min = 1, max = 200), custom(one_line))]
    #[schema(min_length = 1, max_length = 200, example = "Design")]
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
    /// A user of the tenant; the caller, when it is absent from a new team.
    #[serde(default)]
    #[garde(skip)]
    manager_id: Option<Uuid>,
}

impl From<&Team> for TeamInput {
    fn from(row: &Team) -> Self {
        Self {
            name: row.name.clone(),
            description: row.description.clone(),
            goals: row.goals.clone(),
            manager_id: row.manager_id,
        }
    }
}

impl Editable for Team {
    type Input = TeamInput;

    fn blank(born: Birth, _ctx: &Context) -> Self {
        Self {
            tenant_id: born.tenant,
            id: born.id,
            name: String::new(),
            description: None,
            goals: None,
            manager_id: None,
            created_at: born.at,
            updated_at: born.at,
            version: 1,
        }
    }

    /// A team that names no manager is its maker's.
    fn complete(input: TeamInput, ctx: &Context) -> TeamInput {
        TeamInput { manager_id: input.manager_id.or(ctx.user()), ..input }
    }

    async fn apply(self, tx: &Tx, input: TeamInput) -> Result<Self> {
        let TeamInput { name, description, goals, manager_id } = input;
        if manager_id != self.manager_id {
            tx.refer::<User>(manager_id, "manager_id").await?;
        }
        Ok(Self { name, description, goals, manager_id, ..self })
    }
}
