//! What happened to a row, and the row as it was, for those who see it now.
//!
//! Invariant: both are reached through the row alone, by the right to read it. They tell who and what, and not from where: addresses and requests
//! are for admins, in the audit; so is what was refused, and what happened to the row in another place, where others saw it.

use sea_orm::{Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{names::Names, object};
use crate::{
    Context, Error, Instant, Result, Scope, Store,
    error::Kind,
    list::{self, Filter, Form, Page, Query, Sort},
    policy::{self, Action, Role},
    store::{Noun, Read, noun::owned, row::positions},
};

/// How many changes are taken back to show a row as it was, and how many octets of old values.
const FARTHEST: u64 = 1000;
const MOST: usize = 32 << 20;
/// How many changes are read at once.
const PAGE: u64 = 20;
/// The fields that say where a row lies.
const PLACES: [&str; 2] = ["project_id", "team_id"];

pub(crate) mod entity {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::wildcard_imports,
        reason = "written for and by sea-orm's derive"
    )]
    use super::*;

    /// Something that happened to a row.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, ToSchema)]
    #[sea_orm(table_name = "audit")]
    #[schema(as = ChangeRecord)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[serde(skip)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// When it was done.
        pub at: Instant,
        /// Who did it: a `user`, a `service`, or the `system` itself.
        #[schema(example = "user")]
        pub actor_kind: String,
        /// The id of the user or service.
        pub actor_id: Option<Uuid>,
        /// What was done.
        #[schema(example = "update")]
        pub action: String,
        #[serde(skip)]
        pub noun: String,
        /// The id of the row.
        pub row_id: Uuid,
        /// The changed fields before; null for a new row.
        #[serde(serialize_with = "object")]
        #[schema(value_type = Option<Object>)]
        pub old_values: Option<String>,
        /// The changed fields after.
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

impl Noun for Change {
    const NOUN: policy::Noun = policy::Noun::Change;
    const HIDDEN: &'static [&'static str] = &["tenant_id", "noun"];
    const ADDED: &'static [&'static str] = &["actor_name"];
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "actor", form: Form::Person, column: Column::ActorId },
            Filter { name: "action", form: Form::Text, column: Column::Action },
            Filter { name: "at", form: Form::Instant, column: Column::At },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "at", column: "id", key: |row| row.id.into() }]
    }
}

/// Something that happened to a row, with the name of who did it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Change)]
pub struct ChangeLine {
    #[serde(flatten)]
    change: Change,
    /// The username of the user, or the name of the service; a removed user's last one.
    #[schema(example = "ada")]
    actor_name: Option<String>,
}

fn about<N: Noun>(id: Uuid) -> Condition {
    use entity::Column;
    let row = Condition::all().add(Column::Noun.eq(N::NOUN.as_str())).add(Column::RowId.eq(id));
    row.add(Column::Action.ne("refused"))
}

/// Whether a change took a row to another place.
fn moved(old: &str) -> bool {
    PLACES.iter().any(|place| old.contains(&named(place)))
}

/// A field's name as it stands in JSON. In a text in it the quote would have a backslash before it.
fn named(field: &str) -> String {
    format!("\"{field}\":")
}

/// The changes since a row came to where it is, for those who may not have seen it elsewhere.
async fn since_it_came<N: Noun>(scope: &Scope, id: Uuid) -> Result<Condition> {
    if scope.ctx().role() == Role::Admin {
        return Ok(about::<N>(id));
    }
    let places = PLACES.iter().map(|place| entity::Column::OldValues.contains(named(place)));
    let moves = about::<N>(id).add(places.fold(Condition::any(), Condition::add));
    let moves = scope.owned::<Change>().filter(moves).order_by_desc(entity::Column::Id).limit(1);
    let last: Vec<Change> = scope.all(&moves.into_query()).await?;
    Ok(about::<N>(id).add_option(last.first().map(|change| entity::Column::Id.gt(change.id))))
}

/// What happened to a row, by the page.
///
/// # Errors
/// `NotFound`, and those of lists.
pub async fn of_row<N: Noun>(
    store: &Store,
    ctx: &Context,
    id: Uuid,
    query: &Query,
) -> Result<Page<ChangeLine>> {
    let scope = store.read(ctx);
    let id = scope.resolve::<N, _>(id, Read).await?.row().id();
    let within = list::Within::of(id, since_it_came::<N>(&scope, id).await?);
    let page = list::page::<Change>(store, &scope, query, within).await?;
    let Page { count, results, next, previous, fields } = page;
    let names = Names::of(&scope, results.iter().filter_map(|change| change.actor_id)).await?;
    let line = |change: Change| ChangeLine { actor_name: names.name(change.actor_id), change };
    Ok(Page { count, results: results.into_iter().map(line).collect(), next, previous, fields })
}

/// A row as it was at an instant: as it is, with what happened since taken back.
///
/// # Errors
/// `NotFound`, also for a row that was not made yet; `InvalidParameter` when too much happened since.
pub async fn as_of<N: Noun>(store: &Store, ctx: &Context, id: Uuid, at: Instant) -> Result<Value> {
    let scope = store.read(ctx);
    let row = scope.resolve::<N, _>(id, Read).await?.into_row();
    policy::permit(ctx, Change::NOUN, Action::Read)?;
    let mut past = serde_json::to_value(&row).map_err(Error::internal)?;
    let since = about::<N>(row.id()).add(entity::Column::At.gt(at));
    let (mut taken, mut octets, mut last) = (0, 0, None::<Uuid>);
    // A few at a time: a change may have much text.
    loop {
        let earlier = Condition::all().add_option(last.map(|id| entity::Column::Id.lt(id)));
        let some = scope.owned::<Change>().filter(since.clone()).filter(earlier);
        let some = some.order_by_desc(entity::Column::Id).limit(PAGE).into_query();
        let some: Vec<Change> = scope.all(&some).await?;
        let Some(end) = some.last() else { break };
        last = Some(end.id);
        for change in some {
            let Some(old) = change.old_values else { return Err(Kind::NotFound.into()) };
            if moved(&old) && ctx.role() != Role::Admin {
                return Err(Kind::NotFound.into());
            }
            (taken, octets) = (taken + 1, octets + old.len());
            if taken > FARTHEST || octets > MOST {
                let message = "The row was changed too much since. Its history has all changes.";
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
