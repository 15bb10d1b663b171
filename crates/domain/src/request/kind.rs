//! Kinds of requests.

use crate::{
    edit::input,
    input::{one_line, trimmed},
    list::{Filter, Form, Sort},
    policy,
    store::{Noun, Unique, entity},
};

entity! {
    /// A kind of request.
    pub struct RequestType in "request_type", editable {
        /// Unique in the tenant.
        #[schema(example = "Repair")]
        pub name: String,
        pub description: Option<String>,
    }
}

impl Noun for RequestType {
    const NOUN: policy::Noun = policy::Noun::RequestType;
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        &[Filter { name: "name", form: Form::Text, column: entity::Column::Name }]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[
            Sort { name: "created_at", column: "id", key: |row| row.id.into() },
            Sort { name: "name", column: "name", key: |row| (&row.name).into() },
        ]
    }

    fn uniques() -> &'static [Unique] {
        &[Unique { index: "request_type_name_key", columns: "request_type.name", field: "name" }]
    }
}

input! {
    /// What can be written of a kind of request.
    pub struct RequestTypeInput of RequestType, without rules {
        /// Unique in the tenant.
        #[serde(deserialize_with = "trimmed::<_, 100>")]
        #[garde(length(chars, min = 1, max = 100), custom(one_line))]
        #[schema(format = "line", min_length = 1, max_length = 100, example = "Repair")]
        name: String,
        #[serde(default)]
        #[garde(length(chars, max = 20_000))]
        #[schema(max_length = 20_000)]
        description: Option<String>,
    }
}
