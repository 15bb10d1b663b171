//! Labels: what tasks are sorted into across projects.

use crate::{
    edit::input,
    input::{name_key, one_line, trimmed},
    list::{Filter, Form, Sort},
    policy,
    store::{Noun, Unique, entity},
};

entity! {
    /// What tasks are sorted into.
    pub struct Label in "label", editable {
        /// Unique in the tenant, whatever its letters' case and blanks.
        #[schema(example = "Bug")]
        pub name: String,
        /// Red, green and blue, two hexadecimal digits each.
        #[schema(example = "#d73a4a")]
        pub color: String,
        /// By which names are compared. Never shown.
        #[serde(skip)]
        pub name_key: String,
    }
}

impl Noun for Label {
    const NOUN: policy::Noun = policy::Noun::Label;
    type Item = Self;

    const HIDDEN: &'static [&'static str] = &["tenant_id", "name_key"];

    fn derived(self) -> Self {
        Self { name_key: name_key::<50>(&self.name, &self.name_key, self.id), ..self }
    }

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
        &[Unique { index: "label_folded_key", columns: "label.name_key", field: "name" }]
    }
}

input! {
    /// What can be written of a label.
    pub struct LabelInput of Label, without rules {
        /// Unique in the tenant, whatever its letters' case and blanks.
        #[serde(deserialize_with = "trimmed::<_, 50>")]
        #[garde(length(chars, min = 1, max = 50), custom(one_line))]
        #[schema(format = "line", min_length = 1, max_length = 50, example = "Bug")]
        name: String,
        /// Red, green and blue, two hexadecimal digits each.
        #[serde(default = "grey")]
        #[garde(custom(rgb))]
        #[schema(default = "#808080", format = "color", pattern = "^#[0-9a-f]{6}$", min_length = 7, max_length = 7, example = "#d73a4a")]
        color: String,
    }
}

fn grey() -> String {
    "#808080".to_owned()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
fn rgb(color: &str, _: &()) -> garde::Result {
    let digits = color.strip_prefix('#').unwrap_or_default();
    let fits = digits.len() == 6 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let wrong = || garde::Error::new("must be # and six hexadecimal digits in lower case, like #1d76db");
    fits.then_some(()).ok_or_else(wrong)
}
