//! The activity of a user: the audit entries with the user as the actor, for admins and the user.
//!
//! Invariant: it has no values of fields, because the user may have lost access to them. Admins get
//! the values from the audit log.

use sea_orm::{Condition, entity::prelude::*};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Context, Result, Scope, Timestamp,
    kernel::{
        list::{Filter, Form, Sort},
        policy::{self, Action, Relation, Relations},
        repository::{Access, Listed, Resource, Stored, resource::owned, row::positions},
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

    /// An action of a user.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, ToSchema)]
    #[sea_orm(table_name = "audit")]
    #[schema(as = HistoryEntry)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[serde(skip)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The date and time (UTC) of the action.
        pub at: Timestamp,
        /// The id of the user.
        pub actor_id: Option<Uuid>,
        /// The action.
        #[schema(example = "create")]
        pub action: String,
        /// The type of the resource.
        #[schema(example = "task")]
        pub noun: String,
        /// The id of the resource.
        pub row_id: Uuid,
        /// The id of the request, as in `X-Request-Id`, or null if no request caused the action.
        pub request_id: Option<String>,
        /// The IP address of the client, or null if no request caused the action.
        #[schema(example = "192.0.2.7", max_length = 45, pattern = "^[0-9a-f.:]+$")]
        pub address: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub use entity::Model as HistoryEntry;

owned!(HistoryEntry, entity, unversioned);
positions!(HistoryEntry { tenant_id, id, at, actor_id, action, noun, row_id, request_id, address });

impl Resource for HistoryEntry {
    const TYPE: policy::ResourceType = policy::ResourceType::History;
    type Parent = ();
}

impl Access for HistoryEntry {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        let user = scope.ctx().user();
        Ok(Relations::default().with(Relation::Owner, user.is_some() && user == self.actor_id))
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        let user = ctx.user()?;
        (relation == Relation::Owner).then(|| Condition::all().add(entity::Column::ActorId.eq(user)))
    }
}

impl Stored for HistoryEntry {}

impl Listed for HistoryEntry {
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "noun", form: Form::Text, column: Column::Noun },
            Filter { name: "row", form: Form::Id, column: Column::RowId },
            Filter { name: "action", form: Form::Text, column: Column::Action },
            Filter { name: "at", form: Form::Timestamp, column: Column::At },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "at", column: "id", key: |row| row.id.into() }]
    }
}
