//! The second factor: what a user proves in addition to the password. A user has at most one, under
//! the user's id.
//!
//! Invariant: a code is valid for one use. A time-based code is valid only in a later step than the
//! last one used. A recovery code is removed from the row. The row is updated at the version that
//! was checked, so one of many concurrent requests with the same code succeeds.
//!
//! The row holds the sealed secret and the digests of the recovery codes. Both are shown once.

mod codes;
mod operations;

use sea_orm::{Condition, entity::prelude::*};

pub use self::operations::{
    Enrolment, State, caller, confirm, demand, disable, enrol, is_wrong_code, remove, renew, state,
};
use crate::{
    Context, Result, Scope,
    identity::user::User,
    kernel::{
        list::Sort,
        policy::{self, Action, Relation, Relations},
        repository::{Access, BelongsTo, Listed, Resource, Stored, entity, json::AsJson},
    },
};

entity! {
    /// A user's second factor.
    pub struct SecondFactor in "second_factor", hidden {
        #[serde(skip)]
        pub sealed_secret: String,
        pub confirmed_at: Option<Timestamp>,
        #[serde(skip)]
        pub last_step: i64,
        #[serde(skip)]
        pub recovery_hashes: AsJson<Vec<String>>,
    }
}

impl Resource for SecondFactor {
    const TYPE: policy::ResourceType = policy::ResourceType::SecondFactor;
    type Parent = ();
}

impl Access for SecondFactor {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        Ok(Relations::default().with(Relation::Owner, scope.ctx().user() == Some(self.id)))
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        (relation == Relation::Owner).then(|| Condition::all().add(entity::Column::Id.eq(ctx.user())))
    }
}

impl Stored for SecondFactor {
    const HIDDEN: &'static [&'static str] = &["tenant_id", "sealed_secret", "last_step", "recovery_hashes"];
}

impl Listed for SecondFactor {
    type Item = Self;

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "created_at", column: "id", key: |row| row.id.into() }]
    }
}

impl BelongsTo<User> for SecondFactor {
    fn belonging_to(user: &User) -> Condition {
        Condition::all().add(entity::Column::Id.eq(user.id))
    }
}
