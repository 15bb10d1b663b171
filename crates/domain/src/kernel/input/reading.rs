//! Deserialising an input from JSON, with all its errors at once.
//!
//! serde stops at the first value that it cannot deserialise. This module reports that value,
//! replaces it by a stand-in, which [`Strict`] deserialises as any type, and deserialises the body
//! again. At the end it checks the bounds of the other fields.
//!
//! Invariant: an input with stand-ins never leaves this module.

use garde::{Validate, i18n::with_i18n};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::{
    stand_in,
    strict::Strict,
    text::TOO_LONG,
    words::{self, Words},
};
use crate::{Error, Result, kernel::error::FieldError};

/// Deserialises and validates a body.
///
/// # Errors
/// `Invalid` with all wrong fields, up to the limit of [`FieldError::MOST`].
pub(super) fn parse<T: DeserializeOwned + Validate<Context = ()>>(body: &Value) -> Result<T> {
    let mut wrong = Vec::new();
    control_characters(body, &mut String::new(), &mut wrong);
    if wrong.is_empty() {
        // If this fails, the code below finds the same error again, with all others.
        if let Ok(input) = T::deserialize(Strict(body)) {
            return bounded(input);
        }
    }
    let mut rest = body.clone();
    for field in &wrong {
        if let Some(value) = rest.pointer_mut(&field.pointer) {
            *value = stand_in::first();
        }
    }
    if let Some(input) = read_on::<T>(rest, &mut wrong) {
        let found = bounded(input).err();
        let more = found.iter().flat_map(Error::fields).cloned();
        let reported: Vec<_> = wrong.iter().map(|field| field.pointer.clone()).collect();
        wrong.extend(more.filter(|more| !reported.iter().any(|at| is_within(&more.pointer, at))));
    }
    Err(Error::invalid(wrong))
}

/// Checks the bounds of an input.
fn bounded<T: Validate<Context = ()>>(input: T) -> Result<T> {
    with_i18n(Words, || input.validate()).map_err(|report| {
        let field = |(path, error): &(garde::Path, garde::Error)| FieldError {
            pointer: pointer(&path.to_string()),
            code: "invalid_value",
            message: words::sentence(error.message()),
        };
        Error::invalid(report.iter().map(field).collect())
    })?;
    Ok(input)
}

/// Deserialises a body, and replaces values that cannot be deserialised by stand-ins. `None` if a
/// value cannot be replaced or there are too many errors.
fn read_on<T: DeserializeOwned>(mut rest: Value, wrong: &mut Vec<FieldError>) -> Option<T> {
    loop {
        let error = match serde_path_to_error::deserialize(Strict(&rest)) {
            Ok(input) => return Some(input),
            Err(error) => error,
        };
        let found = unreadable(&error);
        if wrong.iter().all(|field| field.pointer != found.pointer) {
            if wrong.len() >= FieldError::MOST {
                return None;
            }
            wrong.push(found.clone());
        }
        replace(&mut rest, &found)?;
    }
}

/// Replaces the value of an error by a stand-in, or a stand-in by the next one. An unknown field is
/// removed. `None` if there is no further stand-in.
fn replace(rest: &mut Value, found: &FieldError) -> Option<()> {
    let (parent, name) = found.pointer.rsplit_once('/')?;
    let parent = rest.pointer_mut(parent)?;
    let name = name.replace("~1", "/").replace("~0", "~");
    match parent {
        Value::Object(fields) if found.code == "unknown_field" => fields.remove(&name).map(drop),
        Value::Object(fields) => {
            let value = fields.entry(name).or_insert(Value::Null);
            *value = stand_in::next(value)?;
            Some(())
        }
        Value::Array(items) => {
            let item = items.get_mut(name.parse::<usize>().ok()?)?;
            *item = stand_in::next(item)?;
            Some(())
        }
        _ => None,
    }
}

/// Whether a pointer is equal to another, or points to a value inside it.
fn is_within(pointer: &str, other: &str) -> bool {
    pointer.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Finds control characters in all texts of a body. Line breaks and tabs are accepted here; fields
/// of one line reject them.
fn control_characters(value: &Value, at: &mut String, wrong: &mut Vec<FieldError>) {
    if wrong.len() >= FieldError::MOST {
        return;
    }
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let mut below = |step: &str, value: &Value, at: &mut String| {
        let length = at.len();
        at.push('/');
        at.push_str(&escaped(step));
        control_characters(value, at, wrong);
        at.truncate(length);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| below(name, value, at)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, value)| below(&i.to_string(), value, at));
        }
        Value::String(text) if text.contains(is_control) => wrong.push(FieldError {
            pointer: at.clone(),
            code: "control_character",
            message: "Control characters are not allowed.".to_owned(),
        }),
        _ => {}
    }
}

/// Converts an error of serde.
fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> FieldError {
    let message = error.inner().to_string();
    let steps: Vec<_> = error
        .path()
        .iter()
        .map(|segment| match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.clone(),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => String::new(),
        })
        .collect();
    let at = steps.iter().fold(String::new(), |at, step| at + "/" + &escaped(step));
    let field = |pointer, code, message| FieldError { pointer, code, message };
    if message.starts_with("unknown field `") {
        // The last step of the path is the name of the field. The name in the message may contain
        // backticks, so it cannot be parsed.
        field(at, "unknown_field", "There is no such field, or it can't be written.".to_owned())
    } else if let Some(name) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next())
    {
        field(format!("{at}/{name}"), "required", "This field is required.".to_owned())
    } else if let Some(most) = message.strip_prefix(TOO_LONG) {
        field(at, "invalid_value", words::too_long(most))
    } else {
        field(at, "invalid_type", words::unreadable(&message))
    }
}

/// Escapes a step of a JSON pointer (RFC 6901, section 3).
fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// Converts a path such as `a.b[0]` to a JSON pointer.
fn pointer(path: &str) -> String {
    let steps = path.replace('[', ".").replace(']', "");
    steps.split('.').filter(|step| !step.is_empty()).fold(String::new(), |at, step| at + "/" + step)
}
