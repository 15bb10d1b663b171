//! The history of a row and its past states, for callers who see the row now.
//!
//! Invariants:
//! - Both are reached through the row only, with the right to read it.
//! - They say who did what, but not from where: addresses, requests and rejected requests are for
//!   admins, in the audit log.
//! - Callers other than admins get nothing from before the row came to its present project or team,
//!   because others saw it there ([`Arrival`]). Versions of rows follow the same rule.

use std::slice;

use sea_orm::{Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{names::Names, object};
use crate::{
    Context, Error, Repository, Result, Scope, Timestamp,
    kernel::{
        error::Kind,
        list::{self, Filter, Form, Page, Query, Sort},
        policy::{self, Action, Role},
        repository::{
            Access, KeyOf, Listed, Parent, Read, ReadPrivate, Resource, Stored, resource::owned,
            row::positions,
        },
    },
};

/// The most changes, and the most bytes of old values, that are undone to show a past state.
const FARTHEST: u64 = 1000;
const MOST: usize = 32 << 20;
/// The number of changes that are read at once.
const PAGE: u64 = 20;
/// The fields that say in which project or team a row is.
const PLACES: [&str; 2] = ["project_id", "team_id"];
/// The action that creates a row.
const CREATE: &str = "create";

pub(crate) mod entity {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::wildcard_imports,
        reason = "written for and by sea-orm's derive"
    )]
    use super::*;

    /// An entry in the history of a resource.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, ToSchema)]
    #[sea_orm(table_name = "audit")]
    #[schema(as = ChangeRecord)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[serde(skip)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The date and time (UTC) of the change.
        pub at: Timestamp,
        /// The type of the actor: `user`, `service` for a service account, or `system`.
        #[schema(example = "user")]
        pub actor_kind: String,
        /// The id of the user or service account, or null for the system.
        pub actor_id: Option<Uuid>,
        /// The action.
        #[schema(example = "update")]
        pub action: String,
        #[serde(skip)]
        pub noun: String,
        /// The id of the resource.
        pub row_id: Uuid,
        /// The values of the changed fields before the change, or null for a new resource.
        #[serde(serialize_with = "object")]
        #[schema(value_type = Option<Object>)]
        pub old_values: Option<String>,
        /// The values of the changed fields after the change, or null for a deleted resource.
        #[serde(serialize_with = "object")]
        #[schema(value_type = Option<Object>)]
        pub new_values: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub use entity::Model as Change;

owned!(Change, entity, unversioned);
positions!(Change { tenant_id, id, at, actor_kind, actor_id, action, noun, row_id, old_values, new_values });

impl Resource for Change {
    const TYPE: policy::ResourceType = policy::ResourceType::Change;
    type Parent = ();
}

impl Access for Change {}

impl Stored for Change {
    const HIDDEN: &'static [&'static str] = &["tenant_id", "noun"];
}

impl Listed for Change {
    type Item = Self;

    const ADDED: &'static [&'static str] = &["actor_name", "actor_removed"];

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "actor", form: Form::Person, column: Column::ActorId },
            Filter { name: "action", form: Form::Text, column: Column::Action },
            Filter { name: "at", form: Form::Timestamp, column: Column::At },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "at", column: "id", key: |row| row.id.into() }]
    }
}

/// An entry in the history of a resource, with the name of the actor.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Change)]
pub struct ChangeLine {
    #[serde(flatten)]
    change: Change,
    /// The username of the user, or the name of the service account. For a deleted user, the last
    /// username. Null for the system.
    #[schema(example = "ada")]
    actor_name: Option<String>,
    /// Whether that user was deleted.
    actor_removed: bool,
}

/// The condition for the writes to a row. Security events about it have no old values and are no
/// creation.
fn about(noun: policy::ResourceType, id: Uuid) -> Condition {
    use entity::Column;
    let row = Condition::all().add(Column::Noun.eq(noun.as_str())).add(Column::RowId.eq(id));
    row.add(Condition::any().add(Column::OldValues.is_not_null()).add(Column::Action.eq(CREATE)))
}

/// The name of a field in JSON text. Inside a string value, its quotes would be escaped.
fn named(field: &str) -> String {
    format!("\"{field}\":")
}

/// The change that brought a row to its present project or team: a change of the row itself, or of
/// a row that contains it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// The id of the change.
    pub(crate) id: Uuid,
    at: Timestamp,
    /// The version of the row after it, if it was a change of the row itself.
    pub(crate) version: Option<i64>,
}

impl Arrival {
    /// The last such change; `None` for admins, who see everything. `within` is the parent of the
    /// row, if that is not its project.
    pub(crate) async fn of<N: Resource>(
        scope: &Scope,
        row: &N,
        within: Option<(policy::ResourceType, Uuid)>,
    ) -> Result<Option<Self>> {
        if scope.ctx().role() == Role::Admin {
            return Ok(None);
        }
        let container = row.container(scope).await?.map(|container| container.row);
        let container = container.filter(|container| within != Some(*container));
        let mut last = None::<Self>;
        for place in [(N::TYPE, row.id())].into_iter().chain(within).chain(container) {
            let moves = PLACES.iter().map(|field| entity::Column::OldValues.contains(named(field)));
            let moves = about(place.0, place.1).add(moves.fold(Condition::any(), Condition::add));
            let moves = scope.owned::<Change>().filter(moves).order_by_desc(entity::Column::Id).limit(1);
            let Some(change) = scope.all::<Change>(&moves.into_query()).await?.pop() else { continue };
            if last.is_none_or(|last| last.id < change.id) {
                let own = place == (N::TYPE, row.id());
                let version = change.new_values.filter(|_| own).as_deref().map(version).transpose()?;
                last = Some(Self { id: change.id, at: change.at, version: version.flatten() });
            }
        }
        Ok(last)
    }
}

