//! A team's members, each with a role in it.

use garde::Validate;
use sea_orm::{Condition, QuerySelect, QueryTrait, entity::prelude::*, sea_query::SelectStatement};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Team, facts_within};
use crate::{
    Context, Instant, Result, Scope, Tx,
    edit::{Child, EditableChild},
    error::Kind,
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

    /// A user in a team.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, ToSchema)]
    #[sea_orm(table_name = "team_member")]
    #[schema(as = TeamMember)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[serde(skip)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub team_id: Uuid,
        /// Once in a team.
        pub user_id: Uuid,
        /// The user's part in the team; it gives no rights.
        #[schema(example = "Illustrator")]
        pub role: String,
        pub created_at: Instant,
        pub updated_at: Instant,
        pub version: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub use entity::Model as TeamMember;

owned!(TeamMember, entity);
positions!(TeamMember { tenant_id, id, team_id, user_id, role, created_at, updated_at, version });

/// Whether the caller is a member of a team.
pub(super) async fn is_one(team: Uuid, scope: &Scope) -> Result<bool> {
    let Some(user) = scope.ctx().user() else { return Ok(false) };
    let own = Condition::all().add(entity::Column::TeamId.eq(team)).add(entity::Column::UserId.eq(user));
    Ok(scope.count::<TeamMember>(scope.owned::<TeamMember>().filter(own)).await? > 0)
}

/// The ids of the teams that a user is a member of.
pub(crate) fn joined(ctx: &Context, user: Uuid) -> SelectStatement {
    use entity::Column;
    let own = Condition::all().add(Column::TenantId.eq(ctx.tenant())).add(Column::UserId.eq(user));
    entity::Entity::find().select_only().column(Column::TeamId).filter(own).into_query()
}

impl Noun for TeamMember {
    const NOUN: policy::Noun = policy::Noun::TeamMember;
    type Item = Self;

    async fn facts(&self, scope: &Scope, _action: Action) -> Result<Facts> {
        let team = scope.find::<Team>(self.team_id, false).await?.ok_or(Kind::NotFound)?;
        facts_within(&team, scope).await
    }

    fn holds(fact: Fact, ctx: &Context) -> Option<Condition> {
        let user = ctx.user()?;
        let teams = match fact {
            Fact::ManagesTeam => super::managed(ctx, user),
            Fact::TeamMember => joined(ctx, user),
            _ => return None,
        };
        Some(Condition::all().add(entity::Column::TeamId.in_subquery(teams)))
    }

    fn item_columns() -> Vec<ColumnOf<Self>> {
        list::whole::<Self>()
    }

    fn filters() -> &'static [Filter<Self>] {
        &[Filter { name: "user", form: Form::Person, column: entity::Column::UserId }]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "created_at", column: "id", key: |row| list::Key::Id(row.id) }]
    }

    fn uniques() -> &'static [Unique] {
        &[Unique {
            index: "team_member_key",
            columns: "team_member.team_id, team_member.user_id",
            field: "user_id",
        }]
    }
}

impl Child for TeamMember {
    type Parent = Team;
    const COLLECTION: &'static str = "members";

    fn parent(&self) -> Uuid {
        self.team_id
    }

    fn within(team: &Team) -> Condition {
        Condition::all().add(entity::Column::TeamId.eq(team.id))
    }
}

/// What can be written of a member.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamMemberInput {
    /// A user of the tenant, once in a team.
    #[garde(skip)]
    user_id: Uuid,
    /// The user's part in the team; it gives no rights.
    #[serde(default, deserialize_with = "trimmed")]
    #[garde(length(chars, max = 100), custom(one_line))]
    #[schema(max_length = 100, example = "Illustrator")]
    role: String,
}

impl From<&TeamMember> for TeamMemberInput {
    fn from(row: &TeamMember) -> Self {
        Self { user_id: row.user_id, role: row.role.clone() }
    }
}

impl EditableChild for TeamMember {
    type Input = TeamMemberInput;

    fn blank(born: Birth, _ctx: &Context, team: &Team) -> Self {
        Self {
            tenant_id: born.tenant,
            id: born.id,
            team_id: team.id,
            user_id: Uuid::nil(),
            role: String::new(),
            created_at: born.at,
            updated_at: born.at,
            version: 1,
        }
    }

    async fn apply(self, tx: &Tx, input: TeamMemberInput) -> Result<Self> {
        let TeamMemberInput { user_id, role } = input;
        // A new row's user is nil, which no user is.
        if user_id != self.user_id {
            tx.refer::<User>(Some(user_id), "user_id").await?;
        }
        Ok(Self { user_id, role, ..self })
    }
}
