//! What a client knows of a resource's version (RFC 9110 section 13).

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderName},
};
use taskhub_domain::store::Precondition;

use crate::problem::{Code, Problem};

/// The most octets of entity tags.
const LONGEST: usize = 1024;

/// `If-Match`: the versions that a change is for.
pub struct IfMatch(pub Precondition);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = || {
            Ok(Self(match tags(request, &header::IF_MATCH)? {
                None => Precondition::None,
                Some(Tags::Any) => Precondition::Any,
                // A weak tag, or one that is none of ours, matches nothing (strong comparison, section 8.8.3.2).
                Some(Tags::These(tags)) => {
                    Precondition::Versions(tags.iter().filter_map(|tag| version(tag)).collect())
                }
            }))
        };
        ready(read())
    }
}

/// `If-None-Match`: the versions that the client has.
pub struct IfNoneMatch(Option<Tags>);

impl IfNoneMatch {
    /// Whether the client has this version.
    pub fn knows(&self, present: i64) -> bool {
        self.0.is_some() && self.has(&format!("\"{present}\""))
    }

    /// Whether the client has what has this tag.
    pub fn has(&self, present: &str) -> bool {
        match &self.0 {
            None => false,
            Some(Tags::Any) => true,
            // Weak comparison: a weak tag is as good.
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
        || Problem::new(Code::InvalidHeader, format!("{name}: expected * or entity tags, like \"3\"."));
    let mut tags = Vec::new();
    for value in values {
        let value = value.to_str().ok().filter(|value| value.len() <= LONGEST).ok_or_else(wrong)?;
        for tag in value.split(',').map(str::trim) {
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            if tag == "*" {
                return Ok(Some(Tags::Any));
            }
            if opaque.len() < 2 || !opaque.starts_with('"') || !opaque.ends_with('"') {
                return Err(wrong());
            }
            tags.push(tag.to_owned());
        }
    }
    Ok(Some(Tags::These(tags)))
}

/// The version in a strong entity tag.
fn version(tag: &str) -> Option<i64> {
    let text = tag.strip_prefix('"')?.strip_suffix('"')?;
    // A tag is compared as it is: `"01"` is none of ours.
    text.parse().ok().filter(|version: &i64| version.to_string() == text)
}