/// The version of a row after a change.
fn version(values: &str) -> Result<Option<i64>> {
    let values: Value = serde_json::from_str(values).map_err(Error::internal)?;
    Ok(values.get("version").and_then(Value::as_i64))
}

/// A row whose history was requested by a caller who may read the row.
pub struct Past<N: Resource> {
    scope: Scope,
    row: N,
    within: Option<(policy::ResourceType, Uuid)>,
}

impl<N: Resource> Past<N> {
    /// The history of a row.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn of(repository: &Repository, ctx: &Context, key: KeyOf<N>) -> Result<Self> {
        // A missing scope is reported before the row is read.
        policy::permit(ctx, Change::TYPE, Action::Read)?;
        let scope = repository.read(ctx);
        let mut row = scope.resolve_at::<N, _>(key, Read).await?.into_row();
        scope.mark_removed(slice::from_mut(&mut row)).await?;
        Ok(Self { scope, row, within: N::Parent::parent_of(key) })
    }

    /// The history of a row with private fields, for callers who may read these.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`.
    pub async fn private(repository: &Repository, ctx: &Context, id: Uuid) -> Result<Self> {
        let scope = repository.read(ctx);
        let row = scope.resolve::<N, _>(id, ReadPrivate).await?.into_row();
        Ok(Self { scope, row, within: None })
    }

    /// The history of a row in the trash.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn removed(repository: &Repository, ctx: &Context, id: Uuid) -> Result<Self> {
        let scope = repository.read(ctx);
        let row = scope.resolve_removed::<N, _>(id, Read).await?.into_row();
        Ok(Self { scope, row, within: None })
    }

    /// The present state of the row.
    pub fn row(&self) -> &N {
        &self.row
    }

    /// A page of the history.
    ///
    /// # Errors
    /// Those of lists.
    pub async fn changes(&self, repository: &Repository, query: &Query) -> Result<Page<ChangeLine>> {
        let came = Arrival::of(&self.scope, &self.row, self.within).await?;
        let since = about(N::TYPE, self.row.id()).add_option(came.map(|came| entity::Column::Id.gt(came.id)));
        let within = list::Within::of(self.row.id(), since);
        let page = list::page::<Change>(repository, &self.scope, query, within).await?;
        let Page { count, results, next, previous, fields } = page;
        let names = Names::of(&self.scope, results.iter().filter_map(|change| change.actor_id)).await?;
        let line = |change: Change| ChangeLine {
            actor_name: names.name(change.actor_id),
            actor_removed: names.removed(change.actor_id),
            change,
        };
        Ok(Page { count, results: results.into_iter().map(line).collect(), next, previous, fields })
    }

    /// The state of the row at a time.
    ///
    /// # Errors
    /// As [`Self::shown_at`].
    pub async fn at(&self, at: Timestamp) -> Result<Value> {
        self.shown_at(&self.row, at).await
    }

    /// The state of `shown`, the caller's view of the row, at a time: the present state with all
    /// later changes undone.
    ///
    /// # Errors
    /// `NotFound` if the row did not exist then or was in another project or team;
    /// `InvalidParameter` if there are too many later changes.
    pub async fn shown_at(&self, shown: &(impl Serialize + Sync), at: Timestamp) -> Result<Value> {
        policy::permit(self.scope.ctx(), Change::TYPE, Action::Read)?;
        if Arrival::of(&self.scope, &self.row, self.within).await?.is_some_and(|came| came.at > at) {
            return Err(Kind::NotFound.into());
        }
        let mut past = serde_json::to_value(shown).map_err(Error::internal)?;
        let since = about(N::TYPE, self.row.id()).add(entity::Column::At.gt(at));
        let (mut taken, mut bytes, mut last) = (0, 0, None::<Uuid>);
        // A few at a time, because a change may have much text.
        loop {
            let earlier = Condition::all().add_option(last.map(|id| entity::Column::Id.lt(id)));
            let some = self.scope.owned::<Change>().filter(since.clone()).filter(earlier);
            let some = some.order_by_desc(entity::Column::Id).limit(PAGE).into_query();
            let some: Vec<Change> = self.scope.all(&some).await?;
            let Some(end) = some.last() else { break };
            last = Some(end.id);
            for change in some {
                let Some(old) = change.old_values else { return Err(Kind::NotFound.into()) };
                (taken, bytes) = (taken + 1, bytes + old.len());
                if taken > FARTHEST || bytes > MOST {
                    let message = "Too many changes since then: the history lists them.";
                    return Err(Error::parameter("as_of", message));
                }
                let old: Value = serde_json::from_str(&old).map_err(Error::internal)?;
                for (name, value) in old.as_object().into_iter().flatten() {
                    if let Some(field) = past.get_mut(name) {
                        field.clone_from(value);
                    }
                }
            }
        }
        Ok(past)
    }
}
