//! Words: what a text is searched by, the same on every database.
//!
//! A text is split at what is neither a letter with its marks nor a digit, and folded ([`searched`]). A word is kept as a term: its tenant, and its
//! letters spelled with `a` to `z` and `0` to `9`. So no database's own idea of words, stop words, case or accents matters. A word is the beginning of
//! another exactly when its term is, up to [`SPELLED`] characters. No statistics are shared, because no tenants share a term.

use std::{collections::HashSet, ops::Range};

use taskhub_migration::text::{is_mark, searched, shows_nothing};
use uuid::Uuid;

use crate::{Error, Result};

/// The most characters that are searched for.
pub const LONGEST: usize = 200;
/// The most words that are searched for.
pub(crate) const MOST: usize = 10;
/// The most different words of a row that are kept: the first.
const KEPT: usize = 2000;
/// The most characters of a word as it is spelled: with its tenant below the 84 that MariaDB keeps of a term.
const SPELLED: usize = 54;
/// How many digits a tenant has.
const TENANT: usize = 25;

/// The words of a text, and where they stand.
pub(crate) fn words(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    // A mark, or a joiner that shows nothing, belongs to the letters around it.
    let between = |c: char| !(c.is_alphanumeric() || is_mark(c) || shows_nothing(c));
    let mut at = 0;
    let pieces = text.split_inclusive(between).map(move |piece| {
        let word = piece.trim_end_matches(between);
        let start = at;
        at += piece.len();
        (start..start + word.len(), word)
    });
    pieces.filter(|(_, word)| word.contains(char::is_alphanumeric))
}

/// A word as it is compared: folded, and each letter spelled so that no spelling is the beginning of another.
pub(crate) fn spell(word: &str) -> String {
    let mut spelled = String::new();
    for letter in searched(word).chars() {
        let before = spelled.len();
        match letter {
            'q' | 'x' | 'z' => spelled.extend(['x', letter]),
            'a'..='z' | '0'..='9' => spelled.push(letter),
            // Latin, Greek and Cyrillic letters, at three characters each.
            '\u{80}'..='\u{58f}' => {
                spelled.push('q');
                push_digits(&mut spelled, (u32::from(letter) - 0x80).into(), 2);
            }
            _ => {
                spelled.push('z');
                push_digits(&mut spelled, u32::from(letter).into(), 4);
            }
        }
        if spelled.len() > SPELLED {
            spelled.truncate(before);
            break;
        }
    }
    spelled
}

/// Writes a number with so many digits from 0 to z.
fn push_digits(text: &mut String, number: u128, digits: usize) {
    let mut rest = number;
    let mut reversed = Vec::with_capacity(digits);
    for _ in 0..digits {
        reversed.extend(u32::try_from(rest % 36).ok().and_then(|digit| char::from_digit(digit, 36)));
        rest /= 36;
    }
    text.extend(reversed.iter().rev());
}

/// What the terms of a tenant begin with.
fn beginning(tenant: Uuid) -> String {
    let mut beginning = String::with_capacity(1 + TENANT + SPELLED);
    beginning.push('t');
    push_digits(&mut beginning, tenant.as_u128(), TENANT);
    beginning
}

/// The terms of a row's texts, with blanks between.
pub(crate) fn terms<'a>(tenant: Uuid, texts: impl IntoIterator<Item = &'a str>) -> String {
    let (beginning, mut seen, mut terms) = (beginning(tenant), HashSet::new(), String::new());
    let all = texts.into_iter().flat_map(words).map(|(_, word)| spell(word)).filter(|word| !word.is_empty());
    for word in all {
        if seen.len() == KEPT {
            break;
        }
        if !seen.contains(&word) {
            if !terms.is_empty() {
                terms.push(' ');
            }
            terms.push_str(&beginning);
            terms.push_str(&word);
            seen.insert(word);
        }
    }
    terms
}

/// What is looked for: words, all of which must occur; the last may be the beginning of one.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    whole: Vec<String>,
    last: String,
}

