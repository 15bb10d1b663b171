//! Validation of request bodies.
//!
//! Invariant: authorisation comes before validation. A handler passes an [`Unchecked`] body to the
//! operation. The operation resolves the row, which authorises the caller, and then converts the
//! body to the input of the resource.
//!
//! This module does not know any single resource. The bounds of a field are attributes of the input
//! type.

mod address;
#[cfg(fuzzing)]
pub mod fuzzing;
mod id;
mod reading;
mod stand_in;
mod strict;
mod text;
mod words;

use std::marker::PhantomData;

use garde::Validate;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

pub use self::address::{is_demo, is_reachable, reachable};
pub use self::id::id;
use self::reading::parse;
pub use self::text::{Text, folded, language_tag, one_line, title_line, trimmed, zone_name};
pub use self::words::items;
use crate::{Error, Result, kernel::error::Kind};

/// The pattern of every text in a body, for the OpenAPI document: no control characters except tab,
/// line feed and carriage return.
pub const TEXT: &str = "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$";

/// A JSON body that is not validated yet.
#[derive(Clone, Debug)]
pub struct Unchecked<T> {
    /// The body, or the reason why it is malformed.
    body: Result<Value, String>,
    patch: bool,
    input: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Validate<Context = ()>> Unchecked<T> {
    /// A complete body, as of `POST` and `PUT`.
    pub fn new(body: Value) -> Self {
        Self { body: Ok(body), patch: false, input: PhantomData }
    }

    /// A malformed body. The error is returned when the body is checked, after authorisation.
    pub fn malformed(detail: String) -> Self {
        Self { body: Err(detail), patch: false, input: PhantomData }
    }

    /// A JSON merge patch (RFC 7396).
    pub fn patch(body: Value) -> Self {
        Self { body: Ok(body), patch: true, input: PhantomData }
    }

    /// Validates the body and converts it to the input.
    ///
    /// # Errors
    /// `Malformed`; `Invalid` with all fields that are unknown, missing, of a wrong type or out of
    /// bounds.
    pub fn check(&self) -> Result<T> {
        parse(self.read()?)
    }

    /// The unvalidated body, for operations that need a part of it before the check.
    ///
    /// # Errors
    /// `Malformed`.
    pub(crate) fn read(&self) -> Result<&Value> {
        self.body.as_ref().map_err(|detail| Error::with(Kind::Malformed, detail))
    }

    /// Validates the new state and converts it to the input.
    ///
    /// The new state is the body or, for a merge patch, the present state with the patch applied:
    /// absent fields keep their values, and null clears a field. A null for a field that is not
    /// nullable is an error, as any other wrong value.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_over(&self, present: &impl Serialize) -> Result<T> {
        if !self.patch {
            return self.check();
        }
        let mut merged = serde_json::to_value(present).map_err(Error::internal)?;
        let body = self.read()?;
        if !body.is_object() {
            return Err(Error::field("", "invalid_type", "Must be a JSON object (a merge patch)."));
        }
        merge(&mut merged, body);
        parse(&merged)
    }
}

impl<T> Unchecked<T> {
    /// The number of items in a list of the unvalidated body; 0 if there is no such list.
    pub(crate) fn items(&self, list: &str) -> usize {
        let body = self.body.as_ref().ok().and_then(|body| body.get(list));
        body.and_then(Value::as_array).map_or(0, Vec::len)
    }
}

/// Applies a merge patch. A null replaces the value, and does not remove it as in RFC 7396. The
/// type of the field then accepts or rejects it.
fn merge(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}

/// The key for comparing unique names of at most `LONGEST` characters: see
/// [`taskhub_migration::text`].
///
/// A migration that computes keys may find rows with the same key. It appends the id of the row to
/// the key then. Such a row keeps its key (`kept`) until its name changes.
pub(crate) fn name_key<const LONGEST: usize>(name: &str, kept: &str, id: uuid::Uuid) -> String {
    let key = taskhub_migration::text::name_key(name, LONGEST);
    let apart = taskhub_migration::text::apart(&key, id);
    if kept == apart { apart } else { key }
}

