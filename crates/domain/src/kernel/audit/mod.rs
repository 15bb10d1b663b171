//! The audit log: who did what to which row, when and from where, with the old and new values of
//! every changed field.
//!
//! Invariant: the repository writes each entry in the transaction of the write, and entries never
//! change. Security events that no write causes, such as rejected requests, are recorded by
//! [`record`]. Values that no response shows are recorded as `[redacted]`.

pub(crate) mod change;
pub(crate) mod history;
mod names;
mod security_event;

use sea_orm::entity::prelude::*;
use serde::{Serialize, Serializer, ser};
use utoipa::ToSchema;

pub(crate) use self::change::Arrival;
use self::names::Names;
pub use self::{
    change::{Change, ChangeLine, Past},
    history::HistoryEntry,
    names::AuditLine,
    security_event::{Asked, Failure, Refusal, SecurityEvent, record},
};
use crate::{
    Context, Repository, Result, Timestamp,
    kernel::{
        change::ChangeType,
        list::{self, Filter, Form, Page, Query, Sort},
        policy,
        repository::{Access, Listed, Read, Resource, Stored, resource::owned, row::positions},
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

    /// An entry of the audit log.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, ToSchema)]
    #[sea_orm(table_name = "audit")]
    #[schema(as = AuditRecord)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[serde(skip)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The date and time (UTC) of the action.
        pub at: Timestamp,
        /// The type of the actor: `user`, `service` for a service account, or `system`.
        #[schema(example = "user")]
        pub actor_kind: String,
        /// The id of the user or service account, or null for the system.
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
        /// The values of the changed fields before the change, or null for a new resource. Secret
        /// values read `[redacted]`.
        #[serde(serialize_with = "object")]
        #[schema(value_type = Option<Object>)]
        pub old_values: Option<String>,
        /// The values of the changed fields after the change, or null for a deleted resource.
        /// Secret values read `[redacted]`.
        #[serde(serialize_with = "object")]
        #[schema(value_type = Option<Object>)]
        pub new_values: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub use entity::Model as AuditEntry;

owned!(AuditEntry, entity, unversioned);
positions!(AuditEntry {
    tenant_id,
    id,
    at,
    actor_kind,
    actor_id,
    action,
    noun,
    row_id,
    request_id,
    address,
    old_values,
    new_values
});

impl Resource for AuditEntry {
    const TYPE: policy::ResourceType = policy::ResourceType::Audit;
    type Parent = ();
}

impl Access for AuditEntry {}
impl Stored for AuditEntry {}

impl Listed for AuditEntry {
    type Item = Self;

    const ADDED: &'static [&'static str] = &["actor_name", "actor_removed"];

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "noun", form: Form::Text, column: Column::Noun },
            Filter { name: "row", form: Form::Id, column: Column::RowId },
            Filter { name: "actor", form: Form::Person, column: Column::ActorId },
            Filter { name: "action", form: Form::Text, column: Column::Action },
            Filter { name: "at", form: Form::Timestamp, column: Column::At },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "at", column: "id", key: |row| row.id.into() }]
    }
}

/// A page of audit entries.
///
/// # Errors
/// Those of lists.
pub async fn list(repository: &Repository, ctx: &Context, query: &Query) -> Result<Page<AuditLine>> {
    let scope = repository.read(ctx);
    let page = list::page::<AuditEntry>(repository, &scope, query, list::Within::all()).await?;
    let Page { count, results, next, previous, fields } = page;
    let names = Names::of(&scope, results.iter().filter_map(|entry| entry.actor_id)).await?;
    let results = results.into_iter().map(|entry| names.line(entry)).collect();
    Ok(Page { count, results, next, previous, fields })
}

/// An audit entry.
///
/// # Errors
/// `NotFound`.
pub async fn get(repository: &Repository, ctx: &Context, id: Uuid) -> Result<AuditLine> {
    let scope = repository.read(ctx);
    let entry = scope.resolve::<AuditEntry, _>(id, Read).await?.into_row();
    Ok(Names::of(&scope, entry.actor_id).await?.line(entry))
}

/// The audit row of a write.
#[expect(clippy::too_many_arguments, reason = "a row's columns, passed on once")]
pub(crate) fn row(
    ctx: &Context,
    id: Uuid,
    at: Timestamp,
    noun: &str,
    row_id: Uuid,
    action: ChangeType,
    old_values: Option<String>,
    new_values: Option<String>,
) -> AuditEntry {
    AuditEntry {
        tenant_id: ctx.tenant(),
        id,
        at,
        actor_kind: ctx.actor().kind().to_owned(),
        actor_id: ctx.actor().id(),
        action: action.as_str().to_owned(),
        noun: noun.to_owned(),
        row_id,
        request_id: ctx.request().id.clone(),
        address: ctx.request().address.map(|address| address.to_string()),
        old_values,
        new_values,
    }
}

/// Serialises stored JSON text as JSON.
#[expect(clippy::ref_option, reason = "serde's signature")]
fn object<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    let value: Option<serde_json::Value> =
        text.as_deref().map(serde_json::from_str).transpose().map_err(ser::Error::custom)?;
    value.serialize(serializer)
}
