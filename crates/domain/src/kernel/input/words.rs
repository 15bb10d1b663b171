//! What is wrong with a field, in our own words: what is expected of it. No message of a library reaches a client.
//!
//! A library's message is recognised by how it begins ([`unreadable`]); a message that does not begin so is one of our own rules'.

use std::{borrow::Cow, fmt::Display};

use garde::i18n::{I18n, InvalidCreditCard, InvalidEmail, InvalidPhoneNumber, InvalidUrl, IpKind};

/// What is said of a value for which there are no better words.
const ILL_FORMED: &str = "must be of the form that the documentation names";

/// The patterns of fields, and what they allow.
const PATTERNS: [(&str, &str); 3] = [
    ("^[a-z0-9._-]+$", "may contain letters a to z, digits, dots, underscores and hyphens only"),
    (
        "^([a-z0-9]+(-[a-z0-9]+)*)?$",
        "may contain letters a to z and digits only, with single hyphens between them",
    ),
    ("^[a-z0-9-]+([.][a-z0-9-]+)+$", "must be a domain, like acme.example"),
];

/// What serde expected, and what it is called here.
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

/// A value that serde could not read.
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
        None if is_whole || expected == "usize" => "must be a whole number within its bounds",
        None => ILL_FORMED,
    }
}

/// `` one of `a`, `b` `` or `` `a` or `b` ``, as serde lists words.
fn one_of(expected: &str) -> String {
    let words: Vec<_> = expected.split('`').skip(1).step_by(2).collect();
    match words.as_slice() {
        [] => ILL_FORMED.to_owned(),
        [word] => format!("must be {word}"),
        words => format!("must be one of: {}", words.join(", ")),
    }
}

/// A text that is longer than it may be.
pub(super) fn too_long(most: impl Display) -> String {
    sentence(&Words.length_greater_than(most.to_string().parse().unwrap_or_default()))
}

/// A message as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn counted(number: usize, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// A rule of garde: a list of so many items. What garde counts by itself is called characters here.
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

/// The words for the rules of garde.
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
            ("invalid type: string \"x\", expected i32", "Must be a whole number within its bounds."),
            ("invalid value: integer `300`, expected u8", "Must be a whole number within its bounds."),
            ("unknown variant `soon`, expected one of `low`, `high`", "Must be one of: low, high."),
            ("unknown variant `soon`, expected `low` or `high`", "Must be one of: low, high."),
            (
                "invalid length 3, expected fewer elements",
                "Must be of the form that the documentation names.",
            ),
            ("must be an instant", "Must be an instant."),
        ] {
            assert_eq!(unreadable(theirs), ours, "{theirs}");
        }
    }
}