/// Checks that an end is not before its start.
///
/// # Errors
/// `Invalid`, at the field `field` of the end.
pub(crate) fn in_order(
    start: Option<crate::Timestamp>,
    end: Option<crate::Timestamp>,
    field: &str,
) -> Result<()> {
    match (start, end) {
        (Some(start), Some(end)) if end < start => {
            Err(Error::field(format!("/{field}"), "invalid_value", "The end must not be before the start."))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[derive(Debug, Serialize, Deserialize, Validate, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Input {
        #[garde(length(chars, min = 3, max = 5), custom(one_line))]
        title: String,
        #[garde(range(max = 9))]
        #[serde(default)]
        size: Option<i32>,
        #[garde(skip)]
        #[serde(default)]
        colour: Option<Colour>,
    }

    #[derive(Debug, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Ids {
        #[serde(default)]
        #[garde(skip)]
        one: Option<Uuid>,
        #[serde(default)]
        #[garde(skip)]
        many: Vec<Uuid>,
        #[serde(default, deserialize_with = "trimmed::<_, 5>")]
        #[garde(skip)]
        name: String,
    }

    #[derive(Debug, Serialize, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Colour {
        Red,
    }

    fn check(body: Value) -> Result<Input> {
        Unchecked::new(body).check()
    }

    fn first(error: &Error) -> (&str, &str) {
        let field = &error.fields()[0];
        (&field.pointer, field.code)
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let wrong = |body| check(body).unwrap_err();
        assert_eq!(first(&wrong(json!({"title": "abc", "weight": 1}))), ("/weight", "unknown_field"));
        for (name, pointer) in [
            ("a/b~", "/a~1b~0"),
            ("", "/"),
            ("~1", "/~01"),
            ("a.b[0]", "/a.b[0]"),
            ("a`b, `title", "/a`b, `title"),
        ] {
            assert_eq!(first(&wrong(json!({"title": "abc", name: 1}))), (pointer, "unknown_field"));
        }
        assert_eq!(first(&wrong(json!({}))), ("/title", "required"));
        assert_eq!(first(&wrong(json!({"title": 1}))), ("/title", "invalid_type"));
        assert_eq!(first(&wrong(json!({"title": "ab"}))), ("/title", "invalid_value"));
        assert_eq!(first(&wrong(json!({"title": "a\u{0}b"}))), ("/title", "control_character"));
        assert_eq!(first(&wrong(json!({"title": "a\nb"}))), ("/title", "invalid_value"));
        assert_eq!(first(&wrong(json!({"title": "abc", "size": 10}))), ("/size", "invalid_value"));
        for other in [json!([]), json!(["abc", 1]), json!(null), json!("abc")] {
            assert_eq!(first(&wrong(other)), ("", "invalid_type"));
        }
    }

    #[test]
    fn an_id_is_written_in_one_way() {
        let id = Uuid::from_u128(0x0190_f2a8_5d3c_7c1e_9d4e_6f1b_2a3c_4d5e);
        let check = |body| Unchecked::<Ids>::new(body).check();
        for text in [id.to_string(), id.to_string().to_uppercase()] {
            let read = check(json!({"one": text, "many": [text]})).unwrap();
            assert_eq!((read.one, read.many), (Some(id), vec![id]));
        }
        for text in [id.simple().to_string(), id.braced().to_string(), id.urn().to_string()] {
            assert_eq!(first(&check(json!({"one": text})).unwrap_err()), ("/one", "invalid_type"));
            assert_eq!(first(&check(json!({"many": [id, text]})).unwrap_err()), ("/many/1", "invalid_type"));
        }
    }

    #[test]
    fn what_is_trimmed_is_counted_as_it_was_sent() {
        let check = |name: &str| Unchecked::<Ids>::new(json!({ "name": name })).check();
        assert_eq!(check(" ab ").unwrap().name, "ab");
        assert_eq!(first(&check("    ab").unwrap_err()), ("/name", "invalid_value"));
    }

    #[test]
    fn a_word_is_text() {
        assert_eq!(check(json!({"title": "abc", "colour": "red"})).unwrap().colour, Some(Colour::Red));
        for other in
            [json!({"red": null}), json!({"red": {}}), json!({}), json!(["red"]), json!(1), json!("blue")]
        {
            let refused = check(json!({"title": "abc", "colour": other})).unwrap_err();
            assert_eq!(first(&refused), ("/colour", "invalid_type"), "{other}");
        }
    }

    #[test]
    fn null_clears_what_may_be_null_and_is_refused_elsewhere() {
        let present = Input { title: "abc".into(), size: Some(1), colour: None };
        let patch = |body| Unchecked::<Input>::patch(body).check_over(&present);
        assert_eq!(patch(json!({"size": null})).unwrap().size, None);
        assert_eq!(first(&patch(json!({"title": null})).unwrap_err()), ("/title", "invalid_type"));
        assert_eq!(first(&patch(json!({"weight": null})).unwrap_err()), ("/weight", "unknown_field"));
        assert_eq!(first(&patch(json!(null)).unwrap_err()), ("", "invalid_type"));
    }

    proptest! {
        /// Absent fields stay, present fields are replaced, and a second application changes
        /// nothing.
        #[test]
        fn merge_patch_laws(title in "[a-z]{3,5}", size in proptest::option::of(0..9i32), new in proptest::option::of("[a-z]{3,5}")) {
            let present = Input { title: title.clone(), size, colour: None };
            let body = new.as_ref().map_or(json!({}), |new| json!({"title": new}));
            let once = Unchecked::<Input>::patch(body.clone()).check_over(&present).unwrap();
            prop_assert_eq!(&once.title, new.as_ref().unwrap_or(&title));
            prop_assert_eq!(once.size, size);
            prop_assert_eq!(Unchecked::<Input>::patch(body).check_over(&once).unwrap(), once);
        }

        /// A number without a fraction is a whole number in every notation; one with a fraction is
        /// not.
        #[test]
        fn a_whole_number_is_one(number in 1..9i32, part in 1..9u8) {
            let written = |text: String| check(serde_json::from_str(&format!(r#"{{"title": "abc", "size": {text}}}"#)).unwrap());
            for text in [format!("{number}"), format!("{number}.0"), format!("{number}e0"), format!("{number}0e-1")] {
                prop_assert_eq!(written(text).unwrap().size, Some(number));
            }
            for text in [format!("{number}.{part}"), format!("{number}e99")] {
                prop_assert!(written(text).is_err());
            }
        }

        /// Any JSON patch is applied as in RFC 7396, except that a null replaces the value. Nothing
        /// else changes.
        #[test]
        fn a_patch_is_merged(target in value(), patch in value()) {
            let mut merged = target.clone();
            merge(&mut merged, &patch);
            let (Some(fields), Some(changes)) = (target.as_object(), patch.as_object()) else {
                prop_assert_eq!(merged, patch);
                return Ok(());
            };
            for (name, change) in changes {
                let mut expected = fields.get(name).cloned().unwrap_or_default();
                merge(&mut expected, change);
                prop_assert_eq!(&merged[name], &expected);
            }
            for (name, kept) in fields.iter().filter(|(name, _)| !changes.contains_key(*name)) {
                prop_assert_eq!(&merged[name], kept);
            }
            let again = { let mut again = merged.clone(); merge(&mut again, &patch); again };
            prop_assert_eq!(again, merged);
        }

        /// No JSON causes a panic, and every error has a pointer.
        #[test]
        fn any_json_is_judged(body in value()) {
            if let Err(error) = check(body) {
                prop_assert!(error.fields().iter().all(|wrong| wrong.pointer.is_empty() || wrong.pointer.starts_with('/')));
            }
        }
    }

    /// Any JSON of a small depth, often with the fields of the input.
    fn value() -> impl Strategy<Value = Value> {
        let plain = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        plain.prop_recursive(3, 12, 4, |inner| {
            let fields = prop::collection::btree_map("title|size|colour|[a/~]{0,2}", inner.clone(), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..3).prop_map(Value::from),
                fields.prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }
}
