//! Labels: they classify tasks across projects.
//!
//! Invariant: a label that a task has is not deleted. Tasks in the trash do not count; they lose
//! the label.

use crate::kernel::{
    crud::input,
    input::{name_key, one_line, trimmed},
    list::{Filter, Form, Sort},
    policy,
    repository::{Access, Listed, Resource, Stored, Unique, entity},
};

entity! {
    /// A label for tasks of all projects.
    pub struct Label in "label", editable {
        /// The name, on one line, unique in the organisation. Names that differ only in letter case
        /// or in repeated spaces count as equal.
        #[schema(example = "Bug")]
        pub name: String,
        /// The colour as `#` and six lower-case hexadecimal digits: red, green and blue.
        #[schema(example = "#d73a4a")]
        pub color: String,
        /// The key by which names are compared. No response contains it.
        #[serde(skip)]
        pub name_key: String,
    }
}

impl Resource for Label {
    const TYPE: policy::ResourceType = policy::ResourceType::Label;
    type Parent = ();
}

impl Access for Label {}

impl Stored for Label {
    const HIDDEN: &'static [&'static str] = &["tenant_id", "name_key"];
    const IN_USE: Option<&'static str> =
        Some("Tasks outside the trash have this label. Remove it from them first.");

    fn derived(self) -> Self {
        Self { name_key: name_key::<50>(&self.name, &self.name_key, self.id), ..self }
    }

    fn uniques() -> &'static [Unique] {
        &[Unique { index: "label_folded_key", columns: "label.name_key", field: "name" }]
    }
}

impl Listed for Label {
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
}

input! {
    /// The writable fields of a label.
    pub struct LabelInput of Label, without rules {
        /// The name, on one line, unique in the organisation. Names that differ only in letter case
        /// or in repeated spaces count as equal.
        #[serde(deserialize_with = "trimmed::<_, 50>")]
        #[garde(length(chars, min = 1, max = 50), custom(one_line))]
        #[schema(format = "line", min_length = 1, max_length = 50, example = "Bug")]
        name: String,
        /// The colour as `#` and six lower-case hexadecimal digits: red, green and blue.
        #[serde(default = "grey")]
        #[garde(custom(rgb))]
        #[schema(default = "#808080", format = "color", pattern = "^#[0-9a-f]{6}$", min_length = 7, max_length = 7, example = "#d73a4a")]
        color: String,
    }
}

/// The default colour.
fn grey() -> String {
    "#808080".to_owned()
}

/// A rule of garde: a colour in this form.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
fn rgb(color: &str, _: &()) -> garde::Result {
    let digits = color.strip_prefix('#').unwrap_or_default();
    let fits = digits.len() == 6 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let wrong = || garde::Error::new("must be # and six hexadecimal digits in lower case, like #1d76db");
    fits.then_some(()).ok_or_else(wrong)
}