impl Wanted {
    /// What a parameter asks for.
    ///
    /// # Errors
    /// `InvalidParameter` for no word, and for too much.
    pub(crate) fn read(name: &str, text: &str) -> Result<Self> {
        let expected = || {
            let expected = format!("Expected 1 to {MOST} words, of together at most {LONGEST} characters.");
            Error::parameter(name, expected)
        };
        let mut words: Vec<_> =
            words(text).map(|(_, word)| spell(word)).filter(|word| !word.is_empty()).collect();
        let is_short = text.chars().nth(LONGEST).is_none() && words.len() <= MOST;
        let last =
            words.pop().filter(|_| is_short && !text.contains(char::is_control)).ok_or_else(expected)?;
        words.sort_unstable();
        words.dedup();
        Ok(Self { whole: words, last })
    }

    /// The terms in a tenant: those that are whole, and the one that others may begin with.
    pub(crate) fn terms(&self, tenant: Uuid) -> (Vec<String>, String) {
        let beginning = beginning(tenant);
        let whole = self.whole.iter().map(|word| format!("{beginning}{word}")).collect();
        (whole, format!("{beginning}{}", self.last))
    }

    /// How a word of a text fits each of those that are looked for: `Some(true)` whole, `Some(false)` as its beginning.
    pub(crate) fn fits(&self, spelled: &str) -> impl Iterator<Item = Option<bool>> {
        let whole = self.whole.iter().map(move |word| (word == spelled).then_some(true));
        let last = spelled.starts_with(&self.last).then_some(spelled == self.last);
        whole.chain([last])
    }

    /// Whether a word of a text is one of those that are looked for.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.fits(&spell(word)).any(|fit| fit.is_some())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<&str> {
        words(text).map(|(_, word)| word).collect()
    }

    proptest! {
        /// A word is the beginning of another exactly when its spelling is.
        #[test]
        fn beginnings_are_kept(one in "[\\p{L}\\p{N}]{0,9}", other in "[\\p{L}\\p{N}]{0,9}", shared in "[qxzaß木ж]{0,3}") {
            for (one, other) in [(one.clone(), other.clone()), (shared.clone(), format!("{shared}{other}")), (format!("{shared}{one}"), format!("{shared}{other}"))] {
                prop_assert_eq!(spell(&other).starts_with(&spell(&one)), searched(&other).starts_with(&searched(&one)), "{} {}", one, other);
            }
        }

        /// Whatever the text: terms are ASCII, bounded, and the tenant's.
        #[test]
        fn terms_are_plain(text in "\\PC{0,300}", tenant in any::<u128>()) {
            let (tenant, other) = (Uuid::from_u128(tenant), Uuid::from_u128(tenant ^ 1));
            let terms = terms(tenant, [text.as_str(), ""]);
            for term in terms.split_whitespace() {
                prop_assert!(term.len() <= 80 && term.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{}", term);
                prop_assert!(term.starts_with(&beginning(tenant)) && !term.starts_with(&beginning(other)));
            }
        }

        /// Words stand where they are said to.
        #[test]
        fn words_are_where_they_stand(text in "\\PC{0,100}") {
            for (place, word) in words(&text) {
                prop_assert_eq!(text.get(place), Some(word));
            }
        }
    }

    #[test]
    fn texts_are_split_at_what_is_no_letter() {
        assert_eq!(
            found("  “Don't” re-do #42:\n日本 Straße…"),
            ["Don", "t", "re", "do", "42", "日本", "Straße"]
        );
        assert_eq!(spell("Quartz"), "xquartxz");
        assert_eq!(spell("ÀÉ"), spell("àé"));
        let long = "ж".repeat(400);
        assert_eq!(spell(&long).len(), SPELLED);
    }

    #[test]
    fn nothing_to_look_for_is_refused() {
        let ten = "a ".repeat(10);
        assert!(
            ["x", "\"to do\"", &ten, &"x".repeat(200)].iter().all(|text| Wanted::read("q", text).is_ok())
        );
        for wrong in ["", " ", "%", "…", "a\0b", &format!("{ten}b"), &"x".repeat(201)] {
            assert!(Wanted::read("q", wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn no_more_words_are_kept_than_so_many() {
        let many = (0..3000).map(|n: u32| n.to_string()).collect::<Vec<_>>().join(" ");
        assert_eq!(terms(Uuid::nil(), ["first", many.as_str()]).split(' ').count(), KEPT);
    }
}
