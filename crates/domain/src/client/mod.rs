//! Clients: those for whom a tenant works.

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

    /// Somebody for whom the tenant works.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, ToSchema)]
    #[sea_orm(table_name = "client")]
    #[schema(as = ClientRecord)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[serde(skip)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Unique in the tenant.
        #[schema(example = "Harbour Bakery")]
        pub name: String,
        pub email: Option<String>,
        pub phone: Option<String>,
        pub address: Option<String>,
        pub notes: Option<String>,
        pub created_at: Instant,
        pub updated_at: Instant,
        pub version: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub use entity::Model as Client;

owned!(Client, entity);
positions!(Client { one tenant_id, one id, one name, maybe email, maybe phone, maybe address, maybe notes, one created_at, one updated_at, one version });

impl Noun for Client {
    const NOUN: policy::Noun = policy::Noun::Client;
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
            Filter { name: "name", form: Form::Text, column: Column::Name },
            Filter { name: "email", form: Form::Text, column: Column::Email },
            Filter { name: "created_at", form: Form::Instant, column: Column::CreatedAt },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        use list::Key;
        &[
            Sort { name: "created_at", column: "id", key: |row| Key::Id(row.id) },
            Sort { name: "name", column: "name", key: |row| Key::Text(row.name.clone()) },
        ]
    }

    fn uniques() -> &'static [Unique] {
        &[Unique { index: "client_name_key", columns: "client.name", field: "name" }]
    }
}

/// What can be written of a client.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientInput {
    /// Unique in the tenant.
    #[serde(deserialize_with = "trimmed")]
    #[garde(length(chars, min = 1, max = 200), custom(one_line))]
    #[schema(min_length = 1, max_length = 200, example = "Harbour Bakery")]
    name: String,
    #[serde(default)]
    #[garde(email, length(chars, max = 254))]
    #[schema(format = Email, max_length = 254, example = "hello@bakery.example")]
    email: Option<String>,
    #[serde(default)]
    #[garde(length(chars, max = 32), custom(one_line))]
    #[schema(max_length = 32, example = "+49 40 123456")]
    phone: Option<String>,
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    #[schema(max_length = 500)]
    address: Option<String>,
    #[serde(default)]
    #[garde(length(chars, max = 20_000))]
    #[schema(max_length = 20_000)]
    notes: Option<String>,
}

impl From<&Client> for ClientInput {
    fn from(row: &Client) -> Self {
        Self {
            name: row.name.clone(),
            email: row.email.clone(),
            phone: row.phone.clone(),
            address: row.address.clone(),
            notes: row.notes.clone(),
        }
    }
}

impl Editable for Client {
    type Input = ClientInput;

    fn blank(born: Birth, _ctx: &Context) -> Self {
        Self {
            tenant_id: born.tenant,
            id: born.id,
            name: String::new(),
            email: None,
            phone: None,
            address: None,
            notes: None,
            created_at: born.at,
            updated_at: born.at,
            version: 1,
        }
    }

    async fn apply(self, _tx: &Tx, input: ClientInput) -> Result<Self> {
        let ClientInput { name, email, phone, address, notes } = input;
        Ok(Self { name, email, phone, address, notes, ..self })
    }
}
