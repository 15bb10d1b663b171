//! Messages for wrong fields: what the value must be.
//!
//! Invariant: no message of a library reaches a client. [`unreadable`] recognises a message of
//! serde by its start. Any other message comes from TaskHub's own rules, and is passed on.

use std::{borrow::Cow, fmt::Display};

use garde::i18n::{I18n, InvalidCreditCard, InvalidEmail, InvalidPhoneNumber, InvalidUrl, IpKind};

/// The message for a value for which there is no better one.
const ILL_FORMED: &str = "must have the format that the documentation describes";

/// The patterns of fields, with their messages.
const PATTERNS: [(&str, &str); 3] = [
    ("^[a-z0-9._-]+$", "may contain letters a to z, digits, dots, underscores and hyphens only"),
    (
        "^([a-z0-9]+(-[a-z0-9]+)*)?$",
        "may contain letters a to z and digits only, with single hyphens between them",
    ),
    ("^[a-z0-9-]+([.][a-z0-9-]+)+$", "must be a domain, like acme.example"),
];

/// What serde expected, with its message. The entries are prefixes.
const SHAPES: [(&str, &str); 8] = [
    ("a string", "must be text"),
    ("a borrowed string", "must be text"),
    ("a sequence", "must be a list"),
    ("a map", "must be a JSON object"),
    ("struct ", "must be a JSON object"),
    ("a boolean", "must be true or false"),
    ("f32", "must be a number"),
    ("f64", "must be a number"),
];

/// The message for a value that serde could not deserialise.
pub(super) fn unreadable(message: &str) -> String {
    let is_null = message.starts_with("invalid type: null");
    let expected = message.rsplit_once("expected ").map_or("", |(_, expected)| expected);
    let words: Cow<'_, str> = if message.starts_with("unknown variant ") {
        one_of(expected).into()
    } else if message.starts_with("invalid type: ") || message.starts_with("invalid value: ") {
        shape(expected).into()
    } else if message.starts_with("invalid length ") {
        ILL_FORMED.into()
    } else {
        message.into()
    };
    if is_null { sentence(&format!("{words}, and not null")) } else { sentence(&words) }
}

fn shape(expected: &str) -> &'static str {
    let known = SHAPES.iter().find(|(begins, _)| expected.starts_with(begins));
    let is_whole = expected.trim_start_matches(['i', 'u']).parse::<u8>().is_ok();
    match known {
        Some((_, words)) => words,
        None if is_whole || expected == "usize" => "must be a whole number within the documented range",
        None => ILL_FORMED,
    }
}

/// The message for an unknown word. serde lists the known ones as `` one of `a`, `b` `` or as
/// `` `a` or `b` ``.
fn one_of(expected: &str) -> String {
    let words: Vec<_> = expected.split('`').skip(1).step_by(2).collect();
    match words.as_slice() {
        [] => ILL_FORMED.to_owned(),
        [word] => format!("must be {word}"),
        words => format!("must be one of: {}", words.join(", ")),
    }
}

/// The message for a text that is too long.
pub(super) fn too_long(most: impl Display) -> String {
    sentence(&Words.length_greater_than(most.to_string().parse().unwrap_or_default()))
}

/// Converts a message to a sentence, with a capital letter and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn counted(number: usize, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// A garde rule: a list of `LEAST` to `MOST` items. The rule of garde itself would call the items
/// characters.
pub fn items<T, const LEAST: usize, const MOST: usize>(list: &[T], (): &()) -> garde::Result {
    match list.len() {
        length if length < LEAST => {
            Err(garde::Error::new(format!("must have at least {}", counted(LEAST, "item"))))
        }
        length if length > MOST => {
            Err(garde::Error::new(format!("must have at most {}", counted(MOST, "item"))))
        }
        _ => Ok(()),
    }
}

/// The messages for the rules of garde.
pub(super) struct Words;

impl I18n for Words {
    fn length_lower_than(&self, min: usize) -> Cow<'static, str> {
        format!("must be at least {}", counted(min, "character")).into()
    }

    fn length_greater_than(&self, max: usize) -> Cow<'static, str> {
        format!("must be at most {}", counted(max, "character")).into()
    }

    fn range_lower_than(&self, min: &dyn Display) -> Cow<'static, str> {
        format!("must be at least {min}").into()
    }

    fn range_greater_than(&self, max: &dyn Display) -> Cow<'static, str> {
        format!("must be at most {max}").into()
    }

    fn pattern_no_match(&self, pattern: &dyn Display) -> Cow<'static, str> {
        let pattern = pattern.to_string();
        PATTERNS.iter().find(|(known, _)| *known == pattern).map_or(ILL_FORMED, |(_, words)| words).into()
    }

    fn email_invalid(&self, _: InvalidEmail) -> Cow<'static, str> {
        "must be an email address, like ada@acme.example".into()
    }

    fn url_invalid(&self, _: InvalidUrl) -> Cow<'static, str> {
        "must be a URL, like https://acme.example/".into()
    }

    fn required_not_set(&self) -> Cow<'static, str> {
        "is required".into()
    }

    fn credit_card_invalid(&self, _: InvalidCreditCard) -> Cow<'static, str> {
        ILL_FORMED.into()
    }

    fn contains_missing(&self, _: &dyn Display) -> Cow<'static, str> {
        ILL_FORMED.into()
    }

    fn prefix_missing(&self, _: &dyn Display) -> Cow<'static, str> {
        ILL_FORMED.into()
    }

    fn suffix_missing(&self, _: &dyn Display) -> Cow<'static, str> {
        ILL_FORMED.into()
    }

    fn phone_number_invalid(&self, _: InvalidPhoneNumber) -> Cow<'static, str> {
        ILL_FORMED.into()
    }

    fn ip_invalid(&self, _: IpKind) -> Cow<'static, str> {
        ILL_FORMED.into()
    }

    fn matches_field_mismatch(&self, _: &dyn Display) -> Cow<'static, str> {
        ILL_FORMED.into()
    }

    fn ascii_invalid(&self) -> Cow<'static, str> {
        ILL_FORMED.into()
    }

    fn alphanumeric_invalid(&self) -> Cow<'static, str> {
        ILL_FORMED.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_s_message_is_put_in_our_words() {
        for (theirs, ours) in [
            ("invalid type: integer `1`, expected a string", "Must be text."),
            ("invalid type: null, expected a string", "Must be text, and not null."),
            ("invalid type: map, expected a sequence", "Must be a list."),
            (
                "invalid type: string \"x\", expected i32",
                "Must be a whole number within the documented range.",
            ),
            (
                "invalid value: integer `300`, expected u8",
                "Must be a whole number within the documented range.",
            ),
            ("unknown variant `soon`, expected one of `low`, `high`", "Must be one of: low, high."),
            ("unknown variant `soon`, expected `low` or `high`", "Must be one of: low, high."),
            (
                "invalid length 3, expected fewer elements",
                "Must have the format that the documentation describes.",
            ),
            ("must be a timestamp", "Must be a timestamp."),
        ] {
            assert_eq!(unreadable(theirs), ours, "{theirs}");
        }
    }
}
