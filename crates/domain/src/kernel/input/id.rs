//! Parsing ids in paths, parameters and bodies.
//!
//! Invariant: an id has hyphens, and letters of either case (RFC 9562, section 4), as in the
//! OpenAPI document. The `uuid` crate also accepts braces, URNs and digits without hyphens, so ids
//! of clients are parsed only here.

use uuid::Uuid;

/// The length of an id, in characters. The other forms of the `uuid` crate have 32, 38 and 45.
const LENGTH: usize = 36;

/// Parses an id; `None` for any other text.
pub fn id(text: &str) -> Option<Uuid> {
    (text.len() == LENGTH).then(|| Uuid::try_parse(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// An id is accepted in upper and lower case, and in no other form.
        #[test]
        fn an_id_has_hyphens(number: u128) {
            let one = Uuid::from_u128(number);
            let plain = one.hyphenated().to_string();
            prop_assert_eq!(id(&plain), Some(one));
            prop_assert_eq!(id(&plain.to_uppercase()), Some(one));
            for other in [one.simple().to_string(), one.braced().to_string(), one.urn().to_string(), format!("{plain} ")] {
                prop_assert_eq!(id(&other), None);
            }
        }

        /// An accepted text is the id, except for the case of its letters.
        #[test]
        fn what_is_read_is_written_so(text in "[0-9a-f-]{36}|.*") {
            if let Some(one) = id(&text) {
                prop_assert_eq!(one.to_string(), text.to_lowercase());
            }
        }
    }
}
