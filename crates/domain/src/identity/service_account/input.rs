//! The request bodies for service accounts.

use std::time::Duration;

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ServiceAccount;
use crate::{
    Timestamp,
    kernel::{
        input::{one_line, trimmed},
        scopes::known,
    },
};

/// The writable fields of a service account.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccountInput {
    /// The name, unique in the organisation.
    #[serde(deserialize_with = "trimmed::<_, 100>")]
    #[garde(length(chars, min = 1, max = 100), custom(one_line))]
    #[schema(format = "line", min_length = 1, max_length = 100, example = "importer")]
    pub(super) name: String,
    /// The scopes that its access tokens can have, each once. The possible values are
    /// `scopes_supported` in `/.well-known/oauth-authorization-server`. A caller with a limited
    /// token can pass on only its own scopes.
    #[garde(custom(known))]
    #[schema(max_items = 100, example = json!(["tasks:read", "tasks:write"]))]
    pub(super) scopes: Vec<String>,
    /// The date and time (UTC) at which the service account expires, or null for never.
    #[serde(default)]
    #[garde(skip)]
    pub(super) expires_at: Option<Timestamp>,
    /// Whether the service account can get and use access tokens.
    #[serde(default = "active")]
    #[garde(skip)]
    #[schema(default = true)]
    pub(super) is_active: bool,
}

fn active() -> bool {
    true
}

impl From<&ServiceAccount> for ServiceAccountInput {
    fn from(row: &ServiceAccount) -> Self {
        Self {
            name: row.name.clone(),
            scopes: row.scopes.0.clone(),
            expires_at: row.expires_at,
            is_active: row.is_active,
        }
    }
}

/// The options for the rotation of a secret.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// How long the current secret stays valid, in seconds. With 0 it becomes invalid at once, and
    /// the access tokens are revoked.
    #[serde(default = "a_day")]
    #[garde(range(max = 604_800))]
    #[schema(minimum = 0, maximum = 604_800, default = 86_400)]
    overlap_seconds: u32,
}

fn a_day() -> u32 {
    86_400
}

impl Rotation {
    pub(super) fn overlap(&self) -> Duration {
        Duration::from_secs(u64::from(self.overlap_seconds))
    }
}
