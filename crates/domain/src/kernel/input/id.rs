//! Ids as clients write them: in a path, in a parameter, in a body.
//!
//! Invariant: an id is written with hyphens, in either case (RFC 9562 section 4), as the document says it, and in no other way. The library also reads
//! braces, URNs and bare digits, so nothing that a client wrote is read by the library alone.

use uuid::Uuid;

/// How many characters an id has. The library's other forms have 32, 38 and 45.
const LENGTH: usize = 36;

/// The id that a text is.
pub fn id(text: &str) -> Option<Uuid> {
    (text.len() == LENGTH).then(|| Uuid::try_parse(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// An id is read in either case, and in none of the other forms.
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

        /// Whatever the text is, what is read of it is written so.
        #[test]
        fn what_is_read_is_written_so(text in "[0-9a-f-]{36}|.*") {
            if let Some(one) = id(&text) {
                prop_assert_eq!(one.to_string(), text.to_lowercase());
            }
        }
    }
}
