//! Request types: the categories of client requests.
//!
//! Invariant: the names of the request types of a tenant are unique, whatever their case and
//! spacing.

use crate::kernel::{
    crud::input,
    input::{name_key, one_line, trimmed},
    list::{Filter, Form, Sort},
    policy,
    repository::{Access, Listed, Resource, Searched, Stored, Unique, entity},
};

entity! {
    /// A type of client requests.
    pub struct RequestType in "request_type", editable {
        /// The name of the request type. It is unique in the organisation.
        #[schema(example = "Repair")]
        pub name: String,
        /// The description of the request type, or null.
        pub description: Option<String>,
        /// The folded name, by which names are compared. No response has it.
        #[serde(skip)]
        pub name_key: String,
    }
}

impl Resource for RequestType {
    const TYPE: policy::ResourceType = policy::ResourceType::RequestType;
    type Parent = ();
}

impl Access for RequestType {}

impl Stored for RequestType {
    const HIDDEN: &'static [&'static str] = &["tenant_id", "name_key"];
    const IN_USE: Option<&'static str> =
        Some("Requests have this type. Delete them, or give them another type.");

    fn derived(self) -> Self {
        Self { name_key: name_key::<100>(&self.name, &self.name_key, self.id), ..self }
    }

    fn searched(&self) -> Option<Searched<'_>> {
        Some(Searched {
            title: &self.name,
            body: self.description.as_deref(),
            more: [None; 2],
            project_id: None,
            task_id: None,
        })
    }

    fn uniques() -> &'static [Unique] {
        &[Unique { index: "request_type_folded_key", columns: "request_type.name_key", field: "name" }]
    }
}

impl Listed for RequestType {
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "name", form: Form::Text, column: Column::Name },
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
    /// The writable fields of a request type.
    pub struct RequestTypeInput of RequestType, without rules {
        /// The name of the request type: one line of 1 to 100 characters. It must be unique in the
        /// organisation; case and spacing make no difference.
        #[serde(deserialize_with = "trimmed::<_, 100>")]
        #[garde(length(chars, min = 1, max = 100), custom(one_line))]
        #[schema(format = "line", min_length = 1, max_length = 100, example = "Repair")]
        name: String,
        /// The description of the request type, of at most 20,000 characters.
        #[serde(default)]
        #[garde(length(chars, max = 20_000))]
        #[schema(max_length = 20_000)]
        description: Option<String>,
    }
}
