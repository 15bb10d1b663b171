//! Search words: they reach the full-text search of a database as letters and digits within one
//! tenant, and a text is found by its words.
//!
//! Input: a text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use taskhub_domain::fuzzing::terms;
use uuid::Uuid;

const TENANT: Uuid = Uuid::from_u128(0x7e);
const OTHER: Uuid = Uuid::from_u128(0x7f);

fuzz_target!(|text: &str| {
    let (kept, wanted) = terms(TENANT, text);
    let kept: Vec<_> = kept.split_whitespace().collect();
    assert!(kept.iter().all(|term| is_plain(term)), "{kept:?}");
    let Some((whole, last)) = wanted else { return };
    assert!(whole.iter().chain([&last]).all(|term| is_plain(term)), "{whole:?} {last}");
    // A search for the text finds it.
    assert!(whole.iter().all(|term| kept.contains(&term.as_str())), "{whole:?} in {kept:?}");
    assert!(kept.iter().any(|term| term.starts_with(&last)), "{last} in {kept:?}");
    // It finds nothing of another tenant.
    let (elsewhere, _) = terms(OTHER, text);
    let beginning = |term: &str| term[..26].to_owned();
    assert!(elsewhere.split_whitespace().all(|term| beginning(term) != beginning(&last)));
});

/// Whether a term consists of letters and digits and is not longer than every database stores.
fn is_plain(term: &str) -> bool {
    term.len() <= 84 && term.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit())
}
