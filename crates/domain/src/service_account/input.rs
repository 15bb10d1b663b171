//! What is sent about a service account.

use std::time::Duration;

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ServiceAccount;
use crate::{
    Instant,
    input::{one_line, trimmed},
    scopes::known,
};

/// What can be written of a service account.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccountInput {
    /// Unique in the organisation.
    #[serde(deserialize_with = "trimmed::<_, 100>")]
    #[garde(length(chars, min = 1, max = 100), custom(one_line))]
    #[schema(format = "line", min_length = 1, max_length = 100, example = "importer")]
    pub(super) name: String,
    /// What it may do: some of `scopes_supported` in `/.well-known/oauth-authorization-server`, each once. Who is narrowed to scopes
    /// can give no others.
    #[garde(custom(known))]
    #[schema(max_items = 100, example = json!(["tasks:read", "tasks:write"]))]
    pub(super) scopes: Vec<String>,
    /// From when on it is let in no more.
    #[serde(default)]
    #[garde(skip)]
    pub(super) expires_at: Option<Instant>,
    /// Whether it is let in.
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

/// A rotation of a service account's secret.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// For how long the present secret stays good, in seconds.
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
