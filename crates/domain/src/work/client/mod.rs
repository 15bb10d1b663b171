//! Clients: the customers of a tenant.
//!
//! Invariant: the names of the clients of a tenant are unique, whatever their case and spacing.
//! This module does not know the requests of a client.

use crate::kernel::{
    crud::input,
    input::{name_key, one_line, trimmed},
    list::{Filter, Form, Sort},
    policy,
    repository::{Access, Listed, Resource, Searched, Stored, Unique, entity},
};

entity! {
    /// A client: a customer of the organisation.
    pub struct Client in "client", editable {
        /// The name of the client. It is unique in the organisation.
        #[schema(example = "Harbour Bakery")]
        pub name: String,
        /// The email address of the client, or null.
        pub email: Option<String>,
        /// The telephone number of the client, or null.
        pub phone: Option<String>,
        /// The postal address of the client, or null.
        pub address: Option<String>,
        /// Notes about the client, or null.
        pub notes: Option<String>,
        /// The folded name, by which names are compared. No response has it.
        #[serde(skip)]
        pub name_key: String,
    }
}

impl Resource for Client {
    const TYPE: policy::ResourceType = policy::ResourceType::Client;
    type Parent = ();
}

impl Access for Client {}

impl Stored for Client {
    const HIDDEN: &'static [&'static str] = &["tenant_id", "name_key"];
    const IN_USE: Option<&'static str> =
        Some("The client has requests. Delete them, or give them another client.");

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

    fn uniques() -> &'static [Unique] {
        &[Unique { index: "client_folded_key", columns: "client.name_key", field: "name" }]
    }
}

impl Listed for Client {
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "name", form: Form::Text, column: Column::Name },
            Filter { name: "email", form: Form::Text, column: Column::Email },
            Filter { name: "created_at", form: Form::Timestamp, column: Column::CreatedAt },
            Filter { name: "q", form: Form::FullText, column: Column::Id },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[
            Sort { name: "created_at", column: "id", key: |row| row.id.into() },
            Sort { name: "name", column: "name", key: |row| (&row.name).into() },
        ]
    }
}

input! {
    /// The writable fields of a client.
    pub struct ClientInput of Client, without rules {
        /// The name of the client: one line of 1 to 200 characters. It must be unique in the
        /// organisation; case and spacing make no difference.
        #[serde(deserialize_with = "trimmed::<_, 200>")]
        #[garde(length(chars, min = 1, max = 200), custom(one_line))]
        #[schema(format = "line", min_length = 1, max_length = 200, example = "Harbour Bakery")]
        name: String,
        /// The email address of the client, of at most 254 characters.
        #[serde(default)]
        #[garde(email, length(chars, max = 254))]
        #[schema(format = Email, max_length = 254, example = "hello@bakery.example")]
        email: Option<String>,
        /// The telephone number of the client: one line of at most 32 characters.
        #[serde(default)]
        #[garde(length(chars, max = 32), custom(one_line))]
        #[schema(format = "line", max_length = 32, example = "+49 40 123456")]
        phone: Option<String>,
        /// The postal address of the client, of at most 500 characters.
        #[serde(default)]
        #[garde(length(chars, max = 500))]
        #[schema(max_length = 500)]
        address: Option<String>,
        /// Notes about the client, of at most 20,000 characters.
        #[serde(default)]
        #[garde(length(chars, max = 20_000))]
        #[schema(max_length = 20_000)]
        notes: Option<String>,
    }
}
