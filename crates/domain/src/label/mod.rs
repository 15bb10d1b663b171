//! Labels: what tasks are sorted into across projects.

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

    /// What tasks are sorted into.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, ToSchema)]
    #[sea_orm(table_name = "label")]
    #[schema(as = Label)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[serde(skip)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Unique in the tenant.
        #[schema(example = "Bug")]
        pub name: String,
        /// Red, green and blue, two hexadecimal digits each.
        #[schema(example = "#d73a4a")]
        pub color: String,
        pub created_at: Instant,
        pub updated_at: Instant,
        pub version: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub use entity::Model as Label;

owned!(Label, entity);
positions!(Label { tenant_id, id, name, color, created_at, updated_at, version });

impl Noun for Label {
    const NOUN: policy::Noun = policy::Noun::Label;
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
        &[Unique { index: "label_name_key", columns: "label.name", field: "name" }]
    }
}

/// What can be written of a label.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelInput {
    /// Unique in the tenant.
    #[serde(deserialize_with = "trimmed")]
    #[garde(length(chars, min = 1, max = 50), custom(one_line))]
    #[schema(min_length = 1, max_length = 50, example = "Bug")]
    name: String,
    /// Red, green and blue, two hexadecimal digits each.
    #[serde(default = "grey")]
    #[garde(custom(rgb))]
    #[schema(
        default = "#808080",
        format = "color",
        pattern = "^#[0-9a-f]{6}$",
        min_length = 7,
        max_length = 7,
        example = "#d73a4a"
    )]
    color: String,
}

fn grey() -> String {
    "#808080".to_owned()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
fn rgb(color: &str, _: &()) -> garde::Result {
    let digits = color.strip_prefix('#').unwrap_or_default().as_bytes();
    let hexadecimal = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() == 6 && digits.iter().all(hexadecimal) {
        Ok(())
    } else {
        Err(garde::Error::new("a color is # and six hexadecimal digits in lower case"))
    }
}

impl From<&Label> for LabelInput {
    fn from(row: &Label) -> Self {
        Self { name: row.name.clone(), color: row.color.clone() }
    }
}

impl Editable for Label {
    type Input = LabelInput;

    fn blank(born: Birth, _ctx: &Context) -> Self {
        Self {
            tenant_id: born.tenant,
            id: born.id,
            name: String::new(),
            color: String::new(),
            created_at: born.at,
            updated_at: born.at,
            version: 1,
        }
    }

    async fn apply(self, _tx: &Tx, input: LabelInput) -> Result<Self> {
        let LabelInput { name, color } = input;
        Ok(Self { name, color, ..self })
    }
}
