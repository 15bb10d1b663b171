//! What happened to a row, and the row as it was, for those who see it now.
//!
//! Invariant: both are reached through the row alone, by the right to read it. They tell who and what, and not from where: addresses and requests
//! are for admins, in the audit; so is what was refused.

use sea_orm::{Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{names::Names, object};
use crate::{
    Context, Error, Instant, Result, Scope, Store,
    error::Kind,
    list::{self, Filter, Form, Page, Query, Sort},
    policy::{self, Action, Fact, Facts},
    store::{
        Noun, Read,
        noun::{ColumnOf, owned},
        row::positions,
    },
};

/// How many changes are taken back to show a row as it was.
const FARTHEST: u64 = 1000;

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
positions!(Change { one tenant_id, one id, one at, one actor_kind, maybe actor_id, one action, one noun, one row_id, maybe old_values, maybe new_values });

impl Noun for Change {
    const NOUN: policy::Noun = policy::Noun::Change;
    const HIDDEN: &'static [&'static str] = &["tenant_id", "noun"];
    const ADDED: &'static [&'static str] = &["actor_name"];
    type Item = Self;

    async fn facts(&self, _scope: &Scope, _action: Action) -> Result<Facts> {
        Ok(Facts::default())
    }

    fn holds(_fact: Fact, _ctx: &Context) -> Option<Condition> {
        None
    }

    fn item_columns() -> Vec<ColumnOf<Self>> {
        list::whole::<Self>()
    }

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "actor", form: Form::Person, column: Column::ActorId },
            Filter { name: "action", form: Form::Text, column: Column::Action },
            Filter { name: "at", form: Form::Instant, column: Column::At },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "at", column: "id", key: |row| list::Key::Id(row.id) }]
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
    let within = list::Within::of(id, about::<N>(id));
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
    let since = about::<N>(row.id()).add(entity::Column::At.gt(at));
    let since = scope.owned::<Change>().filter(since).order_by_desc(entity::Column::Id).limit(FARTHEST + 1);
    let since: Vec<Change> = scope.all(&since.into_query()).await?;
    if since.len() as u64 > FARTHEST {
        let message = format!("The row was changed more than {FARTHEST} times since.");
        return Err(Error::parameter("as_of", message));
    }
    let mut past = serde_json::to_value(&row).map_err(Error::internal)?;
    for change in since {
        let Some(old) = change.old_values else { return Err(Kind::NotFound.into()) };
        let old: Value = serde_json::from_str(&old).map_err(Error::internal)?;
        for (name, value) in old.as_object().into_iter().flatten() {
            if let Some(field) = past.get_mut(name) {
                field.clone_from(value);
            }
        }
    }
    Ok(past)
}
