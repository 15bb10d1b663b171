//! Conditional requests: `If-Match` and `If-None-Match` (RFC 9110 section 13).
//!
//! The entity tag of a resource is its version in quotes. This module reads the headers; the write
//! itself compares the version.
//!
//! The header types of actix are not used: they ignore the tags that they cannot parse, and split a
//! tag at a comma inside it. A header that is not understood must be rejected, not weakened.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderName},
};
use taskhub_domain::repository::Precondition;
use utoipa::{
    IntoParams,
    openapi::{
        ObjectBuilder, Type,
        path::{Parameter, ParameterIn},
    },
};

use crate::http::{
    parameters,
    problem::{Code, Problem},
};

/// The greatest length of a header with entity tags, in bytes.
const LONGEST: usize = 1024;

/// The preconditions of a change: `If-Match` and `If-None-Match`.
pub struct IfMatch(pub Precondition);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = || {
            let wanted = match tags(request, &header::IF_MATCH)? {
                None => Precondition::None,
                Some(Tags::Any) => Precondition::Any,
                // A weak tag, or one that is no version, matches nothing (strong comparison,
                // section 8.8.3.2).
                Some(Tags::These(tags)) => {
                    Precondition::Versions(tags.iter().filter_map(|tag| version(tag)).collect())
                }
            };
            Ok(Self(match tags(request, &header::IF_NONE_MATCH)? {
                None => wanted,
                // The changed resource exists, so it matches every version.
                Some(Tags::Any) => Precondition::Versions(Vec::new()),
                Some(Tags::These(tags)) => {
                    let strong = |tag: &String| version(tag.strip_prefix("W/").unwrap_or(tag));
                    Precondition::Not(tags.iter().filter_map(strong).collect(), Box::new(wanted))
                }
            }))
        };
        ready(read())
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            entity_tags(
                "If-Match",
                "The entity tags of the versions that may be changed. If the resource is at another version, the response is 412.",
            ),
            entity_tags(
                "If-None-Match",
                "The entity tags of the versions that must not be changed. If the resource is at one of them, the response is 412. `*` matches every existing resource.",
            ),
        ]
    }
}

/// The parameter of a header with entity tags.
fn entity_tags(name: &str, description: &str) -> Parameter {
    let tag = r#"(W/)?"[!#-~]*""#;
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(LONGEST))
        .pattern(Some(format!(r"^(\*|{tag}( *, *{tag})*)$")))
        .examples(["\"3\""]);
    parameters::header(name, description, schema)
}

/// `If-None-Match` of a read: the versions that the client has.
pub struct IfNoneMatch(Option<Tags>);

impl IntoParams for IfNoneMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![entity_tags(
            "If-None-Match",
            "The entity tags of the versions that the client has. If one of them is current, the response is 304.",
        )]
    }
}

impl IfNoneMatch {
    /// Whether the client has this version.
    pub fn knows(&self, present: i64) -> bool {
        self.0.is_some() && self.has(&format!("\"{present}\""))
    }

    /// Whether the client has the content with this entity tag.
    pub fn has(&self, present: &str) -> bool {
        match &self.0 {
            None => false,
            Some(Tags::Any) => true,
            // Weak comparison: a weak tag matches too.
            Some(Tags::These(tags)) => {
                tags.iter().any(|tag| tag.strip_prefix("W/").unwrap_or(tag) == present)
            }
        }
    }
}

impl FromRequest for IfNoneMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(tags(request, &header::IF_NONE_MATCH).map(Self))
    }
}

enum Tags {
    Any,
    These(Vec<String>),
}

fn tags(request: &HttpRequest, name: &HeaderName) -> Result<Option<Tags>, Problem> {
    let mut values = request.headers().get_all(name).peekable();
    if values.peek().is_none() {
        return Ok(None);
    }
    let wrong =
        || Problem::new(Code::InvalidHeader, format!("{name}: must be * or entity tags, such as \"3\"."));
    let mut tags = Vec::new();
    for value in values {
        let value = value.to_str().ok().filter(|value| value.len() <= LONGEST).ok_or_else(wrong)?;
        if value.trim() == "*" {
            return Ok(Some(Tags::Any));
        }
        tags.extend(listed(value).ok_or_else(wrong)?);
    }
    Ok(Some(Tags::These(tags)))
}

/// The entity tags of a list. A tag may contain a comma.
fn listed(list: &str) -> Option<Vec<String>> {
    let (mut tags, mut rest) = (Vec::new(), list.trim());
    loop {
        let opaque = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let (inner, after) = opaque.split_once('"')?;
        if !inner.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        tags.push(rest.strip_suffix(after)?.to_owned());
        let after = after.trim_start();
        if after.is_empty() {
            return Some(tags);
        }
        rest = after.strip_prefix(',')?.trim_start();
    }
}

/// The version in a strong entity tag.
fn version(tag: &str) -> Option<i64> {
    let text = tag.strip_prefix('"')?.strip_suffix('"')?;
    // Tags are compared as text: `"01"` is not the tag of a version.
    text.parse().ok().filter(|version: &i64| version.to_string() == text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A list of tags is read back as the same tags.
        #[test]
        fn a_list_is_read_back(tags in prop::collection::vec("(W/)?\"[!#-~]{0,9}\"", 1..9), between in "[ \t]{0,2},[ \t]{0,2}") {
            prop_assert_eq!(listed(&tags.join(&between)), Some(tags));
        }

        /// Only tags are read, whatever the header contains.
        #[test]
        fn only_tags_are_read(list in r#"[W/",* 0-9a-\x7f\PC]{0,20}"#) {
            for tag in listed(&list).into_iter().flatten() {
                let opaque = tag.strip_prefix("W/").unwrap_or(&tag);
                prop_assert!(opaque.len() >= 2 && opaque.starts_with('"') && opaque.ends_with('"'), "{tag}");
                prop_assert_eq!(opaque.matches('"').count(), 2);
                prop_assert!(list.contains(&tag));
            }
        }

        /// A version is read only from its own tag.
        #[test]
        fn a_version_has_one_tag(tag in "\"[-+0-9]{1,20}\"|\\PC{0,9}") {
            if let Some(version) = version(&tag) {
                prop_assert_eq!(format!("\"{version}\""), tag);
            }
        }

        /// Every version is read from its tag.
        #[test]
        fn a_version_is_read_back(number: i64) {
            prop_assert_eq!(version(&format!("\"{number}\"")), Some(number));
        }
    }

    #[test]
    fn an_invalid_list_is_rejected() {
        for list in [
            "",
            ",",
            "3",
            "\"3",
            "3\"",
            "\"",
            "\"3\",",
            ",\"3\"",
            "\"3\" \"4\"",
            "w/\"3\"",
            "\"a b\"",
            "*, \"3\"",
        ] {
            assert_eq!(listed(list), None, "{list}");
        }
    }
}
