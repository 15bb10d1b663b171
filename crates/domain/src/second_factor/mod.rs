//! The second factor: what a user has beside the password they know. One of a user, by their id.
//!
//! Invariant: a code serves once. A code that goes by the time is good in a later step than the last that was used; a recovery code is
//! taken out of the row; and the row is changed at the version that was judged, so that of many requests with one code one gets through. The
//! secret lies sealed in the row, of the recovery codes their digests, and both are shown once.

mod codes;
mod operations;

use sea_orm::{Condition, entity::prelude::*};
use serde::Serialize;

pub use self::operations::{
    Enrolment, State, caller, confirm, demand, disable, enrol, is_wrong_code, remove, renew, state,
};
use crate::{
    Context, Instant, Result, Scope,
    list::{self, Sort},
    policy::{self, Action, Fact, Facts},
    store::{
        Noun,
        json::AsJson,
        noun::{ColumnOf, owned},
        row::positions,
    },
};

pub(crate) mod entity {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::wildcard_imports,
        reason = "written for and by sea-orm's derive"
    )]
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "second_factor")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[serde(skip)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[serde(skip)]
        pub sealed_secret: String,
        pub confirmed_at: Option<Instant>,
        #[serde(skip)]
        pub last_step: i64,
        #[serde(skip)]
        pub recovery_hashes: AsJson<Vec<String>>,
        pub created_at: Instant,
        pub updated_at: Instant,
        pub version: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A user's second factor.
pub use entity::Model as SecondFactor;

owned!(SecondFactor, entity);
positions!(SecondFactor { tenant_id, id, sealed_secret, confirmed_at, last_step, recovery_hashes, created_at, updated_at, version });

impl Noun for SecondFactor {
    const NOUN: policy::Noun = policy::Noun::SecondFactor;
    const HIDDEN: &'static [&'static str] = &["tenant_id", "sealed_secret", "last_step", "recovery_hashes"];
    type Item = Self;

    async fn facts(&self, scope: &Scope, _action: Action) -> Result<Facts> {
        Ok(Facts::default().with(Fact::Owner, scope.ctx().user() == Some(self.id)))
    }

    fn holds(fact: Fact, ctx: &Context) -> Option<Condition> {
        (fact == Fact::Owner).then(|| Condition::all().add(entity::Column::Id.eq(ctx.user())))
    }

    fn item_columns() -> Vec<ColumnOf<Self>> {
        list::whole::<Self>()
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "created_at", column: "id", key: |row| list::Key::Id(row.id) }]
    }
}
