//! Folds text for comparison and search. The server uses it for writes, and a migration uses it for
//! the rows that exist.
//!
//! Invariant: columns hold what these functions return (`name_key` of names, `search` of users, the
//! terms of searchable rows). A change of a function here needs a migration that computes these
//! columns again, as [`crate::m0024_text_keys`] does, and an increment of [`FOLDING`].

use icu_normalizer::{
    ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed,
    properties::CanonicalCombiningClassMapBorrowed,
};
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup, Script},
};
use unicase::UniCase;

/// The version of the folding that makes the terms of searchable rows. The server makes the terms
/// of an older version again.
pub const FOLDING: i16 = 1;

/// Text for comparison: in one case and one normal form, without invisible characters
/// (`NFKC_Casefold`, Unicode section 3.13). Two texts that look alike except for case and width are
/// equal.
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let visible: String = text.chars().filter(|c| !shows_nothing(*c)).collect();
    let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(&visible);
    // A normalised character can have a case again, as ℡ does.
    let once = nfkc.normalize(&in_one_case(&decomposed)).into_owned();
    nfkc.normalize(&in_one_case(&once)).into_owned()
}

/// Text for search: folded, and without accents, the points of Hebrew and Arabic, and strokes
/// through letters. Marks that make another letter stay, as in Indian scripts, Thai and kana.
pub fn searched(text: &str) -> String {
    let folded = folded(text);
    if folded.is_ascii() {
        return folded;
    }
    let letters = DecomposingNormalizerBorrowed::new_nfd().normalize(&folded);
    let bare = letters.chars().filter(|c| !is_accent(*c)).flat_map(without_stroke).collect::<String>();
    ComposingNormalizerBorrowed::new_nfc().normalize(&bare).into_owned()
}

/// The key of a unique name: folded, with single spaces, and cut after twice `longest` characters.
/// Hardly any name is longer. Of two longer names with the same beginning, one is rejected.
pub fn name_key(name: &str, longest: usize) -> String {
    folded(name).split_whitespace().collect::<Vec<_>>().join(" ").chars().take(2 * longest).collect()
}

/// The searchable text of a user: the names, cut after the 700 characters of the column.
pub fn user_search(names: [&str; 3]) -> String {
    searched(&names.join(" ")).chars().take(700).collect()
}

/// The key of a row whose name another row has already. The id makes it different.
pub fn apart(key: &str, id: impl std::fmt::Display) -> String {
    format!("{key} {id}")
}

/// Whether a character is invisible and has no width: the default ignorable characters of Unicode,
/// and a few others.
pub fn shows_nothing(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || matches!(c, '\u{2800}' | '\u{fff9}'..='\u{fffb}')
}

/// Whether a character belongs to the one before it: an accent, a vowel sign or a point.
pub fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(c))
}

/// Whether a character can be a word of its own: an ideograph, or a syllable of Korean or Japanese.
pub fn may_be_a_word(c: char) -> bool {
    let script = CodePointMapData::<Script>::new().get(c);
    [Script::Han, Script::Hangul, Script::Hiragana, Script::Katakana].contains(&script) && !shows_nothing(c)
}

/// Full case folding (Unicode, section 3.13).
fn in_one_case(text: &str) -> String {
    UniCase::unicode(text).to_folded_case()
}

/// Whether a mark is an accent or a point, by its canonical combining class (UAX #44, section
/// 5.7.4): overlays, the fixed positions of Hebrew, Arabic and Syriac, and marks above, below and
/// beside letters. The Arabic tatweel, which stretches letters, belongs to no word either.
fn is_accent(c: char) -> bool {
    matches!(CanonicalCombiningClassMapBorrowed::new().get_u8(c), 1 | 10..=36 | 200..=240) || c == '\u{640}'
}

/// Folded letters that people type without the stroke, or as two letters, and that Unicode does not
/// decompose.
fn without_stroke(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'ø' => ('o', None),
        'ł' => ('l', None),
        'đ' | 'ð' => ('d', None),
        'ħ' => ('h', None),
        'ŧ' => ('t', None),
        'ı' => ('i', None),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        _ => (c, None),
    };
    std::iter::once(first).chain(second)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_look_alike_are_the_same() {
        for (one, other) in [
            ("ΣΣ", "σς"),
            ("Straße", "STRASSE"),
            ("x", "x\u{200b}"),
            ("a \u{200b} b", "A b"),
            ("Å", "A\u{30a}"),
            ("ﬁnance", "Finance"),
            ("Ｂｕｇ", "bug"),
            ("ｶﾞ", "ガ"),
            ("℡", "tel"),
            ("İ", "i\u{307}"),
            ("  two\u{a0} words ", "Two Words"),
        ] {
            assert_eq!(name_key(one, 50), name_key(other, 50), "{one} {other}");
        }
        for (one, other) in [("résumé", "resume"), ("か", "が"), ("ı", "i"), ("no", "on")] {
            assert_ne!(name_key(one, 50), name_key(other, 50), "{one} {other}");
        }
        assert_eq!(name_key(&"\u{fdfa}".repeat(50), 50).chars().count(), 100);
    }

    #[test]
    fn a_search_passes_over_accents_points_and_width() {
        for (text, wanted) in [
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
            ("مُحَمَّد", "محمد"),
            ("محـــمد", "محمد"),
            ("שָׁלוֹם", "שלום"),
            ("Ｆｉｎａｎｃｅ", "finance"),
            ("ﬁnance", "finance"),
            ("Łódź", "lodz"),
            ("Søren Ærø", "soren aero"),
            ("IŞIK", "ışık"),
            ("Việt Nam", "viet nam"),
            ("e\u{301}tude", "etude"),
            ("한국", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}"),
        ] {
            assert_eq!(searched(text), searched(wanted), "{text} {wanted}");
        }
        for (one, other) in [("か", "が"), ("कल", "कुल"), ("ก่", "ก้")] {
            assert_ne!(searched(one), searched(other), "{one} {other}");
        }
    }

    proptest! {
        /// Folding is idempotent, and invisible characters make no difference.
        #[test]
        fn folding_is_stable(text in any::<String>(), place in any::<prop::sample::Index>()) {
            for fold in [folded as fn(&str) -> String, searched] {
                let once = fold(&text);
                prop_assert_eq!(fold(&once), once.clone());
                prop_assert!(!once.chars().any(shows_nothing), "{:?}", once);
                prop_assert_eq!(fold(&text.to_uppercase().to_lowercase()), fold(&text.to_lowercase()));
                let places: Vec<_> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
                let mut hidden = text.clone();
                hidden.insert(places[place.index(places.len())], '\u{200b}');
                prop_assert_eq!(fold(&hidden), once);
            }
        }
    }

    /// Checks each character alone: folding it twice is the same as once.
    #[test]
    fn every_character_is_folded_once() {
        for c in ('\u{0}'..=char::MAX).filter(|c| !shows_nothing(*c)) {
            let text = c.to_string();
            assert_eq!(folded(&folded(&text)), folded(&text), "{c:?}");
            assert_eq!(searched(&searched(&text)), searched(&text), "{c:?}");
        }
    }
}
