//! The members of teams.
//!
//! Invariant: a membership is the only thing that gives a member access to the projects of the
//! team. When it ends, the user is removed from the open tasks that they can no longer see, in the
//! same transaction.

use sea_orm::{Condition, QuerySelect, QueryTrait, entity::prelude::*, sea_query::SelectStatement};

use super::{Team, relations_within};
use crate::{
    Context, Result, Scope, Tx,
    identity::user::{self, User},
    kernel::{
        crud::{Editable, input},
        error::Kind,
        input::{one_line, trimmed},
        list::{Filter, Form, Sort},
        policy::{self, Action, Relation, Relations},
        repository::{Access, BelongsTo, Birth, Blank, Child, Listed, Resource, Stored, Unique, entity},
    },
};

entity! {
    /// The membership of a user in a team.
    pub struct TeamMember in "team_member", editable {
        /// The id of the team.
        pub team_id: Uuid,
        /// The id of the user, who has one membership in the team.
        pub user_id: Uuid,
        /// The function of the user in the team. It grants no permissions.
        #[schema(example = "Illustrator")]
        pub role: String,
    }
}

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

impl Resource for TeamMember {
    const TYPE: policy::ResourceType = policy::ResourceType::TeamMember;
    type Parent = Team;
}

impl Access for TeamMember {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        let team = scope.find::<Team>(self.team_id, false).await?.ok_or(Kind::NotFound)?;
        let own = scope.ctx().user() == Some(self.user_id);
        Ok(relations_within(&team, scope).await?.with(Relation::Owner, own))
    }

    const GRANTS_VISIBILITY: bool = true;

    fn lies_in(&self) -> Option<Uuid> {
        Some(self.team_id)
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        let user = ctx.user()?;
        let teams = match relation {
            Relation::Owner => return Some(Condition::all().add(entity::Column::UserId.eq(user))),
            Relation::ManagesTeam => super::managed(ctx, user),
            Relation::TeamMember => joined(ctx, user),
            _ => return None,
        };
        Some(Condition::all().add(entity::Column::TeamId.in_subquery(teams)))
    }
}

impl Stored for TeamMember {
    fn uniques() -> &'static [Unique] {
        &[Unique {
            index: "team_member_key",
            columns: "team_member.team_id, team_member.user_id",
            field: "user_id",
        }]
    }
}

impl Listed for TeamMember {
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        &[Filter { name: "user", form: Form::Person, column: entity::Column::UserId }]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "created_at", column: "id", key: |row| row.id.into() }]
    }
}

impl BelongsTo<User> for TeamMember {
    fn belonging_to(user: &User) -> Condition {
        Condition::all().add(entity::Column::UserId.eq(user.id))
    }
}

impl Child for TeamMember {
    const COLLECTION: &'static str = "members";

    fn parent(&self) -> Uuid {
        self.team_id
    }

    fn within(team: &Team) -> Condition {
        Condition::all().add(entity::Column::TeamId.eq(team.id))
    }
}

input! {
    /// The writable fields of a membership.
    pub struct TeamMemberInput of TeamMember {
        /// The id of an active user, who can be in the team only once.
        #[garde(skip)]
        user_id: Uuid,
        /// The function of the user in the team, on one line. It grants no permissions. Default:
        /// empty.
        #[serde(default, deserialize_with = "trimmed::<_, 100>")]
        #[garde(length(chars, max = 100), custom(one_line))]
        #[schema(format = "line", max_length = 100, example = "Illustrator")]
        role: String,
    }
}

impl Editable for TeamMember {
    type Input = TeamMemberInput;

    fn blank(born: Birth, _ctx: &Context, team: &Team) -> Self {
        Self { team_id: team.id, ..Self::born(born) }
    }

    async fn apply(self, tx: &Tx, input: TeamMemberInput) -> Result<Self> {
        // The user of a new row is nil, which is not the id of any user.
        if input.user_id != self.user_id {
            user::refer_active(tx, Some(input.user_id), "user_id").await?;
        }
        Ok(input.onto(self))
    }
}
