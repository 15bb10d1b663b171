//! The request body for a personal access token.

use std::time::Duration;

use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Error, Result, Timestamp,
    kernel::{
        input::{one_line, trimmed},
        scopes::known,
    },
};

/// The longest lifetime of a token.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// A new personal access token.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessTokenInput {
    /// A name that describes the purpose of the token.
    #[serde(deserialize_with = "trimmed::<_, 100>")]
    #[garde(length(chars, min = 1, max = 100), custom(one_line))]
    #[schema(format = "line", min_length = 1, max_length = 100, example = "nightly report")]
    pub(super) name: String,
    /// The scopes of the token, each once. The possible values are `scopes_supported` in
    /// `/.well-known/oauth-authorization-server`. The token may do what its user may, within these
    /// scopes. A caller with a limited token can pass on only its own scopes.
    #[garde(custom(known))]
    #[schema(max_items = 100, example = json!(["tasks:read"]))]
    pub(super) scopes: Vec<String>,
    /// The date and time (UTC) at which the token expires, at most 366 days from now.
    #[garde(skip)]
    pub(super) expires_at: Timestamp,
}

impl AccessTokenInput {
    /// The input, if the expiry is within its bounds.
    pub(super) fn within(self, now: Timestamp) -> Result<Self> {
        if self.expires_at > now && self.expires_at <= now.plus(LONGEST) {
            return Ok(self);
        }
        Err(Error::field("/expires_at", "invalid_value", "Must be in the future, within the next 366 days."))
    }
}
