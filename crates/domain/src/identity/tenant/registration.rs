//! The rules for joining a tenant.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::Tenant;

/// The rule for joining an organisation. `closed`: only an admin adds users. `invitation`: invited
/// users can also register. `domain`: everybody with an email address of one of the domains can
/// also register, and must verify the address. `open`: everybody can register.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, DeriveActiveEnum, EnumIter,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[schema(as = JoinMode)]
pub enum Registration {
    /// Only users whom an admin creates.
    Closed,
    /// Also invited users.
    #[default]
    Invitation,
    /// Also everybody with an email address of one of the tenant's domains. They must verify it
    /// before they can sign in.
    Domain,
    /// Everybody.
    Open,
}

crate::kernel::repository::row::enumeration!(Registration as String);

/// How a user joins without an invitation.
#[derive(Clone, Copy, Debug)]
pub struct Admission {
    /// Whether the user must verify their email before signing in.
    pub(crate) must_verify_email: bool,
}

impl Tenant {
    /// How a user with this email can join without an invitation, or `None` if they cannot.
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

    /// Whether users can join with an invitation.
    pub(crate) fn takes_invited(&self) -> bool {
        self.is_active && self.registration != Registration::Closed
    }
}

/// Reads domains, in lower case because they are compared case-insensitively.
pub(super) fn domains<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let domains = Vec::<String>::deserialize(deserializer)?;
    Ok(domains.into_iter().map(|domain| domain.trim().to_lowercase()).collect())
}
