//! The tokenizer of the search, which is the same on every database.
//!
//! A text is split at every character that is neither a letter with its marks nor a digit, and
//! folded ([`searched`]). A word is stored as a term: the tenant, and the letters of the word
//! spelled with `a` to `z` and `0` to `9`. So it does not depend on a database's own rules for
//! words, stop words, case or accents.
//!
//! Invariant: a word is a prefix of another exactly if its term is, up to [`SPELLED`] characters.
//! No tenants share a term, so they share no statistics.

use std::{collections::HashSet, ops::Range};

use taskhub_migration::text::{is_mark, searched, shows_nothing};
use uuid::Uuid;

use crate::{Error, Result};

/// The maximum length of a search text, in characters.
pub const LONGEST: usize = 200;
/// The maximum number of words in a search text.
pub(crate) const MOST: usize = 10;
/// The maximum number of different words of a row that are indexed: its first ones.
const KEPT: usize = 2000;
/// The maximum length of a spelled word, in characters. With the tenant it stays below 84, the
/// maximum length of a term in MariaDB.
const SPELLED: usize = 54;
/// The number of digits of a tenant in a term, in base 36.
const TENANT: usize = 25;

/// The words of a text, with their byte ranges in it.
pub(crate) fn words(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    // A mark or an invisible joiner belongs to the letters around it.
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

/// The spelling of a word: it is folded, and no letter's spelling is a prefix of another's.
pub(crate) fn spell(word: &str) -> String {
    let mut spelled = String::new();
    for letter in searched(word).chars() {
        let before = spelled.len();
        match letter {
            'q' | 'x' | 'z' => spelled.extend(['x', letter]),
            'a'..='z' | '0'..='9' => spelled.push(letter),
            // Latin, Greek and Cyrillic letters need three characters each.
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

/// Appends a number in base 36 with exactly so many digits.
fn push_digits(text: &mut String, number: u128, digits: usize) {
    let mut rest = number;
    let mut reversed = Vec::with_capacity(digits);
    for _ in 0..digits {
        reversed.extend(u32::try_from(rest % 36).ok().and_then(|digit| char::from_digit(digit, 36)));
        rest /= 36;
    }
    text.extend(reversed.iter().rev());
}

/// The prefix of all terms of a tenant.
fn beginning(tenant: Uuid) -> String {
    let mut beginning = String::with_capacity(1 + TENANT + SPELLED);
    beginning.push('t');
    push_digits(&mut beginning, tenant.as_u128(), TENANT);
    beginning
}

/// The terms of a row's texts, separated by spaces. Each is there once.
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

/// A search: all of its words must occur, and the last may be a prefix of one.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    whole: Vec<String>,
    last: String,
}

impl Wanted {
    /// Reads a search from the text of a parameter.
    ///
    /// # Errors
    /// `InvalidParameter` when the text has no word, a control character, more than 10 words or
    /// more than 200 characters.
    pub(crate) fn read(name: &str, text: &str) -> Result<Self> {
        let expected = || {
            let expected = format!("Must be 1 to {MOST} words of at most {LONGEST} characters in total.");
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

    /// The terms of the search in a tenant: the whole words, and the prefix.
    pub(crate) fn terms(&self, tenant: Uuid) -> (Vec<String>, String) {
        let beginning = beginning(tenant);
        let whole = self.whole.iter().map(|word| format!("{beginning}{word}")).collect();
        (whole, format!("{beginning}{}", self.last))
    }

    /// How a word of a text matches each word of the search: `Some(true)` as a whole, `Some(false)`
    /// as a prefix, `None` not at all.
    pub(crate) fn fits(&self, spelled: &str) -> impl Iterator<Item = Option<bool>> {
        let whole = self.whole.iter().map(move |word| (word == spelled).then_some(true));
        let last = spelled.starts_with(&self.last).then_some(spelled == self.last);
        whole.chain([last])
    }

    /// Whether a word of a text matches any word of the search.
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
        /// A word is a prefix of another exactly if its spelling is.
        #[test]
        fn beginnings_are_kept(one in "[\\p{L}\\p{N}]{0,9}", other in "[\\p{L}\\p{N}]{0,9}", shared in "[qxzaß木ж]{0,3}") {
            for (one, other) in [(one.clone(), other.clone()), (shared.clone(), format!("{shared}{other}")), (format!("{shared}{one}"), format!("{shared}{other}"))] {
                prop_assert_eq!(spell(&other).starts_with(&spell(&one)), searched(&other).starts_with(&searched(&one)), "{} {}", one, other);
            }
        }

        /// For any text, the terms are ASCII, bounded and the tenant's.
        #[test]
        fn terms_are_plain(text in "\\PC{0,300}", tenant in any::<u128>()) {
            let (tenant, other) = (Uuid::from_u128(tenant), Uuid::from_u128(tenant ^ 1));
            let terms = terms(tenant, [text.as_str(), ""]);
            for term in terms.split_whitespace() {
                prop_assert!(term.len() <= 80 && term.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{}", term);
                prop_assert!(term.starts_with(&beginning(tenant)) && !term.starts_with(&beginning(other)));
            }
        }

        /// The ranges of words are right.
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
