//! Kinds of requests.

use garde::Validate;
use sea_orm::{Condition, entity::prelude::*};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
};

pub(crate) mod entity {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::wildcard_imports,
        reason = "written for and by sea-orm's derive"
    )]
    use super::*;

    /// A kind of request.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, ToSchema)]
    #[sea_orm(table_name = "request_type")]
    #[schema(as = RequestType)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[serde(skip)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Unique in the tenant.
        #[schema(example = "Repair")]
        pub name: String,
        pub description: Option<String>,
        pub created_at: Instant,
        pub updated_at: Instant,
        pub version: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub use entity::Model as RequestType;

owned!(RequestType, entity);
positions!(RequestType { tenant_id, id, name, description, created_at, updated_at, version });

impl Noun for RequestType {
    const NOUN: policy::Noun = policy::Noun::RequestType;
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
        &[Filter { name: "name", form: Form::Text, column: entity::Column::Name }]
    }

    fn sorts() -> &'static [Sort<Self>] {
        use list::Key;
        &[
            Sort { name: "created_at", column: "id", key: |row| Key::Id(row.id) },
            Sort { name: "name", column: "name", key: |row| Key::Text(row.name.clone()) },
        ]
    }

    fn uniques() -> &'static [Unique] {
        &[Unique { index: "request_type_name_key", columns: "request_type.name", field: "name" }]
    }
}

/// What can be written of a kind of request.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestTypeInput {
    /// Unique in the tenant.
    #[serde(deserialize_with = "trimmed")]
    #[garde(length(chars, min = 1, max = 100), custom(one_line))]
    #[schema(min_length = 1, max_length = 100, example = "Repair")]
    name: String,
    #[serde(default)]
    #[garde(length(chars, max = 20_000))]
    #[schema(max_length = 20_000)]
    description: Option<String>,
}

impl From<&RequestType> for RequestTypeInput {
    fn from(row: &RequestType) -> Self {
        Self { name: row.name.clone(), description: row.description.clone() }
    }
}

impl Editable for RequestType {
    type Input = RequestTypeInput;

    fn blank(born: Birth, _ctx: &Context) -> Self {
        Self {
            tenant_id: born.tenant,
            id: born.id,
            name: String::new(),
            description: None,
            created_at: born.at,
            updated_at: born.at,
            version: 1,
        }
    }

    async fn apply(self, _tx: &Tx, input: RequestTypeInput) -> Result<Self> {
        let RequestTypeInput { name, description } = input;
        Ok(Self { name, description, ..self })
    }
}
