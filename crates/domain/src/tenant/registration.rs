//! How people join a tenant.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::Tenant;

/// How people join a tenant.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, DeriveActiveEnum, EnumIter,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[schema(as = JoinMode)]
pub enum Registration {
    /// Not by themselves: an admin makes their accounts.
    Closed,
    /// By an invitation.
    #[default]
    Invitation,
    /// Also by themselves, with an email of one of the tenant's domains, which they must verify
    /// before they are let in.
    Domain,
    /// Also by themselves.
    Open,
}

crate::store::row::enumeration!(Registration as String);

/// How somebody joins by themselves.
#[derive(Clone, Copy, Debug)]
pub struct Admission {
    /// Whether they are kept out until their email is verified.
    pub(crate) must_verify_email: bool,
}

impl Tenant {
    /// How somebody with this email may join by themselves, if they may.
    pub(crate) fn admits(&self, email: &str) -> Option<Admission> {
        let domain = email.rsplit_once('@').map(|(_, domain)| domain);
        let ours = || domain.is_some_and(|domain| self.email_domains.0.iter().any(|ours| ours == domain));
        match self.registration {
            _ if !self.is_active => None,
            Registration::Open => Some(Admission { must_verify_email: false }),
            Registration::Domain if ours() => Some(Admission { must_verify_email: true }),
            Registration::Closed | Registration::Invitation | Registration::Domain => None,
        }
    }

    /// Whether people may join by an invitation.
    pub(crate) fn takes_invited(&self) -> bool {
        self.is_active && self.registration != Registration::Closed
    }
}

/// Reads domains, which are compared case-insensitively.
pub(super) fn domains<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let domains = Vec::<String>::deserialize(deserializer)?;
    Ok(domains.into_iter().map(|domain| domain.trim().to_lowercase()).collect())
}
