//! Clients: those for whom a tenant works.

use crate::{
    edit::input,
    input::{name_key, one_line, trimmed},
    list::{Filter, Form, Sort},
    policy,
    store::{Noun, Searched, Unique, entity},
};

entity! {
    /// Somebody for whom the tenant works.
    pub struct Client in "client", editable {
        /// Unique in the tenant, whatever its letters' case and blanks.
        #[schema(example = "Harbour Bakery")]
        pub name: String,
        pub email: Option<String>,
        pub phone: Option<String>,
        pub address: Option<String>,
        pub notes: Option<String>,
        /// By which names are compared. Never shown.
        #[serde(skip)]
        pub name_key: String,
    }
}

impl Noun for Client {
    const NOUN: policy::Noun = policy::Noun::Client;
    type Item = Self;

    const HIDDEN: &'static [&'static str] = &["tenant_id", "name_key"];

    fn derived(self) -> Self {
        Self { name_key: name_key::<200>(&self.name, &self.name_key, self.id), ..self }
    }

    fn searched(&self) -> Option<Searched<'_>> {
        Some(Searched {
            title: &self.name,
            body: self.notes.as_deref(),
            more: [self.email.as_deref(), self.address.as_deref()],
            project_id: None,
            task_id: None,
        })
    }

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "name", form: Form::Text, column: Column::Name },
            Filter { name: "email", form: Form::Text, column: Column::Email },
            Filter { name: "created_at", form: Form::Instant, column: Column::CreatedAt },
            Filter { name: "q", form: Form::FullText, column: Column::Id },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[
            Sort { name: "created_at", column: "id", key: |row| row.id.into() },
            Sort { name: "name", column: "name", key: |row| (&row.name).into() },
        ]
    }

    fn uniques() -> &'static [Unique] {
        &[Unique { index: "client_folded_key", columns: "client.name_key", field: "name" }]
    }
}

input! {
    /// What can be written of a client.
    pub struct ClientInput of Client, without rules {
        /// Unique in the tenant, whatever its letters' case and blanks.
        #[serde(deserialize_with = "trimmed::<_, 200>")]
        #[garde(length(chars, min = 1, max = 200), custom(one_line))]
        #[schema(format = "line", min_length = 1, max_length = 200, example = "Harbour Bakery")]
        name: String,
        #[serde(default)]
        #[garde(email, length(chars, max = 254))]
        #[schema(format = Email, max_length = 254, example = "hello@bakery.example")]
        email: Option<String>,
        #[serde(default)]
        #[garde(length(chars, max = 32), custom(one_line))]
        #[schema(format = "line", max_length = 32, example = "+49 40 123456")]
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
}
